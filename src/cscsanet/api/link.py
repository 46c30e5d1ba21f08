"""Trained links by name: load one, send pictures over it, evaluate it.

Axes: K UEs, C classes, H x W pixels.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from cscsanet.api.channels import Channels, first_drops
from cscsanet.api.evaluation import Evaluation, evaluation_of, refuse_training_frames
from cscsanet.api.notes import picture_notes, untrained_notes
from cscsanet.api.parameters import changed_channel, point_of, shipped_params, trained_params
from cscsanet.api.pictures import Picture, read_pair
from cscsanet.api.scenes import Scenes
from cscsanet.api.sent import Sent
from cscsanet.channel.dataset import part_seed
from cscsanet.channel.paths import PathDrops
from cscsanet.channel.sources import open_source
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params, load_params
from cscsanet.config.schemes import SCHEMES, scheme
from cscsanet.config.system import ChannelParams
from cscsanet.errors import CscsanetError
from cscsanet.evaluation.measure import measure, per_ue_efficiency
from cscsanet.evaluation.schemes import picture_size, trained_link
from cscsanet.links.link import Link, Transmission
from cscsanet.scenes.augmentation import to_float
from cscsanet.training.seeds import generator
from cscsanet.training.weights import weights_metadata
from cscsanet.workflow.workspace import SHIPPED, Workspace

# Where nothing is: a link that is loaded outside of a project has the files of the package alone.
_NOWHERE = Workspace(SHIPPED / "no-project")


def schemes(*, shipped: bool = False) -> dict[str, str]:
    """Return the name of every scheme, with one line on what it is. shipped: only those whose models are in the package.

    >>> import cscsanet
    >>> cscsanet.schemes()["noma"]
    'CSC-SA-Net, non-orthogonal'
    """
    return {name: row.title for name, row in SCHEMES.items() if not shipped or _is_shipped(name)}


def _is_shipped(name: str) -> bool:
    return all((SHIPPED / f"{each}.safetensors").exists() for each in scheme(name).weights.values())


def load(name: str, *, project: str | Path | None = None, weights: str | Path | None = None) -> "TrainedLink":
    """Load a trained link by the name of its scheme (`schemes`).

    Without further arguments it is the one that comes with the package. project: the root of a project: the models that were
    trained there, with its params.yaml, and those of the package for what is not. weights: a file of weights, or a folder of
    them, with the parameters of their training.

    >>> import cscsanet
    >>> cscsanet.load("noma-aligned")
    TrainedLink(noma-aligned, pictures of 96 x 128 pixels, weights a1ecf3f62f25)

    Raises:
        CscsanetError: no such scheme, or its weights are missing, damaged, or of another configuration.
    """
    row = scheme(name)
    if project is not None and weights is not None:
        raise CscsanetError("load: give project or weights, not both")
    if project is not None:
        workspace = Workspace(Path(project).resolve())
        return TrainedLink(name, load_params(workspace.params_file), workspace, workspace.trained)
    if weights is not None:
        return _load_files(name, Path(weights))
    missing = [each for each in row.weights.values() if not _NOWHERE.trained(each).exists()]
    if missing:
        raise CscsanetError(
            f"{name}: not in the package; train it in a project ('{row.made_by}'), and load it with project="
        )
    return TrainedLink(name, shipped_params(), _NOWHERE, _NOWHERE.trained)


def _load_files(name: str, path: Path) -> "TrainedLink":
    names = list(scheme(name).weights.values())
    if path.is_file() and len(names) > 1:
        raise CscsanetError(
            f"{path}: {name} has {len(names)} weight files ({', '.join(names)}); name their folder"
        )

    def file_of(each: str) -> Path:
        return path / f"{each}.safetensors" if path.is_dir() else path

    metadata = weights_metadata(file_of(names[0]))
    params = shipped_params() if metadata["params"] is None else trained_params(metadata["params"])
    return TrainedLink(name, params, _NOWHERE, file_of)


class TrainedLink:
    """A transmission scheme with trained weights, ready to send pictures over drawn channels.

    name: of the scheme. params: all parameters. network: the `torch.nn.Module`, in evaluation mode; called with images
    (batch, 4, H, W) in [0, 1], drops, a point and a generator it sends a batch. weights: the digest of its weights.
    """

    def __init__(
        self, name: str, params: Params, workspace: Workspace, weights_file: Callable[[str], Path]
    ) -> None:
        """workspace: of the project, for what is known of the training. weights_file: of the name of trained weights."""
        self._workspace = workspace
        self._weights_file = weights_file
        self.name = name
        height, width = picture_size(name, params, weights_file)
        self.size = (height, width)
        scenes = params.scenes.model_copy(update={"height": height, "width": width})
        self.params = params.model_copy(update={"scenes": scenes})
        self.network: Link
        self.network, self.weights = trained_link(name, self.params, weights_file)

    @property
    def channel(self) -> ChannelParams:
        """The channel that is simulated; `with_channel` changes it."""
        return self.params.channel

    @property
    def over_air(self) -> bool:
        """Whether there is a channel, so that SNR and drops matter."""
        return scheme(self.name).over_air

    @property
    def reference_point(self) -> OperatingPoint:
        """The operating point that is used where none is given."""
        return self.params.evaluation.home.point

    def with_channel(self, **changes: Any) -> "TrainedLink":
        """Return the same link over another channel. changes: keys of the section `channel` of params.yaml.

        >>> import cscsanet
        >>> cscsanet.load("noma-aligned").with_channel(max_speed_kmh=30.0).channel.max_speed_kmh
        30.0

        Raises:
            CscsanetError: there is no such key, a value is out of range, or the weights have other sizes.
        """
        channel = changed_channel(self.channel, changes)
        params = self.params.model_copy(update={"channel": channel})
        return TrainedLink(self.name, params, self._workspace, self._weights_file)

    def transmit(
        self,
        rgb: Picture,
        thermal: Picture,
        *,
        snr_db: float | None = None,
        csirs_symbols: int | None = None,
        feedback_bits: int | None = None,
        data_symbols: int | None = None,
        seed: int = 0,
        channel: Channels | None = None,
        thermal_range: tuple[float, float] | None = None,
    ) -> Sent:
        """Send one pair of pictures over one drawn channel.

        rgb, thermal: files, Pillow images or arrays, of one scene; brought to the size of the link. snr_db: P_t / sigma^2 [dB].
        csirs_symbols, feedback_bits, data_symbols: L, B and Q; what is None is as in `reference_point`. seed: of the channel
        drop and the noise, as `--seed` of the commands. channel: one drop in place of a drawn one. thermal_range: the values
        of a thermal picture of over 8 bits that become 0 and 255.

        >>> import cscsanet
        >>> scene = cscsanet.render_scenes(1).frames.images[0].numpy()
        >>> sent = cscsanet.load("noma-aligned").transmit(scene[:3].transpose(1, 2, 0), scene[3], snr_db=-20)
        >>> sent.mask.shape, sent.bits.shape
        ((96, 128), (2, 1024))

        Raises:
            CscsanetError: a picture cannot be used, or the point is beyond what the link was built for.
        """
        point = self._point(snr_db, csirs_symbols, feedback_bits, data_symbols)
        pair = read_pair(rgb, thermal, self.size, thermal_range)
        device = next(self.network.parameters()).device
        drop = self._drop(seed, channel)
        images = to_float(torch.from_numpy(pair.pixels).unsqueeze(0).to(device))
        with torch.inference_mode():
            transmission = self.network(
                images, drop.paths.to(device), point, generator(seed, "evaluate", 1, device=device)
            )
        models = self._models()
        notes = [
            *pair.notes,
            *picture_notes(self._workspace, self.name, models, pair.pixels),
            *untrained_notes(self.name, models, self.channel, [point]),
        ]
        return Sent(
            scheme=self.name,
            point=point,
            seed=seed,
            rgb=np.ascontiguousarray(np.moveaxis(pair.pixels[:3], 0, -1)),
            thermal=pair.pixels[3],
            mask=transmission.logits.argmax(dim=1)[0].to(torch.uint8).cpu().numpy(),
            logits=transmission.logits[0].cpu(),
            bits=_first(transmission.bits, torch.uint8),
            streams=None if transmission.streams is None else transmission.streams[0].cpu(),
            spectral_efficiencies=self._efficiencies(transmission, drop.paths.to(device), point),
            channel=drop if self.over_air else None,
            weights=self.weights,
            class_list=self.params.scenes.class_list,
            notes=tuple(dict.fromkeys(notes)),
        )

    def evaluate(
        self,
        scenes: Scenes,
        *,
        snr_db: float | None = None,
        csirs_symbols: int | None = None,
        feedback_bits: int | None = None,
        data_symbols: int | None = None,
        draws: int = 1,
        channels: Channels | None = None,
    ) -> Evaluation:
        """Send every frame of some scenes over channels of its own, and compare the masks with the labels.

        draws: channel drops of each frame. channels: in place of the first test drops of this channel; they are used again
        where there are fewer than frames. The other arguments are those of `transmit`.

        Raises:
            CscsanetError: frames of the training of this link are among the scenes, they have another size, or the point is
                beyond what the link was built for.
        """
        point = self._point(snr_db, csirs_symbols, feedback_bits, data_symbols)
        size = tuple(scenes.frames.labels.shape[1:])
        if size != self.size:
            raise CscsanetError(
                f"{self.name}: made for pictures of {self.size[0]} x {self.size[1]} pixels, and these scenes have "
                f"{size[0]} x {size[1]}; give size=link.size"
            )
        refuse_training_frames(self._workspace, self.name, self._models(), scenes)
        passes = draws if self.over_air else 1
        drops = self._test_drops(passes * len(scenes)) if channels is None else channels.paths
        channel = self.channel if channels is None else channels.params
        outcome = measure(
            self.network, scenes.frames, drops, point, channel, draws=passes, seed=self.params.seed
        )
        return evaluation_of(
            outcome,
            scenes,
            self.name,
            point if self.over_air else None,
            self.params.evaluation.bootstrap_samples,
            counts_feedback="feedback_bits" in scheme(self.name).sees,
        )

    def __repr__(self) -> str:
        return f"TrainedLink({self.name}, pictures of {self.size[0]} x {self.size[1]} pixels, weights {self.weights[:12]})"

    def _point(self, *given: Any) -> OperatingPoint:
        return point_of(self.reference_point, *given).within(self.params.points.capacity)

    def _drop(self, seed: int, channel: Channels | None) -> Channels:
        if channel is None:
            source = open_source(self.channel, self._workspace.root, "test")
            return Channels(source.draw(1, generator(seed, "evaluate", 0)), self.channel)
        if len(channel) != 1:
            raise CscsanetError(f"channel: {len(channel)} drops; give one of them, such as channels[0]")
        self._check_simulated(channel)
        return channel

    def _check_simulated(self, channels: Channels) -> None:
        for key in ("bs_antennas", "ue_antennas", "rf_chains", "subcarriers", "users"):
            drawn, built = getattr(channels.params, key), getattr(self.channel, key)
            if drawn != built:
                raise CscsanetError(f"channel: {key} = {drawn}, and {self.name} was built for {built}")

    def _test_drops(self, count: int) -> PathDrops:
        source = open_source(self.channel, self._workspace.root, "test")
        return first_drops(source, count, part_seed(self.params.seed, "test"))

    def _efficiencies(
        self, transmission: Transmission, paths: PathDrops, point: OperatingPoint
    ) -> tuple[float, ...] | None:
        if transmission.combiner is None:
            return None
        return tuple(per_ue_efficiency(transmission, paths, point, self.channel)[0].tolist())

    def _models(self) -> list[Mapping[str, Any]]:
        """Return the metadata of the weights, without those from elsewhere."""
        every = (weights_metadata(self._weights_file(each)) for each in scheme(self.name).weights.values())
        return [metadata for metadata in every if metadata["params"]]


def _first(values: Tensor | None, dtype: torch.dtype) -> Any:
    return None if values is None else values[0].to(dtype).cpu().numpy()
