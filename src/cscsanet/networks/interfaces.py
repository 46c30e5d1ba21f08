"""The values that the channel networks exchange with each other and with the links."""

from typing import NamedTuple

from torch import Tensor

from cscsanet.networks import iq


class CsirsSignals(NamedTuple):
    """The CSI-RS as pairs; both ends know them.

    transmit: X_RF (L, N_r, C, 2); baseband: x_BB (L, N_c, C, 2), zero for symbols that were not
    sent; receive: V_RF (L, R, N_t, 2).
    """

    transmit: Tensor
    baseband: Tensor
    receive: Tensor

    def num_symbols(self) -> Tensor:
        """Return the number of symbols that were sent, an integer tensor ()."""
        return (iq.abs2(self.baseband).sum(dim=(1, 2)) > 0).sum()


class PathEstimates(NamedTuple):
    """Estimated, or true, paths of one UE.

    aoa, aod: u, w (batch, P), sines of the angles; delay: tau (batch, P) [samples]; doppler: f
    (batch, P) [cycles per OFDM symbol]; gain: g (batch, P, 2), at symbol 0 of the frame.
    """

    aoa: Tensor
    aod: Tensor
    delay: Tensor
    doppler: Tensor
    gain: Tensor


class ReportedBeams(NamedTuple):
    """The directions that a UE fed back, each for one BS chain to receive from.

    direction: v (batch, A), sine of the AoA; chirp: c (batch, A) [1/antenna], which widens the beam
    to the cell that the bits leave open; weight: (batch, A) in [0, 1], the share of the chain that
    the direction gets.
    """

    direction: Tensor
    chirp: Tensor
    weight: Tensor


class UeChannelView(NamedTuple):
    """The output of one UE's channel network, eq. (17).

    precoder_phases: (batch, N_t, N_RF) [rad]; bits: (batch, B), 0 or 1; csi_features: S_CSI,UE
    (batch, N_c, d_CSI).
    alignment: predicted phases (batch, Q, N_c, N_RF) [rad] of the streams at the BS;
    reported_beams: the directions that were fed back; strongest: u and w (batch,) of the strongest
    detected path. These three are None for a network without path search.
    """

    precoder_phases: Tensor
    bits: Tensor
    csi_features: Tensor
    alignment: Tensor | None = None
    reported_beams: ReportedBeams | None = None
    strongest: tuple[Tensor, Tensor] | None = None


class BsChannelView(NamedTuple):
    """The output of the BS's channel network, eq. (19).

    combiner_phases: (batch, N_RF, N_r) [rad]; csi_features: S_CSI,BS (batch, N_c, d_CSI).
    """

    combiner_phases: Tensor
    csi_features: Tensor
