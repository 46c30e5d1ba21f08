"""The physical half of CSC-SA-Net: CSI-RS down, feedback bits up, beams at both ends. What Stage II trains."""

import copy
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self, cast

import torch
from torch import Tensor, nn

from cscsanet.channel.paths import PathDrops
from cscsanet.errors import CscsanetError
from cscsanet.links.alignment import (
    GENIES,
    Alignment,
    arriving,
    classical_paths,
    genie_phases,
    true_paths,
)
from cscsanet.networks.beamspace_bs import BeamspaceBs
from cscsanet.networks.beamspace_ue import BeamspaceUe
from cscsanet.networks.bs_csa_net import BsChannelView, BsCsaNet
from cscsanet.networks.bs_csirs_net import BsCsirsNet
from cscsanet.networks.complex_pairs import unit_modulus
from cscsanet.networks.phase_alignment import KnownPaths
from cscsanet.networks.quantiser import BITS_PER_FEATURE
from cscsanet.networks.ue_csa_net import UeChannelView, UeCsaNet
from cscsanet.params import ChannelParams, Params
from cscsanet.points import OperatingPoint


def csirs_noise_power(point: OperatingPoint, channel: ChannelParams) -> float:
    """Return sigma^2 at one UE antenna for the BS's transmit power 1; zero where the power offset is infinite."""
    downlink_snr_db = point.snr_db + channel.bs_power_offset_db
    return 0.0 if math.isinf(downlink_snr_db) else float(10.0 ** (-downlink_snr_db / 10.0))


@dataclass(frozen=True)
class Beams:
    """Beams at both ends, and the feedback between them.

    precoder: F_RF (batch, K, N_t, N_RF); combiner: W_RF (batch, N_RF, N_r); both complex, unit modulus.
    bits: (batch, K, B), the B bits of the point, 0 or 1.
    """

    precoder: Tensor
    combiner: Tensor
    bits: Tensor


@dataclass(frozen=True)
class AwareBeams(Beams):
    """Beams, and the channel semantics that come with them.

    ue_csi: S_CSI,UE (batch, K, N_c, d_CSI); bs_csi: S_CSI,BS (batch, N_c, d_CSI).
    alignment: the phases (batch, K, Q, N_c, N_RF) [rad] that the streams are expected to arrive with, or None.
    """

    ue_csi: Tensor
    bs_csi: Tensor
    alignment: Tensor | None = None


class PhysicalLayer(nn.Module):
    """BS-CSIRS-Net, one UE-CSANet for each UE, and BS-CSANet, with the front that `csa.front` names."""

    def __init__(self, params: Params, alignment: Alignment = "none") -> None:
        """alignment: how the streams' phases are foretold, if they are; it changes no weight."""
        super().__init__()
        self.alignment = alignment
        aligned = alignment != "none"
        channel, csa, capacity = params.channel, params.csa, params.points.capacity
        self.channel = channel
        self.capacity = capacity
        self.csirs = BsCsirsNet(channel, capacity.csirs_symbols)
        self.front = csa.front
        users = range(channel.users)
        if csa.front == "beamspace":
            self.ue = nn.ModuleList(BeamspaceUe(channel, csa, capacity) for _ in users)
            self.bs: nn.Module = BeamspaceBs(channel, csa, capacity, referenced=aligned)
        elif aligned:
            raise CscsanetError(
                "csa.front = subcarrier: no streams can be aligned; set it to beamspace, or physical.coherence_weight to 0"
            )
        else:
            self.ue = nn.ModuleList(UeCsaNet(channel, csa, capacity) for _ in users)
            self.bs = BsCsaNet(channel, csa, capacity)

    def forward(self, paths: PathDrops, point: OperatingPoint, generator: torch.Generator) -> AwareBeams:
        """Acquire CSI and set the beams for a batch of drops, at the L, B and SNR of the point."""
        return self.at_budgets(paths, point, (point.feedback_bits,), generator)[0]

    def at_budgets(
        self, paths: PathDrops, point: OperatingPoint, budgets: Sequence[int], generator: torch.Generator
    ) -> list[AwareBeams]:
        """Sound the channel once and set the beams for each of several B: the search for paths is the same for all."""
        for feedback_bits in budgets:
            # Beams and phases are set for any Q.
            replace(point, feedback_bits=feedback_bits, data_symbols=1).within(self.capacity)
        noise_power = csirs_noise_power(point, self.channel)
        received = self.csirs(paths, point.csirs_symbols, noise_power, generator)
        beams = []
        for feedback_bits, views in zip(budgets, self._ue_views(received, point, budgets), strict=True):
            bits = torch.stack([view.bits for view in views], dim=1)[..., :feedback_bits]
            combiner_phases, bs_csi = self._bs_view(bits, point)
            set_up = AwareBeams(
                precoder=unit_modulus(torch.stack([view.precoder_phases for view in views], dim=1)),
                combiner=unit_modulus(combiner_phases),
                bits=bits,
                ue_csi=torch.stack([view.csi_features for view in views], dim=1),
                bs_csi=bs_csi,
            )
            if self.alignment != "none":
                phases = self._foretold(paths, point, received, views, set_up)
                set_up = replace(set_up, alignment=phases)
            beams.append(set_up)
        return beams

    def foretelling(self, alignment: Alignment) -> Self:
        """Return the same layer, weights and beams, with phases foretold in another way."""
        assert "none" not in (alignment, self.alignment), "only layers that keep the rule have the same beams"
        other = copy.copy(self)
        other.alignment = alignment
        return other

    def under(self, channel: ChannelParams) -> Self:
        """Return the same layer, weights shared, under another power of the CSI-RS or another oscillator."""
        other = copy.copy(self)
        other.channel = channel
        return other

    def _ue_views(
        self, received: Tensor, point: OperatingPoint, budgets: Sequence[int]
    ) -> list[list[UeChannelView]]:
        """What the UEs make of the CSI-RS, for each B."""
        if self.front == "subcarrier":
            return [[net(received[:, user]) for user, net in enumerate(self.ue)]] * len(budgets)
        sounding = self.csirs.sounding(point.csirs_symbols)
        # The search is spared the symbols that were not sent.
        heard = received[..., : point.csirs_symbols, :]
        nets = cast(Sequence[BeamspaceUe], self.ue)
        found = [net.search(heard[:, user], sounding) for user, net in enumerate(nets)]
        snr_db = received.new_full((len(received), 1), point.snr_db)
        csirs_snr_db = point.snr_db + self.channel.bs_power_offset_db
        symbols = _data_symbols(point, received)
        return [
            [
                net(paths, sounding, snr_db, self._active(feedback_bits, received), csirs_snr_db, symbols)
                for net, paths in zip(nets, found, strict=True)
            ]
            for feedback_bits in budgets
        ]

    def _foretold(
        self,
        paths: PathDrops,
        point: OperatingPoint,
        received: Tensor,
        views: Sequence[UeChannelView],
        beams: AwareBeams,
    ) -> Tensor:
        """The phases (batch, K, Q, N_c, N_RF) that streams are expected to arrive with."""
        symbols = _data_symbols(point, received)
        if self.alignment in GENIES:
            arrived = arriving(paths, beams.precoder, beams.combiner, symbols, self.channel)
            return genie_phases(arrived, held=self.alignment == "genie-first")
        foretold = []
        for user, (net, view) in enumerate(zip(cast(Sequence[BeamspaceUe], self.ue), views, strict=True)):
            assert view.aims is not None
            assert view.alignment is not None
            if self.alignment == "learned":
                foretold.append(view.alignment)
            else:
                known = self._known_paths(paths, user, point, received, view)
                foretold.append(net.foretell(known, view.aims, view.precoder_phases, symbols))
        return torch.stack(foretold, dim=1)

    def _known_paths(
        self, paths: PathDrops, user: int, point: OperatingPoint, received: Tensor, view: UeChannelView
    ) -> KnownPaths:
        if self.alignment == "oracle":
            return true_paths(paths, user, self.channel)
        assert view.strongest is not None
        heard = received[:, user, ..., : point.csirs_symbols, :]
        search = cast(BeamspaceUe, self.ue[user]).search
        return classical_paths(search, heard, self.csirs.sounding(point.csirs_symbols), view.strongest)

    def _bs_view(self, bits: Tensor, point: OperatingPoint) -> BsChannelView:
        on_the_interface = self._on_the_interface(bits)
        if self.front == "subcarrier":
            view: BsChannelView = self.bs(*on_the_interface)
            return view
        informed: BsChannelView = self.bs(*on_the_interface, bits.new_full((len(bits), 1), point.snr_db))
        return informed

    def _on_the_interface(self, bits: Tensor) -> tuple[Tensor, Tensor]:
        """Fill the bits up to the built length, and mark the codeword features that were fed back."""
        missing = self.capacity.feedback_bits - bits.shape[-1]
        return nn.functional.pad(bits, (0, missing)), self._active(bits.shape[-1], bits)

    def _active(self, feedback_bits: int, like: Tensor) -> Tensor:
        """Mark the codeword features (F,) that B bits hold."""
        features = torch.arange(self.capacity.feedback_bits // BITS_PER_FEATURE, device=like.device)
        return (features < feedback_bits // BITS_PER_FEATURE).to(like.dtype)


def _data_symbols(point: OperatingPoint, like: Tensor) -> Tensor:
    """Return the indices (Q,) of the data symbols in the frame."""
    return torch.arange(point.data_symbols, device=like.device) + point.csirs_symbols
