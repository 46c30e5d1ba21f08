"""The codebook baseline of the physical layer: matched filter, beam indices as feedback, steering at both ends.

    Y_p[k] -> path search -> AoA of the strongest paths -> their indices in a codebook of 2^b directions = q[k], B bits
                          -> AoD of the strongest paths -> steering vectors = F_RF[k]
    q[1], ..., q[K] -> directions -> steering vectors, or phases of their sum = W_RF

Nothing is learned: CSI-RS of random phases, the same search as the beamspace networks start from, and the two
strategies of `channel/strategies`: `user`, chain r on the strongest path of UE r and all streams on its AoD, for low
SNR; `path`, chain and stream i on the i-th strongest path, for high SNR. Both ends know SNR, L and B, hence the
strategy and how the bits are shared between paths.

Axes: K users, P paths of each, B feedback bits, N_r / N_t antennas at BS / UE, N_RF chains.
"""

import copy
from collections.abc import Sequence
from typing import Literal, Self

import torch
from torch import Tensor, nn

from cscsanet.channel.paths import PathDrops
from cscsanet.links.physical_layer import Beams, csirs_noise_power
from cscsanet.networks.beam_grid import array_response
from cscsanet.networks.beam_head import beam_sum, chirp_of_width, phase
from cscsanet.networks.bs_csirs_net import BsCsirsNet
from cscsanet.networks.complex_pairs import to_complex, unit_modulus
from cscsanet.networks.path_search import FoundPaths, PathSearch
from cscsanet.networks.strategy_gate import SWITCH_DB
from cscsanet.params import ChannelParams, CsaParams
from cscsanet.points import OperatingPoint

INDEX_BITS = 11  # of one direction at most: 32 directions to a beam of 64 antennas

Strategy = Literal["user", "path"]
STRATEGIES: tuple[Strategy, ...] = ("user", "path")


class CodebookLayer(nn.Module):
    """CSI-RS of random phases, and beams by index; `strategy` None follows the SNR."""

    def __init__(
        self,
        channel: ChannelParams,
        params: CsaParams,
        csirs_symbols: int,
        strategy: Strategy | None = None,
    ) -> None:
        super().__init__()
        self.channel = channel
        self.strategy = strategy
        self.csirs = BsCsirsNet(channel, csirs_symbols)
        self.search = PathSearch(channel, params.aoa_beams, params.aod_beams)
        self.requires_grad_(False)

    def forward(self, paths: PathDrops, point: OperatingPoint, generator: torch.Generator) -> Beams:
        """Set the beams for a batch of drops, at the L, B and SNR of the point."""
        return self.at_budgets(paths, point, (point.feedback_bits,), generator)[0]

    def at_budgets(
        self, paths: PathDrops, point: OperatingPoint, budgets: Sequence[int], generator: torch.Generator
    ) -> list[Beams]:
        """Sound the channel once and set the beams for each of several B."""
        found = self.find(paths, point, generator)
        strategy = self.strategy or ("user" if point.snr_db < SWITCH_DB else "path")
        return [self.steer(found, feedback_bits, strategy) for feedback_bits in budgets]

    def playing(self, strategy: Strategy | None) -> Self:
        """Return the same layer with a strategy of its own; None follows the SNR."""
        other = copy.copy(self)
        other.strategy = strategy
        return other

    def under(self, channel: ChannelParams) -> Self:
        """Return the same layer under another power of the CSI-RS."""
        other = copy.copy(self)
        other.channel = channel
        return other

    def find(self, paths: PathDrops, point: OperatingPoint, generator: torch.Generator) -> list[FoundPaths]:
        """Return what each UE finds in the CSI-RS it receives."""
        received = self.csirs(paths, point.csirs_symbols, csirs_noise_power(point, self.channel), generator)
        heard = received[..., : point.csirs_symbols, :]
        sounding = self.csirs.sounding(point.csirs_symbols)
        return [self.search(heard[:, user], sounding) for user in range(self.channel.users)]

    def shared(self, feedback_bits: int, strategy: Strategy) -> tuple[int, int]:
        """Return how many paths of a UE are reported, and with how many bits each."""
        reported = 1 if strategy == "user" else self.search.paths
        return reported, min(feedback_bits // reported, INDEX_BITS)

    def steer(self, found: Sequence[FoundPaths], feedback_bits: int, strategy: Strategy) -> Beams:
        """Feed indices back in `feedback_bits` bits of each UE and point both ends."""
        reported, width = self.shared(feedback_bits, strategy)
        words = [to_index(ue.aoa[:, :reported], width).flatten(1) for ue in found]
        bits = nn.functional.pad(torch.stack(words, dim=1), (0, feedback_bits - reported * width))
        return Beams(
            torch.stack([self._precoder(ue, strategy) for ue in found], dim=1),
            self._combiner(bits, reported, width),
            bits,
        )

    def _precoder(self, found: FoundPaths, strategy: Strategy) -> Tensor:
        """F_RF (batch, N_t, streams) of one UE."""
        streams = range(self.channel.rf_chains)
        chosen = found.aod[:, [0 if strategy == "user" else stream for stream in streams]]
        return to_complex(array_response(chosen, self.channel.ue_antennas)).transpose(1, 2)

    def _combiner(self, bits: Tensor, reported: int, width: int) -> Tensor:
        """W_RF (batch, chains, N_r), from the bits alone."""
        users, chains = self.channel.users, self.channel.rf_chains
        words = bits[..., : reported * width].reshape(*bits.shape[:2], reported, width)
        weights = bits.new_zeros(chains, users, reported)
        for chain in range(chains):
            if reported == 1:
                weights[chain, chain % users, 0] = 1
            else:
                weights[chain, :, chain % reported] = 1 / users
        weights = torch.stack((weights, torch.zeros_like(weights)), dim=-1).flatten(1, 2)
        directions = from_index(words).flatten(1)
        chirp = chirp_of_width(torch.full_like(directions, 2 * 2.0**-width), self.channel.bs_antennas)
        # W is applied as W y, without a further conjugate: its rows are conjugate steering vectors.
        summed = beam_sum(directions, weights.unsqueeze(0), chirp, self.channel.bs_antennas)
        return unit_modulus(-phase(summed))


def to_index(direction: Tensor, width: int) -> Tensor:
    """Return the bits (..., width), most significant first, of the cell that holds each direction u (...)."""
    cells = 2**width
    index = ((direction + 1) / 2 * cells).floor().long().clamp(0, cells - 1)
    places = torch.arange(width - 1, -1, -1, device=direction.device)
    bits: Tensor = (index.unsqueeze(-1) >> places) & 1
    return bits.to(direction.dtype)


def from_index(bits: Tensor) -> Tensor:
    """Return the middle u (...) of the cell that the bits (..., width) name."""
    width: int = bits.shape[-1]
    places = torch.exp2(torch.arange(width - 1, -1, -1, device=bits.device, dtype=bits.dtype))
    index: Tensor = (bits * places).sum(dim=-1)
    return (2 * index + 1) / float(2**width) - 1
