"""The evaluation of a transmission scheme that a user wrote, under the conditions of the trained links.

Axes: K UEs, Q data symbols, N_c subcarriers, C classes, H x W pixels.
"""

import torch
from torch import Tensor, nn

from cscsanet.api.channels import Channels, first_drops
from cscsanet.api.evaluation import Evaluation, evaluation_of
from cscsanet.api.parameters import point_of, shipped_params
from cscsanet.api.scenes import Scenes
from cscsanet.channel.dataset import part_seed
from cscsanet.channel.paths import PathDrops
from cscsanet.channel.sources import open_source
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.system import ChannelParams
from cscsanet.errors import CscsanetError
from cscsanet.evaluation.measure import measure
from cscsanet.links.link import Link, Transmission

_ROUNDING = 1e-3  # of the energy of a block


def evaluate_link(
    link: Link,
    scenes: Scenes,
    *,
    name: str | None = None,
    snr_db: float | None = None,
    csirs_symbols: int | None = None,
    feedback_bits: int | None = None,
    data_symbols: int | None = None,
    draws: int = 1,
    channels: Channels | None = None,
) -> Evaluation:
    """Evaluate a scheme of yours as `TrainedLink.evaluate` does: the same frames, drops and seeds of the noise.

    So the results of both can be compared. Separated designs of the package send DMRS beside the data symbols of a point; a
    scheme of yours has the data symbols alone, for all that it sends. Frames that your networks were trained on are not known
    here, so keep them apart.

    link: returns a `Transmission` with all that it sent. Streams, precoder and combiner may be None together, for a scheme
    without a channel; then what it sends cannot be checked. name: in the result; None: the name of its class. The other
    arguments are those of `TrainedLink.evaluate`.

    Raises:
        CscsanetError: the link returns something else, or sends more energy, more OFDM symbols or more feedback than the point
            allows.
    """
    params = shipped_params()
    point = point_of(params.evaluation.home.point, snr_db, csirs_symbols, feedback_bits, data_symbols)
    title = name or type(link).__name__
    drops = channels
    if drops is None:
        source = open_source(params.channel)
        count = draws * len(scenes)
        drops = Channels(first_drops(source, count, part_seed(params.seed, "test")), params.channel)
    modes = {module: module.training for module in link.modules()}
    link.eval()
    checked = _Checked(link, title, drops.params, len(scenes.frames.annotation.classes))
    try:
        outcome = measure(
            checked,
            scenes.frames,
            drops.paths,
            point,
            drops.params,
            draws=draws,
            seed=params.seed,
        )
    finally:
        for module, training in modes.items():
            module.training = training
    over_air = outcome.se_per_ue is not None
    return evaluation_of(
        outcome,
        scenes,
        title,
        point if over_air else None,
        params.evaluation.bootstrap_samples,
        counts_feedback=checked.feeds_back,
    )


class _Checked(Link):
    """A link of a user, whose transmissions are looked at before they are counted."""

    def __init__(self, link: Link, title: str, channel: ChannelParams, classes: int) -> None:
        super().__init__()
        self.classes = classes
        self.feeds_back = False
        first = next(link.parameters(), None)
        # Of no size: it is there so that a link without parameters has a device.
        self.place = nn.Parameter(torch.empty(0, device=None if first is None else first.device))
        self.link = link
        self.title = title
        self.channel = channel

    def forward(
        self, images: Tensor, paths: PathDrops, point: OperatingPoint, generator: torch.Generator
    ) -> Transmission:
        """Transmit a batch with the link of the user.

        Raises:
            CscsanetError: as in `evaluate_link`.
        """
        sent = self.link(images, paths, point, generator)
        if not isinstance(sent, Transmission):
            raise CscsanetError(
                f"{self.title}: returns {type(sent).__name__}; return a cscsanet.Transmission"
            )
        expected = (len(images), self.classes, *images.shape[-2:])
        if tuple(sent.logits.shape) != expected:
            raise CscsanetError(
                f"{self.title}: logits of shape {tuple(sent.logits.shape)}; they must be of {expected}"
            )
        if not bool(sent.logits.isfinite().all()):
            raise CscsanetError(f"{self.title}: logits that are not finite")
        self._check_block(sent, point)
        self.feeds_back |= sent.bits is not None
        return sent

    def _check_block(self, sent: Transmission, point: OperatingPoint) -> None:
        if sent.streams is None and sent.precoder is None and sent.combiner is None:
            return
        if sent.streams is None or sent.precoder is None or sent.combiner is None:
            raise CscsanetError(
                f"{self.title}: give streams, precoder and combiner, or none of them without a channel"
            )
        self._check_shapes(sent.streams, sent.precoder, sent.combiner, len(sent.logits))
        symbols, subcarriers = sent.streams.shape[2:4]
        if symbols > point.data_symbols:
            raise CscsanetError(
                f"{self.title}: sends {symbols} OFDM symbols, and the point has data_symbols = {point.data_symbols}"
            )
        if sent.bits is not None and sent.bits.shape[-1] > point.feedback_bits:
            raise CscsanetError(
                f"{self.title}: {sent.bits.shape[-1]} bits of feedback, and the point has "
                f"feedback_bits = {point.feedback_bits}"
            )
        radiated = sent.streams.to(sent.precoder.dtype).flatten(2, 3) @ sent.precoder.mT
        energy = float(radiated.abs().square().sum(dim=(-2, -1)).max())
        allowed = subcarriers * point.data_symbols
        # Written so that no number at all is refused, too.
        if not energy <= allowed * (1 + _ROUNDING):
            raise CscsanetError(
                f"{self.title}: a UE sends {energy / allowed:.3g} times the energy of a block, eq. (20); "
                "scale its streams with cscsanet.phy.normalise_block"
            )

    def _check_shapes(self, streams: Tensor, precoder: Tensor, combiner: Tensor, batch: int) -> None:
        channel, count = self.channel, streams.shape[-1]
        symbols = streams.shape[2] if streams.ndim == 5 else "Q"
        chains = combiner.shape[1] if combiner.ndim == 3 else "R"
        for name, tensor, expected in (
            ("streams", streams, (batch, channel.users, symbols, channel.subcarriers, count)),
            ("precoder", precoder, (batch, channel.users, channel.ue_antennas, count)),
            ("combiner", combiner, (batch, chains, channel.bs_antennas)),
        ):
            if tuple(tensor.shape) != expected:
                shape = ", ".join(map(str, expected))
                raise CscsanetError(
                    f"{self.title}: {name} of shape {tuple(tensor.shape)}; it must be ({shape})"
                )
