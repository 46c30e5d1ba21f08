"""The codebook baseline of the physical layer: path search, beam indices as feedback, steering.

    Y_p[k] -> path search -> AoA of the strongest paths -> their indices in a codebook
                             of 2^b directions = q[k], B bits
                          -> AoD of the strongest paths -> steering vectors = F_RF[k]
    q[1], ..., q[K] -> directions -> steering vectors, or phases of their sum = W_RF

Nothing is learned: the CSI-RS have random phases, and the path search is that of the beamspace
networks. There are two strategies. `user` suits low SNR: chain r points at the strongest path of UE
r, and all streams of a UE at that path's AoD. `path` suits high SNR: chain and stream i point at
the i-th strongest path. Both ends know SNR, L and B, and so the strategy and the number of bits for
each path.

Axes: K users, P paths of each, B feedback bits, N_r / N_t antennas at BS / UE, N_RF chains.
"""

from collections.abc import Sequence
from typing import Literal, Self

import torch
from torch import Tensor, nn

from cscsanet.channel.paths import PathDrops
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.system import ChannelParams, CsaParams
from cscsanet.links.physical_layer import Beams, csirs_noise_power
from cscsanet.links.shared_copy import shared_copy
from cscsanet.networks.beamspace.beam_grid import array_response
from cscsanet.networks.beamspace.beam_head import beam_sum, chirp_of_width, phase
from cscsanet.networks.beamspace.path_search import DetectedPaths, PathSearch
from cscsanet.networks.beamspace.stream_allocation import SWITCH_DB
from cscsanet.networks.bs_csirs_net import BsCsirsNet
from cscsanet.networks.iq import to_complex, unit_modulus

INDEX_BITS = 11  # at most, for one direction: 32 directions in each beam of 64 antennas

Strategy = Literal["user", "path"]
STRATEGIES: tuple[Strategy, ...] = ("user", "path")


class CodebookLayer(nn.Module):
    """CSI-RS of random phases, and beams by index. With `strategy` None the SNR decides."""

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
        """Receive the CSI-RS once and set the beams for each B."""
        detected = self.detect_paths(paths, point, generator)
        strategy = self.strategy or ("user" if point.snr_db < SWITCH_DB else "path")
        return [self.steer(detected, feedback_bits, strategy) for feedback_bits in budgets]

    def with_strategy(self, strategy: Strategy | None) -> Self:
        """Return a copy, weights shared, with a fixed strategy; with None the SNR decides."""
        copied = shared_copy(self)
        copied.strategy = strategy
        return copied

    def detect_paths(
        self, paths: PathDrops, point: OperatingPoint, generator: torch.Generator
    ) -> list[DetectedPaths]:
        """Return the paths that each UE detects in its received CSI-RS."""
        received = self.csirs(paths, point.csirs_symbols, csirs_noise_power(point, self.channel), generator)
        sent = received[..., : point.csirs_symbols, :]
        csirs_signals = self.csirs.csirs_signals(point.csirs_symbols)
        return [self.search(sent[:, user], csirs_signals) for user in range(self.channel.users)]

    def bit_allocation(self, feedback_bits: int, strategy: Strategy) -> tuple[int, int]:
        """Return the number of reported paths of each UE, and the number of bits for each path."""
        reported = 1 if strategy == "user" else self.search.paths
        return reported, min(feedback_bits // reported, INDEX_BITS)

    def steer(self, detected: Sequence[DetectedPaths], feedback_bits: int, strategy: Strategy) -> Beams:
        """Set the beams at both ends, with `feedback_bits` bits of indices from each UE."""
        reported, width = self.bit_allocation(feedback_bits, strategy)
        words = [to_index(ue.aoa[:, :reported], width).flatten(1) for ue in detected]
        bits = nn.functional.pad(torch.stack(words, dim=1), (0, feedback_bits - reported * width))
        return Beams(
            torch.stack([self.precoder(ue, strategy) for ue in detected], dim=1),
            self.combiner(bits, reported, width),
            bits,
        )

    def precoder(self, detected: DetectedPaths, strategy: Strategy) -> Tensor:
        """Return F_RF (batch, N_t, streams) of one UE."""
        streams = range(self.channel.rf_chains)
        chosen = detected.aod[:, [0 if strategy == "user" else stream for stream in streams]]
        return to_complex(array_response(chosen, self.channel.ue_antennas)).transpose(1, 2)

    def combiner(self, bits: Tensor, reported: int, width: int) -> Tensor:
        """Return W_RF (batch, chains, N_r), from the bits (batch, K, B) alone.

        reported, width: the numbers of `bit_allocation`.
        """
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
        # W is applied as W y, without conjugation, so its rows are conjugate steering vectors.
        summed = beam_sum(directions, weights.unsqueeze(0), chirp, self.channel.bs_antennas)
        return unit_modulus(-phase(summed))


def to_index(direction: Tensor, width: int) -> Tensor:
    """Return the index bits (..., width) of each direction u (...), most significant first."""
    cells = 2**width
    index = ((direction + 1) / 2 * cells).floor().long().clamp(0, cells - 1)
    shifts = torch.arange(width - 1, -1, -1, device=direction.device)
    bits: Tensor = (index.unsqueeze(-1) >> shifts) & 1
    return bits.to(direction.dtype)


def from_index(bits: Tensor) -> Tensor:
    """Return the centre u (...) of the cell with the index bits (..., width)."""
    width: int = bits.shape[-1]
    place_values = torch.exp2(torch.arange(width - 1, -1, -1, device=bits.device, dtype=bits.dtype))
    index: Tensor = (bits * place_values).sum(dim=-1)
    return (2 * index + 1) / float(2**width) - 1
