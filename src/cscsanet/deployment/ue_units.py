"""What a UE runs, as modules over real tensors whose every length is that of the largest point.

    ue_*_csi   received CSI-RS -> feedback bits, phases of F_RF[k], S_CSI,UE[k], phases that the streams will arrive with
    ue_*_tx    image, and what ue_*_csi made -> S_BB[k], turned and scaled to the power constraint, eq. (20)

A point's L, B and Q are inputs: what lies beyond them is masked, so one graph serves every point.

Axes: N_c subcarriers, R chains, S streams, L / Q CSI-RS and data symbols, N_t antennas, d = d_CSI, 2 = I/Q.
"""

from typing import cast

import torch
from torch import Tensor, nn

from cscsanet.links.noma import NomaLink
from cscsanet.links.oma import OmaLink
from cscsanet.links.semantic_layer import MODALITIES
from cscsanet.networks.beamspace_ue import BeamspaceUe
from cscsanet.networks.complex_pairs import matrix_product, multiply, phasor
from cscsanet.networks.path_search import Sounding
from cscsanet.networks.quantiser import BITS_PER_FEATURE
from cscsanet.networks.subcarrier_shares import SHARES

_LEAST_ENERGY = 1e-20  # keeps an all-zero block zero, as in `channel/transmission`


def prefix(count: Tensor, length: int) -> Tensor:
    """Return 1 for the first `count` (1,) of `length` places, 0 for the rest; float32 (length,)."""
    return (torch.arange(length, device=count.device) < count).to(torch.float32)


class UeCsi(nn.Module):
    """Channel acquisition of one UE, with the beamspace front."""

    def __init__(self, link: NomaLink, user: int) -> None:
        super().__init__()
        physical = link.physical
        self.net = cast(BeamspaceUe, physical.ue[user])
        self.capacity = physical.capacity
        self.bs_power_offset_db = physical.channel.bs_power_offset_db
        with torch.no_grad():
            sounding = physical.csirs.sounding(self.capacity.csirs_symbols)
        for name, signal in sounding._asdict().items():
            self.register_buffer(name, signal.contiguous(), persistent=False)

    def forward(
        self, csirs: Tensor, snr_db: Tensor, csirs_symbols: Tensor, feedback_bits: Tensor
    ) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return bits (batch, B) uint8, phases of F (batch, N_t, S), S_CSI (batch, N_c, d), alignment (batch, Q, N_c, S).

        csirs: Y_p as pairs (batch, N_c, R, L, 2). snr_db: (1,) float32; csirs_symbols, feedback_bits: (1,) int64.
        """
        sent = prefix(csirs_symbols, self.capacity.csirs_symbols)
        baseband = self.get_buffer("baseband") * sent[:, None, None, None]
        sounding = Sounding(self.get_buffer("transmit"), baseband, self.get_buffer("receive"))
        found = self.net.search(csirs * sent[:, None], sounding)
        active = prefix(feedback_bits // BITS_PER_FEATURE, self.capacity.feedback_bits // BITS_PER_FEATURE)
        symbols = torch.arange(self.capacity.data_symbols, device=csirs.device) + csirs_symbols
        view = self.net(
            found,
            sounding,
            snr_db.expand(csirs.shape[0]).unsqueeze(1),
            active,
            (snr_db.double() + self.bs_power_offset_db).squeeze(0),
            symbols,
        )
        assert view.alignment is not None
        return view.bits.to(torch.uint8), view.precoder_phases, view.csi_features, view.alignment


class UeTransmitter(nn.Module):
    """Source and channel semantics of one UE to the streams that it sends."""

    def __init__(self, link: NomaLink, user: int) -> None:
        super().__init__()
        semantic = link.semantic
        self.net = semantic.ue[user]
        self.capacity = semantic.capacity
        seen = list(MODALITIES.values())[user]
        self.register_buffer("shown", semantic.get_buffer("shown")[:, seen].clone(), persistent=False)
        self.share = user if isinstance(link, OmaLink) else None
        # Of the energy of all N_c elements a symbol, what a UE may spend: all of it, or that of its own share.
        positions = semantic.positions
        shared = isinstance(link, OmaLink) and link.energy == "element"
        self.energy_per_symbol = float(positions // len(SHARES) if shared else positions)

    def streams(self, image: Tensor, csi: Tensor, data_symbols: Tensor) -> Tensor:
        """Return unscaled streams (batch, Q, N_c, S, 2), zero from the first unused symbol on."""
        if self.share is None:
            signal = self.net(image * self.get_buffer("shown"), csi).transpose(1, 2)
        else:
            own = self.net(image * self.get_buffer("shown"), csi[:, SHARES[self.share]]).transpose(1, 2)
            # Every K-th subcarrier is its own; the others stay silent.
            silent = torch.zeros_like(own)
            parts = [own if share == self.share else silent for share in range(len(SHARES))]
            signal = torch.stack(parts, dim=3).flatten(2, 3)
        sent = prefix(data_symbols, self.capacity.data_symbols)
        masked: Tensor = signal * sent[:, None, None, None]
        return masked

    def within_power(self, streams: Tensor, precoder_phases: Tensor, data_symbols: Tensor) -> Tensor:
        """Scale streams so that F s has the energy of the block, eq. (20)."""
        radiated = matrix_product(streams, phasor(precoder_phases).transpose(1, 2).unsqueeze(1))
        energy = radiated.square().sum(dim=(1, 2, 3, 4)).clamp_min(_LEAST_ENERGY)
        scale = (data_symbols.to(streams.dtype) * self.energy_per_symbol / energy).sqrt()
        return streams * scale[:, None, None, None, None]

    def forward(self, image: Tensor, csi: Tensor, precoder_phases: Tensor, data_symbols: Tensor) -> Tensor:
        """Return S_BB as pairs (batch, Q, N_c, S, 2).

        image: (batch, channels, H, W) in [0, 1]. csi: (batch, N_c, d). precoder_phases: (batch, N_t, S) [rad].
        data_symbols: (1,) int64.
        """
        return self.within_power(self.streams(image, csi, data_symbols), precoder_phases, data_symbols)


class AlignedUeTransmitter(UeTransmitter):
    """The same, turned so that the streams arrive in phase."""

    def forward(  # type: ignore[override]
        self, image: Tensor, csi: Tensor, precoder_phases: Tensor, alignment: Tensor, data_symbols: Tensor
    ) -> Tensor:
        """alignment: (batch, Q, N_c, S) [rad], by which each stream is turned back."""
        streams = multiply(self.streams(image, csi, data_symbols), phasor(-alignment))
        return self.within_power(streams, precoder_phases, data_symbols)
