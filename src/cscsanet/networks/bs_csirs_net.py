"""BS-CSIRS-Net (Sec. III-B): the learned downlink CSI-RS, and their reception at the UEs.

    P_RF[l] -> exp(j .) = X_RF[l]   (12)  \\
    x_BB[l, n] -> power P, eq. (14)        > Y_p[k] = V_RF[l] (H[k, l]^T X_RF[l] x_BB[l, n] + z) (9)
    Q_RF[l] -> exp(j .) = V_RF[l]   (13)  /

The noise z is white at the UE's antennas, so it is coloured after the analog combiner V_RF. The
downlink channel is the transpose of the uplink channel (TDD reciprocity).

Axes: K users, L CSI-RS symbols, N_c subcarriers, N_r / N_t antennas at BS / UE, N_RF chains,
2 = I/Q.
"""

import math

import torch
from torch import Tensor, nn

from cscsanet.channel.noise import complex_normal
from cscsanet.channel.paths import PathDrops
from cscsanet.channel.response import downlink_csirs
from cscsanet.config.system import ChannelParams
from cscsanet.networks.interfaces import CsirsSignals
from cscsanet.networks.iq import to_complex, to_pairs, unit_modulus


class BsCsirsNet(nn.Module):
    """Trainable P_RF (L, N_r, N_RF), x_BB (L, N_c, N_RF, 2) and Q_RF (L, N_RF, N_t)."""

    def __init__(self, channel: ChannelParams, csirs_symbols: int) -> None:
        super().__init__()
        self.channel = channel
        chains, subcarriers = channel.rf_chains, channel.subcarriers
        # Uniform phases cover all directions equally; training then adapts them to the drops.
        self.transmit_phases = nn.Parameter(_uniform_phases(csirs_symbols, channel.bs_antennas, chains))
        self.baseband = nn.Parameter(torch.randn(csirs_symbols, subcarriers, chains, 2))
        self.receive_phases = nn.Parameter(_uniform_phases(csirs_symbols, chains, channel.ue_antennas))

    def signals(self) -> tuple[Tensor, Tensor, Tensor]:
        """Return X_RF (L, N_r, N_RF), x_BB (L, N_c, N_RF) and V_RF (L, N_RF, N_t).

        The power constraint ||X_RF x_BB||^2 = 1 holds on every resource element.
        """
        analog = unit_modulus(self.transmit_phases)
        baseband = to_complex(self.baseband)
        radiated = torch.linalg.vector_norm(baseband @ analog.transpose(-1, -2), dim=-1, keepdim=True)
        return analog, baseband / radiated, unit_modulus(self.receive_phases)

    def csirs_signals(self, csirs_symbols: int) -> CsirsSignals:
        """Return the first csirs_symbols of the CSI-RS as pairs; both ends know these signals."""
        return CsirsSignals(*(to_pairs(signal[:csirs_symbols]) for signal in self.signals()))

    def forward(
        self,
        paths: PathDrops,
        csirs_symbols: int,
        noise_power: float | Tensor,
        generator: torch.Generator,
    ) -> Tensor:
        """Return the received CSI-RS Y_p as pairs (batch, K, N_c, N_RF, L, 2).

        csirs_symbols: how many of the L symbols are sent, from the first on; the rest is zero.
        noise_power: sigma^2 at one UE antenna for a transmit power of 1 at the BS, () or (batch,);
        zero switches the noise off.
        """
        max_symbols = self.baseband.shape[0]
        analog, baseband, combiner = (signal[:csirs_symbols] for signal in self.signals())
        received = downlink_csirs(paths, analog, baseband, combiner, self.channel)
        # Drawn even where the noise power is zero, so that later draws do not depend on it.
        antenna_noise = complex_normal(
            (*received.shape[:3], csirs_symbols, self.channel.ue_antennas), generator, received.device
        )
        deviation = torch.as_tensor(noise_power, dtype=torch.float32, device=received.device).sqrt()
        received = received + deviation.reshape(-1, 1, 1, 1, 1) * torch.einsum(
            "lrt,bknlt->bknrl", combiner, antenna_noise
        )
        return nn.functional.pad(to_pairs(received), (0, 0, 0, max_symbols - csirs_symbols))


def _uniform_phases(*shape: int) -> Tensor:
    return (torch.rand(*shape) * 2 - 1) * math.pi
