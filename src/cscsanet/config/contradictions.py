"""The contradictions between sections of params.yaml, so that none is found after hours of training."""

from collections.abc import Iterator
from itertools import pairwise
from typing import TYPE_CHECKING

from cscsanet.config.assumptions import AS_HERE, variant_params
from cscsanet.config.chains import before
from cscsanet.config.codeword import most_feedback_bits
from cscsanet.config.left_out import SEARCHING_FRONT, kept_evaluation, why_unaligned
from cscsanet.config.operating_point import LENGTHS
from cscsanet.config.schemes import scheme
from cscsanet.config.training_range import IMPAIRMENTS

if TYPE_CHECKING:
    from cscsanet.config.params import Params

_PIXELS = 16  # MFNet halves both sides of an image four times


def contradictions(params: "Params") -> Iterator[str]:
    """Yield every contradiction as one line; `ValueError` if no network fits the image size."""
    yield from _latent(params)
    yield from _image_size(params)
    yield from _front(params)
    yield from _training_points(params)
    yield from _noisy_parts(params)
    yield from _training_channel(params)
    yield from _drops(params)
    yield from _capacity(params)
    yield from _dedicated(params)
    yield from _repeats(params)
    yield from _split(params)
    yield from _weights_from_elsewhere(params)
    yield from _assumptions(params)


def _latent(params: "Params") -> Iterator[str]:
    height, width, subcarriers = params.msf.latent_height, params.msf.latent_width, params.channel.subcarriers
    if height * width != subcarriers:
        yield (
            f"msf.latent_height x msf.latent_width = {height} x {width} = {height * width}: "
            f"must be channel.subcarriers = {subcarriers}, as each subcarrier carries one latent position"
        )
    if height % 2:
        yield f"msf.latent_height = {height}: must be even, since orthogonal access averages pairs of rows"


def _image_size(params: "Params") -> Iterator[str]:
    # Raises an error if no number of 2x2 pools and a last 3x4 pool leads from the image size to the latent's.
    params.halvings  # noqa: B018
    height, width = params.scenes.height, params.scenes.width
    if height % _PIXELS or width % _PIXELS:
        yield (
            f"scenes.height x scenes.width = {height} x {width}: must be multiples of {_PIXELS}, since MFNet halves both "
            f"four times; choose larger ones, or another latent_height and latent_width"
        )


def _front(params: "Params") -> Iterator[str]:
    weight, csa = params.physical.coherence_weight, params.csa
    if weight and why_unaligned(params):
        yield f"physical.coherence_weight = {weight:g}: must be 0, since {why_unaligned(params)}"
    kept = kept_evaluation(params)
    for key in ("schemes", "swept", "pictured"):
        if not getattr(kept, key):
            yield f"evaluation.{key} = {list(getattr(params.evaluation, key))}: holds no other, and {why_unaligned(params)}"
    most = most_feedback_bits(params.channel.rf_chains, csa.aoa_beams)
    asked = params.points.capacity.feedback_bits
    if csa.front == SEARCHING_FRONT and asked > most:
        yield (
            f"points.feedback_bits = {list(params.points.feedback_bits)}: must be at most {most} with csa.front = "
            f"{csa.front}, csa.aoa_beams = {csa.aoa_beams} and channel.rf_chains = {params.channel.rf_chains}; ask for "
            f"less, or raise aoa_beams"
        )


def _training_points(params: "Params") -> Iterator[str]:
    (low, high), (lowest, highest) = params.physical.snr_db, params.points.snr_db
    if low > lowest or high < highest:
        yield (
            f"physical.snr_db = {[low, high]}: must cover points.snr_db = {[lowest, highest]}, since the SNR also sets "
            f"the noise on the CSI-RS"
        )
    offset, offsets = params.channel.bs_power_offset_db, params.study.bs_power_offset_db
    if offset not in offsets:
        yield (
            f"study.bs_power_offset_db = {list(offsets)}: must hold channel.bs_power_offset_db = {offset:g}, at which the "
            f"models are trained"
        )
    studied, trained = params.alignment.data_symbols, params.points.data_symbols
    if not set(studied) <= set(trained):
        yield (
            f"alignment.data_symbols = {list(studied)}: must be among points.data_symbols = {list(trained)}, "
            f"for which the models are trained"
        )


def _noisy_parts(params: "Params") -> Iterator[str]:
    if params.semantic.noise_snr_db is None:
        return
    for section in ("semantic", "semantic_oma"):
        count = getattr(params, section).points_per_batch
        if count % 2:
            yield (
                f"{section}.points_per_batch = {count}: must be even with semantic.noise_snr_db = "
                f"{list(params.semantic.noise_snr_db)}, since every second part of a batch has noise"
            )


def _training_channel(params: "Params") -> Iterator[str]:
    """The ranges take the place of these parameters in trainings, so that they must hold what is evaluated."""
    for name in (*IMPAIRMENTS, "interferer_db"):
        value, limits = getattr(params.channel, name), getattr(params.training_channel, name)
        if limits is not None and (value is None or not limits[0] <= value <= limits[1]):
            evaluated = "null" if value is None else f"{value:g}"
            yield (
                f"training_channel.{name} = {list(limits)}: must hold channel.{name} = {evaluated}, over which models are "
                f"validated and measured"
            )
    value, limits = params.channel.oscillator_rad, params.pilots.trained_oscillator_rad
    if not limits[0] <= value <= limits[1]:
        yield (
            f"pilots.trained_oscillator_rad = {list(limits)}: must hold channel.oscillator_rad = {value:g}, over which "
            f"models are validated and measured"
        )


def _drops(params: "Params") -> Iterator[str]:
    drawn, channel = params.channel.test_drops, params.channel
    if channel.doppler != "angle" and channel.source != "drawn":
        yield (
            f"channel.doppler = {channel.doppler}: must be angle with channel.source = {channel.source}, whose paths have "
            f"Doppler shifts of their own"
        )
    for section, drops in (("study", params.study.drops), ("alignment", params.alignment.drops)):
        if drops > drawn:
            yield f"{section}.drops = {drops}: must be at most channel.test_drops = {drawn}"


def _capacity(params: "Params") -> Iterator[str]:
    measured = {f"evaluation.{name}": getattr(params.evaluation, name) for name in LENGTHS}
    measured["evaluation.panels"] = params.evaluation.panels
    for point in params.repeats.dedicated:
        for name in LENGTHS:
            measured[f"repeats.dedicated.{name}"] = (getattr(point, name),)
    for key, values in measured.items():
        name = "data_symbols" if key.endswith("panels") else key.rpartition(".")[2]
        built = getattr(params.points.capacity, name)
        if max(values) > built:
            yield (
                f"{key} = {list(values)}: must be at most {built}, the largest of points.{name}, for which the "
                f"models are built"
            )


def _dedicated(params: "Params") -> Iterator[str]:
    for csirs_symbols, feedback_bits in params.study.dedicated:
        values = {"csirs_symbols": csirs_symbols, "feedback_bits": feedback_bits}
        for name, value in values.items():
            trained = getattr(params.points, name)
            if value not in trained:
                yield (
                    f"study.dedicated = [{csirs_symbols}, {feedback_bits}]: {value} must be among points.{name} = "
                    f"{list(trained)}, since it is compared with the model that is trained on all of these"
                )


def _repeats(params: "Params") -> Iterator[str]:
    repeats = params.repeats
    named = set(repeats.reseeded)
    for name in repeats.reseeded:
        for kept in before(name):
            changed = set(before(kept)) & named
            if kept not in named and changed:
                yield (
                    f"repeats.reseeded = {list(repeats.reseeded)}: must also hold {kept}, which is trained between "
                    f"{', '.join(sorted(changed))} and {name}; else {name} would mix two seeds"
                )


def _split(params: "Params") -> Iterator[str]:
    """A rendered day, and night, has half of the sequences each; the split keeps sequences whole."""
    scenes, split = params.scenes, params.split
    files = scenes.files
    if split.by == "lists" and files is not None and files.lists is None and files.parts is None:
        yield "split.by = lists: must be time, since scenes.layout names no lists and no parts"
    if scenes.source != "rendered":
        return
    if split.by == "lists":
        yield "split.by = lists: must be time with scenes.source = rendered, which comes without lists"
        return
    each = scenes.frames_per_sequence
    frames = scenes.sequences // 2 * each
    ends = [0, *(_whole(frames, share, each) for share in (split.train, split.train + split.val)), frames]
    for part, (first, last) in zip(("training", "validation", "test"), pairwise(ends), strict=True):
        if first == last:
            yield (
                f"split.train = {split.train:g}, split.val = {split.val:g}: leave no sequence for the {part} part, of "
                f"scenes.sequences / 2 = {scenes.sequences // 2} by day and by night; change the shares, or render more"
            )


def _whole(frames: int, share: float, each: int) -> int:
    """Return the boundary between two parts, moved to the nearer end of a sequence (`scene_sources/split`)."""
    boundary = int(frames * share + 1e-9)
    over = boundary % each
    return boundary - over if over <= each - over else boundary - over + each


def _assumptions(params: "Params") -> Iterator[str]:
    names = [AS_HERE, *(variant.name for variant in params.assumptions.variants)]
    for name in dict.fromkeys(names):
        if names.count(name) > 1:
            of_two = "that of the parameters as they are" if name == AS_HERE else "of two variants"
            yield f"assumptions.variants, {name}: the name is {of_two}; rename it"
    for variant in params.assumptions.variants:
        try:
            changed = variant_params(params, variant)
            # The study of the physical layer is not the variant's.
            offset = {"bs_power_offset_db": (changed.channel.bs_power_offset_db,)}
            changed = changed.model_copy(update={"study": changed.study.model_copy(update=offset)})
            faults = list(contradictions(changed))
        except ValueError as error:
            faults = [str(error)]
        yield from (f"assumptions.variants, {variant.name}: {fault}" for fault in faults[:1])


def _weights_from_elsewhere(params: "Params") -> Iterator[str]:
    schemes = params.evaluation.schemes
    for name in schemes:
        if scheme(name).made_by != "dvc repro":
            yield (
                f"evaluation.schemes = {list(schemes)}: '{name}' has weights that 'dvc repro' does not make; remove it, and "
                f"measure it by 'cscsanet evaluate --scheme {name}'"
            )
