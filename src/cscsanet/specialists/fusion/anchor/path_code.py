"""A code of many bits: digits of both directions, of the ratio of the gains, and of the phase between them.

A phase that both gains have in common changes no precoder, and is not sent. The ratio of the powers of two exponential gains,
the weaker over the stronger, has the distribution 2 x / (1 + x), whose quantiles are the levels. A user tries the cells about
its directions with every ratio and phase, and sends what its knowledge holds most energy of.

Axes: N users, M antennas, r eigenvectors, J pairs of a ratio and a phase, S points of a cell.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from cscsanet.channel.multiuser.slnr import Belief, slnr_precoder
from cscsanet.specialists.fusion.anchor.cell import EDGE, AnchorCell, centred_steering
from cscsanet.specialists.fusion.anchor.ue_posterior import UeKnowledge, scaled_load

_NEAR = torch.tensor([-1, 0, 1])  # cells to try about each direction
_POINTS = (
    torch.tensor([-1.0, 0.0, 1.0]) * math.sqrt(1 / 2) / 2
)  # of a cell of length 1, with its variance 1 / 12
_MOST_BITS = 32  # more change nothing: the cells are then far below the errors of a user


class Allocation(NamedTuple):
    """The bits of the direction of the stronger path, of the weaker one, of the ratio, and of the phase."""

    stronger: int
    weaker: int
    ratio: int
    phase: int


class PathCode:
    """A code with an allocation of bits."""

    def __init__(self, allocation: Allocation, cell: AnchorCell) -> None:
        self.used_bits = sum(allocation)
        self.name = "paths, bits " + " ".join(map(str, allocation))
        self._allocation, self._cell = allocation, cell
        self._load = scaled_load(cell, 1.0)
        self._ratios = ratio_levels(allocation.ratio)
        self._phases = (torch.arange(2**allocation.phase) + 0.5) / 2**allocation.phase * 2 * math.pi

    def encode(self, knowledge: UeKnowledge, user: int) -> Tensor:
        """Return the messages (N,) of users."""
        cells = [nearby(knowledge.sines[:, path], self._allocation[path]) for path in range(2)]
        vectors = [
            centred_steering(centre(each, bits), self._cell.antennas)
            for each, bits in zip(cells, self._allocation[:2], strict=True)
        ]
        seen = [vector @ knowledge.factor.conj() for vector in vectors]
        alone = [each.abs().square().sum(dim=-1) for each in seen]
        shared = seen[0].conj() @ seen[1].mT
        overlap = vectors[0].conj() @ vectors[1].mT
        weight = torch.polar(*torch.meshgrid(self._ratios, self._phases, indexing="ij")).flatten()
        power = weight.abs().square()
        energy = alone[0][:, :, None, None] + alone[1][:, None, :, None] * power
        energy = energy + 2 * (shared.unsqueeze(-1) * weight).real
        norm = self._cell.antennas * (1 + power) + 2 * (overlap.unsqueeze(-1) * weight).real
        best = (energy / norm).flatten(1).argmax(dim=-1)
        pair, gain = best // len(weight), best % len(weight)
        fields = (
            cells[0].gather(1, (pair // len(_NEAR)).unsqueeze(-1)).squeeze(-1),
            cells[1].gather(1, (pair % len(_NEAR)).unsqueeze(-1)).squeeze(-1),
            gain // len(self._phases),
            gain % len(self._phases),
        )
        return pack(fields, self._allocation)

    def precoders(self, messages: Tensor) -> Tensor:
        """Return precoders (drops, M, K) from messages (drops, K)."""
        belief = self.belief(messages)
        return slnr_precoder(belief, self._load.expand(len(messages)))

    def belief(self, messages: Tensor) -> Belief:
        """Return what the BS believes (drops, K): S points of the cell of each path, and moments between all points."""
        stronger, weaker, ratio, phase = unpack(messages, self._allocation)
        sines = [
            centre(index, bits).unsqueeze(-1) + 2 * EDGE / 2**bits * _POINTS
            for index, bits in zip((stronger, weaker), self._allocation[:2], strict=True)
        ]
        steering = centred_steering(torch.cat(sines, dim=-1), self._cell.antennas)
        points = len(_POINTS)
        amplitude = torch.stack((torch.ones_like(self._ratios[ratio]), self._ratios[ratio]), dim=-1)
        amplitude = amplitude / amplitude.norm(dim=-1, keepdim=True)
        # Within its cell a phase is uniform, so the mean of its phasor is shorter than one.
        half = math.pi / 2**self._allocation.phase
        coherence = math.sin(half) / half
        product = amplitude.prod(dim=-1) * coherence / points**2
        between = torch.polar(product, -self._phases[phase])[..., None, None].expand(
            *messages.shape, points, points
        )
        same = torch.eye(points) * (amplitude.square() / points)[..., None, None] + 0j
        rows = (
            torch.cat((same[..., 0, :, :], between), dim=-1),
            torch.cat((between.mH, same[..., 1, :, :]), dim=-1),
        )
        covariance = torch.cat(rows, dim=-2)
        return Belief(steering, torch.zeros_like(covariance[..., 0]), covariance)


def allocations(bits: int) -> list[Allocation]:
    """Return the allocations of B bits, or of as many as change anything, that are worth a trial."""
    total = min(bits, _MOST_BITS)
    result = []
    for ratio in range(4):
        for phase in range(max(ratio, 1), 6):
            left = total - ratio - phase
            if left >= 2:
                result.append(Allocation(left - left // 2, left // 2, ratio, phase))
    return result


def ratio_levels(bits: int) -> Tensor:
    """Return the amplitude of the weaker path over the stronger one at 2^bits quantiles.

    >>> ratio_levels(1).square()
    tensor([0.1429, 0.6000])
    """
    share = (torch.arange(2**bits) + 0.5) / float(2**bits)
    return torch.sqrt(share / (2 - share))


def nearby(sines: Tensor, bits: int) -> Tensor:
    """Return the cell of each sine (N,) and its neighbours (N, 3)."""
    inside = ((sines / EDGE + 1) * 2.0 ** (bits - 1)).floor().long()
    last = 2**bits - 1
    return torch.clamp(inside.clamp(0, last).unsqueeze(-1) + _NEAR, 0, last)


def centre(index: Tensor, bits: int) -> Tensor:
    """Return the sine in the middle of a cell (...)."""
    unit: Tensor = (index + 0.5) * 2.0 ** (1 - bits) - 1
    return EDGE * unit


def pack(fields: tuple[Tensor, ...], allocation: Allocation) -> Tensor:
    """Return the message of fields (...), each of its bits, one behind the other."""
    message = torch.zeros_like(fields[0])
    for field, bits in zip(fields, allocation, strict=True):
        message = (message << bits) | field
    return message


def unpack(message: Tensor, allocation: Allocation) -> tuple[Tensor, ...]:
    """Return the fields (...) of messages, the inverse of `pack`."""
    fields = []
    for bits in reversed(allocation):
        fields.append(message & (2**bits - 1))
        message = message >> bits
    return tuple(reversed(fields))
