"""The measurements of the study: mIoU of every scheme over every condition, and phases before and after tracking."""

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

import torch
from torch import Tensor

from cscsanet.baselines.lean_link import LeanLink
from cscsanet.baselines.separated_link import SeparatedLink
from cscsanet.channel.paths import PathDrops
from cscsanet.channel.power import peak_to_average_db
from cscsanet.config.left_out import why_left_out
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params
from cscsanet.evaluation.cache import cached_features
from cscsanet.evaluation.measure import measure
from cscsanet.evaluation.schemes import trained_link
from cscsanet.links.link import Link
from cscsanet.links.shared_copy import with_channel
from cscsanet.links.tracked import TrackedLink, TrackedOmaLink
from cscsanet.metrics.estimate import estimate, estimate_difference
from cscsanet.metrics.segmentation import miou
from cscsanet.scenes.augmentation import to_float
from cscsanet.scenes.dataset import load_part
from cscsanet.scenes.scene_set import SceneSet
from cscsanet.scenes.sequences import by_sequence, sequences_of
from cscsanet.studies.robustness.conditions import Condition, conditions
from cscsanet.studies.robustness.phases import common_phases, rms_of
from cscsanet.studies.robustness.rows import Comparison, PhaseRow, RobustnessRow
from cscsanet.training.seeds import generator
from cscsanet.workflow.fan_out import fan_out, num_workers
from cscsanet.workflow.workspace import Workspace

_SIGNAL_FRAMES = 32  # whose transmitted signals are counted
_PHASE_DROPS = 500
Counts = dict[tuple[str, float, Condition], Tensor]


class Measured(NamedTuple):
    """rows: of every scheme; counts: confusion matrices (sequences, 9, 9) behind them."""

    rows: list[RobustnessRow]
    counts: Counts


def robustness_rows(workspace: Workspace, params: Params, advance: Callable[[int], None]) -> Measured:
    """Measure every scheme of the study, several at once."""
    names = [name for name in params.robustness.schemes if not why_left_out(params, name)]
    results = fan_out(partial(_measure_scheme, workspace, params), names, num_workers(params), advance)
    counts: Counts = {}
    for result in results:
        counts |= result.counts
    return Measured([row for result in results for row in result.rows], counts)


def comparisons(params: Params, counts: Counts) -> list[Comparison]:
    """Return the losses over the delay at the highest speed, and the leads at the longest of these delays.

    The delay of the losses is the one before the longest, 0.5 ms in the small profile.
    """
    study, samples, seed = params.robustness, params.evaluation.bootstrap_samples, params.seed
    delays, speed = study.feedback_delay_symbols, max(study.speeds_kmh)
    long = delays[-2] if len(delays) > 2 else delays[-1]
    at = {
        (name, snr_db, condition.value): value
        for (name, snr_db, condition), value in counts.items()
        if condition.over == "feedback_delay_symbols" and condition.speed_kmh == speed
    }
    found = []
    for (name, snr_db, delay), value in at.items():
        if delay != long:
            continue
        if delays[0] != long:
            shortest = at[name, snr_db, delays[0]]
            found.append(
                Comparison(
                    "loss",
                    name,
                    f"D{long}",
                    snr_db,
                    estimate_difference(shortest, value, miou, samples, seed),
                )
            )
        if name == "noma-tracked":
            found += [
                Comparison(
                    "lead", name, other, snr_db, estimate_difference(value, theirs, miou, samples, seed)
                )
                for (other, snr, late), theirs in at.items()
                if (snr, late) == (snr_db, delay) and other != name
            ]
    return found


def phase_rows(workspace: Workspace, params: Params, advance: Callable[[int], None]) -> list[PhaseRow]:
    """Measure the phases of `noma-tracked` over pilot shares, at the longest delay and the highest speed."""
    study = params.robustness
    link, _ = trained_link("noma-tracked", params, workspace.weights)
    assert isinstance(link, TrackedLink)
    delay, speed = max(study.feedback_delay_symbols), max(study.speeds_kmh)
    channel = params.channel.model_copy(update={"feedback_delay_symbols": delay})
    condition = Condition("feedback_delay_symbols", delay, channel, speed_kmh=speed)
    drops = condition.drops(_PHASE_DROPS, params.seed, workspace.root)
    images = to_float(load_part(workspace.scenes, workspace.split, "test").images)
    rows = []
    for snr_db in study.snr_db:
        for share in study.pilot_shares:
            changed = with_channel(link, channel)
            changed.shares.share = share
            point = _point(params, snr_db, study.data_symbols)
            sums = common_phases(changed.cpu(), images, drops, point, params.seed)
            samples = params.evaluation.bootstrap_samples
            untracked, tracked = (estimate(sums, rms_of(column), samples, params.seed) for column in (0, 1))
            bound = float(rms_of(2)(sums.sum(dim=0)))
            rows.append(PhaseRow(snr_db, share, delay, speed, untracked, tracked, bound))
        advance(1)
    return rows


def _measure_scheme(workspace: Workspace, params: Params, name: str) -> Measured:
    """Measure one scheme; a job of `fan_out`."""
    scenes = load_part(workspace.scenes, workspace.split, "test")
    sequences = sequences_of(scenes.names, workspace.scenes)
    link, _ = trained_link(name, params, workspace.weights)
    if isinstance(link, TrackedOmaLink):
        # On half of the elements, a UE has the energy of all of them here, as in every other scheme.
        link.energy = "total"
    rows: list[RobustnessRow] = []
    counts: Counts = {}
    study = params.robustness
    with cached_features(link):
        for snr_db in study.snr_db:
            point = _point(params, snr_db, _payload_symbols(link, study.data_symbols))
            for condition in conditions(params):
                if condition.pilot_share is not None and not _tracks(link):
                    continue
                changed: Any = with_channel(link, condition.channel)  # type: ignore[type-var]
                if condition.pilot_share is not None:
                    changed.shares.share = condition.pilot_share
                drops = condition.drops(len(scenes.names), params.seed, workspace.root)
                outcome = measure(
                    changed, scenes, drops, point, condition.channel, draws=1, seed=params.seed, details=True
                )
                of_sequences = by_sequence(outcome.confusions.sum(dim=1), sequences)
                counts[name, snr_db, condition] = of_sequences
                budget = outcome.budget or {}
                strongest, papr = _peaks(changed, scenes, drops, point, params.seed)
                # No two UEs have a pilot in one element, and the elements are those that are on the air.
                pilots = budget["dmrs_elements"] * params.channel.users / budget["air_elements"]
                rows.append(
                    RobustnessRow(
                        name,
                        condition,
                        point,
                        pilots,
                        budget["air_elements"],
                        budget["energy"],
                        strongest,
                        papr,
                        estimate(of_sequences, miou, params.evaluation.bootstrap_samples, params.seed),
                        params.seed,
                    )
                )
    return Measured(rows, counts)


def _peaks(
    link: Link, scenes: SceneSet, drops: PathDrops, point: OperatingPoint, seed: int
) -> tuple[float, float]:
    """Return the largest power of an element [P_t], and the PAPR that 1 % of the symbols exceed [dB]."""
    images = to_float(scenes.images[:_SIGNAL_FRAMES])
    with torch.inference_mode():
        sent = link(images, drops[: len(images)], point, generator(seed, "evaluate", 0, 0))
    assert sent.streams is not None
    assert sent.precoder is not None
    radiated = torch.einsum("bkts,bkqns->bkqnt", sent.precoder, sent.streams)
    papr = peak_to_average_db(sent.streams, sent.precoder).flatten()
    papr = papr[torch.isfinite(papr)]
    return float(radiated.abs().square().sum(dim=-1).max()), float(papr.quantile(0.99))


def _payload_symbols(link: Link, data_symbols: int) -> int:
    """Return Q of a scheme whose block has data_symbols x N_c elements: DMRS of a quarter of the grid count."""
    dense = isinstance(link, SeparatedLink) and not isinstance(link, LeanLink)
    return data_symbols * 3 // 4 if dense else data_symbols


def _tracks(link: Link) -> bool:
    return isinstance(link, (TrackedLink, LeanLink))


def _point(params: Params, snr_db: float, data_symbols: int) -> OperatingPoint:
    capacity = params.points.capacity
    return OperatingPoint(snr_db, capacity.csirs_symbols, capacity.feedback_bits, data_symbols)
