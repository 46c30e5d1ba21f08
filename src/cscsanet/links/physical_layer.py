"""The physical half of CSC-SA-Net: CSI-RS down, feedback bits up, beams at both ends. What Stage II trains."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from cscsanet.channel.paths import PathDrops
from cscsanet.networks.beamspace_bs import BeamspaceBs
from cscsanet.networks.beamspace_ue import BeamspaceUe
from cscsanet.networks.bs_csa_net import BsChannelView, BsCsaNet
from cscsanet.networks.bs_csirs_net import BsCsirsNet
from cscsanet.networks.complex_pairs import to_pairs, unit_modulus
from cscsanet.networks.path_search import Sounding
from cscsanet.networks.quantiser import BITS_PER_FEATURE
from cscsanet.networks.ue_csa_net import UeChannelView, UeCsaNet
from cscsanet.params import Params
from cscsanet.points import OperatingPoint


@dataclass(frozen=True)
class Beams:
    """The outcome of CSI acquisition.

    precoder: F_RF (batch, K, N_t, N_RF); combiner: W_RF (batch, N_RF, N_r); both complex, unit modulus.
    bits: (batch, K, B), the B bits of the point, 0 or 1.
    ue_csi: S_CSI,UE (batch, K, N_c, d_CSI); bs_csi: S_CSI,BS (batch, N_c, d_CSI).
    """

    precoder: Tensor
    combiner: Tensor
    bits: Tensor
    ue_csi: Tensor
    bs_csi: Tensor


class PhysicalLayer(nn.Module):
    """BS-CSIRS-Net, one UE-CSANet for each UE, and BS-CSANet, with the front that `csa.front` names."""

    def __init__(self, params: Params) -> None:
        super().__init__()
        channel, csa, capacity = params.channel, params.csa, params.points.capacity
        self.channel = channel
        self.capacity = capacity
        self.csirs = BsCsirsNet(channel, capacity.csirs_symbols)
        self.front = csa.front
        ue, bs = (BeamspaceUe, BeamspaceBs) if csa.front == "beamspace" else (UeCsaNet, BsCsaNet)
        self.ue = nn.ModuleList(ue(channel, csa, capacity) for _ in range(channel.users))
        self.bs = bs(channel, csa, capacity)

    def forward(self, paths: PathDrops, point: OperatingPoint, generator: torch.Generator) -> Beams:
        """Acquire CSI and set the beams for a batch of drops, at the L, B and SNR of the point."""
        point.within(self.capacity)
        downlink_snr_db = point.snr_db + self.channel.bs_power_offset_db
        noise_power = 0.0 if math.isinf(downlink_snr_db) else 10.0 ** (-downlink_snr_db / 10.0)
        received = self.csirs(paths, point.csirs_symbols, noise_power, generator)
        views = self._ue_views(received, point)
        bits = torch.stack([view.bits for view in views], dim=1)[..., : point.feedback_bits]
        combiner_phases, bs_csi = self._bs_view(bits, point)
        return Beams(
            precoder=unit_modulus(torch.stack([view.precoder_phases for view in views], dim=1)),
            combiner=unit_modulus(combiner_phases),
            bits=bits,
            ue_csi=torch.stack([view.csi_features for view in views], dim=1),
            bs_csi=bs_csi,
        )

    def _ue_views(self, received: Tensor, point: OperatingPoint) -> list[UeChannelView]:
        if self.front == "subcarrier":
            return [net(received[:, user]) for user, net in enumerate(self.ue)]
        analog, baseband, combiner = self.csirs.signals()
        sent = torch.arange(len(baseband), device=received.device) < point.csirs_symbols
        sounding = Sounding(to_pairs(analog), to_pairs(baseband * sent.reshape(-1, 1, 1)), to_pairs(combiner))
        snr_db = received.new_full((len(received), 1), point.snr_db)
        return [net(received[:, user], sounding, snr_db) for user, net in enumerate(self.ue)]

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
        active = torch.arange(self.capacity.feedback_bits // BITS_PER_FEATURE, device=bits.device)
        return (
            nn.functional.pad(bits, (0, missing)),
            (active < bits.shape[-1] // BITS_PER_FEATURE).to(bits.dtype),
        )
