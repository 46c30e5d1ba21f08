"""The physical half of CSC-SA-Net: CSI-RS, feedback, and beams at both ends. Stage II trains it.

Axes: K UEs, Q data symbols, N_c subcarriers, N_RF chains, N_r / N_t antennas at BS / UE, L CSI-RS
symbols, B feedback bits, F codeword features.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Self, cast

import torch
from torch import Tensor, nn

from cscsanet.channel.frame import data_symbols
from cscsanet.channel.paths import PathDrops
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params
from cscsanet.config.system import ChannelParams
from cscsanet.errors import CscsanetError
from cscsanet.links.alignment import (
    GENIES,
    Alignment,
    classical_paths,
    genie_phases,
    stream_gains,
    true_paths,
)
from cscsanet.links.link import parts
from cscsanet.links.shared_copy import shared_copy, with_channel
from cscsanet.networks.beamspace.bs_net import BeamspaceBs
from cscsanet.networks.beamspace.path_search import DetectedPaths
from cscsanet.networks.beamspace.ue_net import BeamspaceUe
from cscsanet.networks.bs_csa_net import BsCsaNet
from cscsanet.networks.bs_csirs_net import BsCsirsNet
from cscsanet.networks.interfaces import BsChannelView, PathEstimates, UeChannelView
from cscsanet.networks.iq import unit_modulus
from cscsanet.networks.quantiser import BITS_PER_FEATURE
from cscsanet.networks.ue_csa_net import UeCsaNet


def csirs_noise_power(point: OperatingPoint, channel: ChannelParams) -> float:
    """Return sigma^2 at one UE antenna for a BS power of 1; zero for an infinite power offset."""
    downlink_snr_db = point.snr_db + channel.bs_power_offset_db
    return 0.0 if math.isinf(downlink_snr_db) else float(10.0 ** (-downlink_snr_db / 10.0))


@dataclass(frozen=True)
class Beams:
    """Beams at both ends, and the feedback bits between them.

    precoder: F_RF (batch, K, N_t, N_RF); combiner: W_RF (batch, N_RF, N_r); both complex, unit
    modulus.
    bits: (batch, K, B), the B bits of the point, 0 or 1.
    """

    precoder: Tensor
    combiner: Tensor
    bits: Tensor


@dataclass(frozen=True)
class BeamsWithCsi(Beams):
    """Beams, and the channel semantics at both ends.

    ue_csi: S_CSI,UE (batch, K, N_c, d_CSI); bs_csi: S_CSI,BS (batch, N_c, d_CSI).
    alignment: the phases (batch, K, Q, N_c, N_RF) [rad] with which the streams are predicted to
    arrive, or None.
    """

    ue_csi: Tensor
    bs_csi: Tensor
    alignment: Tensor | None = None

    def of(self, part: slice) -> "BeamsWithCsi":
        """Return the beams of some drops of the batch."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        given = {name: value[part] for name, value in values.items() if value is not None}
        return replace(self, **given)

    def together(self, others: "Sequence[BeamsWithCsi]") -> "BeamsWithCsi":
        """Return the beams of several batches as those of one."""
        given = [field.name for field in fields(self) if getattr(self, field.name) is not None]
        return replace(
            self, **{name: torch.cat([getattr(beams, name) for beams in (self, *others)]) for name in given}
        )


class PhysicalLayer(nn.Module):
    """BS-CSIRS-Net, one UE-CSANet for each UE, and BS-CSANet, with the front end `csa.front`."""

    def __init__(self, params: Params, alignment: Alignment = "none", *, one_beam: bool = False) -> None:
        """alignment: the source of the predicted phases. one_beam: whether every UE sends over its strongest path
        alone, and chain k of the BS receives UE k, at any SNR. Neither changes the weights.

        Raises:
            CscsanetError: the subcarrier front end with an alignment, for which it has no path
                search.
        """
        super().__init__()
        self.alignment = alignment
        aligned = alignment != "none"
        channel, csa, capacity = params.channel, params.csa, params.points.capacity
        self.capacity = capacity
        self.csirs = BsCsirsNet(channel, capacity.csirs_symbols)
        self.front = csa.front
        users = range(channel.users)
        if csa.front == "beamspace":
            self.ue = nn.ModuleList(BeamspaceUe(channel, csa, capacity, one_beam=one_beam) for _ in users)
            self.bs: nn.Module = BeamspaceBs(
                channel, csa, capacity, phase_reference=aligned, one_beam=one_beam
            )
        elif aligned:
            raise CscsanetError(
                "csa.front = subcarrier: no streams can be aligned; set it to beamspace, or physical.coherence_weight to 0"
            )
        else:
            self.ue = nn.ModuleList(UeCsaNet(channel, csa, capacity) for _ in users)
            self.bs = BsCsaNet(channel, csa, capacity)

    @property
    def channel(self) -> ChannelParams:
        """The simulated channel, which the CSI-RS and the data share."""
        return self.csirs.channel

    @channel.setter
    def channel(self, channel: ChannelParams) -> None:
        self.csirs.channel = channel

    def forward(self, paths: PathDrops, point: OperatingPoint, generator: torch.Generator) -> BeamsWithCsi:
        """Return the beams for a batch of drops, at the L, B and SNR of the point."""
        return self.at_budgets(paths, point, (point.feedback_bits,), generator)[0]

    def at_budgets(
        self, paths: PathDrops, point: OperatingPoint, budgets: Sequence[int], generator: torch.Generator
    ) -> list[BeamsWithCsi]:
        """Receive the CSI-RS once and set the beams for each B; all share one path search."""
        for feedback_bits in budgets:
            # Beams and phases are available for any Q.
            replace(point, feedback_bits=feedback_bits, data_symbols=1).within(self.capacity)
        noise_power = csirs_noise_power(point, self.channel)
        received = self.csirs(paths, point.csirs_symbols, noise_power, generator)
        beams = []
        for feedback_bits, views in zip(budgets, self._ue_views(received, point, budgets), strict=True):
            bits = torch.stack([view.bits for view in views], dim=1)[..., :feedback_bits]
            at_budget = self._beams(views, bits, self._bs_view(bits, point))
            if self.alignment != "none":
                symbols = data_symbols(point, self.channel, received.device)
                phases = self.predict_phases(paths, point, received, views, at_budget, symbols)
                at_budget = replace(at_budget, alignment=phases)
            beams.append(at_budget)
        return beams

    def mixed(
        self,
        paths: PathDrops,
        points: Sequence[OperatingPoint],
        generator: torch.Generator,
        channels: Sequence[ChannelParams] | None = None,
    ) -> BeamsWithCsi:
        """Set the beams of a batch of drops in equal parts, each at a point of its own.

        channels: of the parts, which may differ in feedback_delay_symbols; None: all have that of the layer.

        Where all points have the same L, all parts take one pass, which consists of many small operations.
        The bits are those of the capacity's B; alignment is predicted for the largest Q of the points.
        """
        channels = channels or [self.channel] * len(points)
        shares = list(zip(parts(len(paths), len(points)), points, channels, strict=True))
        most = max(point.data_symbols for point in points)
        if self.front == "subcarrier" or len({point.csirs_symbols for point in points}) > 1:
            apart = [
                self._padded(self.over(channel)(paths[part], replace(point, data_symbols=most), generator))
                for part, point, channel in shares
            ]
            return apart[0].together(apart[1:])
        for point in points:
            point.within(self.capacity)
        size = len(paths) // len(points)

        def of_each(values: Sequence[float]) -> Tensor:
            return torch.tensor(values, device=paths.device).repeat_interleave(size)

        common = replace(points[0], data_symbols=most)
        noise_power = of_each([csirs_noise_power(point, self.channel) for point in points])
        received = self.csirs(paths, common.csirs_symbols, noise_power, generator)
        active = torch.stack([self._active(point.feedback_bits, received) for point in points])
        active = active.repeat_interleave(size, dim=0)
        snr_db = of_each([point.snr_db for point in points]).unsqueeze(1)
        delays = [channel.feedback_delay_symbols for channel in channels]
        symbols = data_symbols(common, self.channel, received.device) - self.channel.feedback_delay_symbols
        symbols = symbols + torch.tensor(delays, device=received.device).repeat_interleave(size).unsqueeze(1)
        views = self._views_of(received, common, snr_db, active, symbols)
        bits = torch.stack([view.bits for view in views], dim=1)
        combiner: BsChannelView = self.bs(bits, active, snr_db)
        beams = self._beams(views, bits, combiner)
        if self.alignment == "none":
            return beams
        return replace(beams, alignment=self.predict_phases(paths, common, received, views, beams, symbols))

    def _padded(self, beams: BeamsWithCsi) -> BeamsWithCsi:
        return replace(beams, bits=self.pad_feedback(beams.bits)[0])

    def over(self, channel: ChannelParams) -> Self:
        """Return the layer itself over its own channel, or a copy of it, weights shared, over another."""
        return self if channel == self.channel else with_channel(self, channel)

    def with_alignment(self, alignment: Alignment) -> Self:
        """Return a copy, weights shared, with another source of the predicted phases."""
        assert "none" not in (alignment, self.alignment), "without alignment the BS sets other beams"
        copied = shared_copy(self)
        copied.alignment = alignment
        return copied

    @staticmethod
    def _beams(views: Sequence[UeChannelView], bits: Tensor, at_bs: BsChannelView) -> BeamsWithCsi:
        return BeamsWithCsi(
            precoder=unit_modulus(torch.stack([view.precoder_phases for view in views], dim=1)),
            combiner=unit_modulus(at_bs.combiner_phases),
            bits=bits,
            ue_csi=torch.stack([view.csi_features for view in views], dim=1),
            bs_csi=at_bs.csi_features,
        )

    def _ue_views(
        self, received: Tensor, point: OperatingPoint, budgets: Sequence[int]
    ) -> list[list[UeChannelView]]:
        """Return the output of every UE's network, for each B."""
        if self.front == "subcarrier":
            return [[net(received[:, user]) for user, net in enumerate(self.ue)]] * len(budgets)
        snr_db = received.new_full((len(received), 1), point.snr_db)
        active = [self._active(feedback_bits, received) for feedback_bits in budgets]
        symbols = data_symbols(point, self.channel, received.device)
        return [self._views_of(received, point, snr_db, each, symbols) for each in active]

    def _views_of(
        self, received: Tensor, point: OperatingPoint, snr_db: Tensor, active: Tensor, symbols: Tensor
    ) -> list[UeChannelView]:
        """Return the output of every UE's network, with the beamspace front end.

        snr_db: (batch, 1). active: mask (F,) or (batch, F) of the codeword features that are fed back. symbols:
        indices (Q,) or (batch, Q) of the data symbols in the frame.
        """
        csirs_signals = self.csirs.csirs_signals(point.csirs_symbols)
        # Without the symbols that were not sent, the search has less to do.
        sent = received[..., : point.csirs_symbols, :]
        nets = cast(Sequence[BeamspaceUe], self.ue)
        # One search for all UEs: their searches are alike, and it consists of many small operations.
        users = len(nets)
        together = nets[0].search(sent.flatten(0, 1), csirs_signals)
        detected = [DetectedPaths(*(field[user::users] for field in together)) for user in range(users)]
        csirs_snr_db = snr_db.double().squeeze(1) + self.channel.bs_power_offset_db
        return [
            net(paths, csirs_signals, snr_db, active, csirs_snr_db, symbols)
            for net, paths in zip(nets, detected, strict=True)
        ]

    def predict_phases(
        self,
        paths: PathDrops,
        point: OperatingPoint,
        received: Tensor,
        views: Sequence[UeChannelView],
        beams: BeamsWithCsi,
        symbols: Tensor,
    ) -> Tensor:
        """Return the predicted phases (batch, K, Q, N_c, N_RF) [rad] of the streams at the BS.

        paths: the true paths, for genies and the oracle. received: the CSI-RS (batch, K, N_c, N_RF,
        L, 2).
        views: the output of each UE's network. beams: without predicted phases. symbols: indices (Q,) or
        (batch, Q) of the data symbols in the frame.
        """
        if self.alignment in GENIES:
            gains = stream_gains(paths, beams.precoder, beams.combiner, symbols, self.channel)
            return genie_phases(gains, held=self.alignment == "genie-first")
        phases = []
        for user, (net, view) in enumerate(zip(cast(Sequence[BeamspaceUe], self.ue), views, strict=True)):
            assert view.reported_beams is not None
            assert view.alignment is not None
            if self.alignment == "learned":
                phases.append(view.alignment)
            else:
                estimates = self._path_estimates(paths, user, point, received, view)
                phases.append(
                    net.predict_phases(estimates, view.reported_beams, view.precoder_phases, symbols)
                )
        return torch.stack(phases, dim=1)

    def _path_estimates(
        self, paths: PathDrops, user: int, point: OperatingPoint, received: Tensor, view: UeChannelView
    ) -> PathEstimates:
        """Return the paths from which one UE predicts, for `oracle` and `classical`."""
        if self.alignment == "oracle":
            return true_paths(paths, user, self.channel)
        assert view.strongest is not None
        sent = received[:, user, ..., : point.csirs_symbols, :]
        search = cast(BeamspaceUe, self.ue[user]).search
        return classical_paths(search, sent, self.csirs.csirs_signals(point.csirs_symbols), view.strongest)

    def _bs_view(self, bits: Tensor, point: OperatingPoint) -> BsChannelView:
        inputs = self.pad_feedback(bits)
        if self.front == "beamspace":
            inputs = (*inputs, bits.new_full((len(bits), 1), point.snr_db))
        view: BsChannelView = self.bs(*inputs)
        return view

    def pad_feedback(self, bits: Tensor) -> tuple[Tensor, ...]:
        """Return the bits, padded to the capacity's B, and the mask (F,) of fed back features."""
        missing = self.capacity.feedback_bits - bits.shape[-1]
        return nn.functional.pad(bits, (0, missing)), self._active(bits.shape[-1], bits)

    def _active(self, feedback_bits: int, like: Tensor) -> Tensor:
        """Return the mask (F,) of the codeword features in B bits, with the dtype of `like`."""
        features = torch.arange(self.capacity.feedback_bits // BITS_PER_FEATURE, device=like.device)
        return (features < feedback_bits // BITS_PER_FEATURE).to(like.dtype)
