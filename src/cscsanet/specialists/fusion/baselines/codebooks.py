"""Feedback by 3GPP codebooks, and zero forcing on the channels that it describes (TS 38.214, 5.2.2.2.5 and 5.2.2.2.6).

    etype2            Rel. 16: DFT beams and delay taps, common to all coefficients of a UE; the UE hears every antenna
    port selection    Rel. 17: some of the P ports, whose beams and delays the BS has from the SRS

Both send the strongest coefficient as a reference, and of each further one an amplitude of 3 bits and a phase of 4.

Axes: batch; K users, N_c subcarriers, M antennas, P ports, T beams or taps.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor

from cscsanet.channel.multiuser.downlink import rzf
from cscsanet.channel.steering import cis_cycles
from cscsanet.specialists.fusion.link.belief import ports_on
from cscsanet.specialists.fusion.link.csirs import observe
from cscsanet.specialists.fusion.link.seen import Seen

_OVERSAMPLING = 4
_AMPLITUDE_BITS, _PHASE_BITS = 3, 4


class Etype2(NamedTuple):
    """Numbers of beams, of delay taps, and of coefficients that are not zero."""

    beams: int
    taps: int
    coefficients: int

    def bits(self, antennas: int, subcarriers: int) -> int:
        """Return the bits of a report."""
        rotation = _bits(_OVERSAMPLING)
        beams = _bits(math.comb(antennas, self.beams))
        # The tap of the strongest coefficient is the first one.
        taps = _bits(math.comb(subcarriers - 1, self.taps - 1))
        bitmap = self.beams * self.taps if self.beams * self.taps > 1 else 0
        return rotation + beams + taps + bitmap + _of_coefficients(self.coefficients)


def selection_bits(ports: int, chosen: int) -> int:
    """Return the bits of a report of port selection."""
    return (ports if ports > 1 else 0) + _of_coefficients(chosen)


def etype2_precoders(seen: Seen, kind: Etype2) -> Tensor:
    """Return precoders (batch, N_c, M, K). The UE hears the CSI-RS of every antenna on every subcarrier."""
    channel = seen.drops.channel.transpose(1, 2)
    received = channel + seen.drops.antenna_noise / seen.conditions.dl_snr.sqrt().reshape(-1, 1, 1, 1)
    antennas, subcarriers = channel.shape[-1], channel.shape[-2]
    sines = (torch.arange(antennas) + torch.arange(_OVERSAMPLING).unsqueeze(1) / _OVERSAMPLING) * 2 / antennas
    # (rotations, beams, M)
    bases = cis_cycles(sines.unsqueeze(-1) * torch.arange(antennas) / 2) / antennas**0.5
    by_beam = torch.einsum("bknm,rjm->bkrnj", received, bases.conj())
    energy = by_beam.abs().square().sum(dim=3)
    strongest = energy.topk(kind.beams, dim=-1)
    rotation = strongest.values.sum(dim=-1).argmax(dim=-1)
    pick = rotation.unsqueeze(-1)
    beams = strongest.indices.gather(2, pick.unsqueeze(-1).expand(-1, -1, -1, kind.beams)).squeeze(2)
    of_rotation = by_beam.gather(
        2, rotation[:, :, None, None, None].expand(-1, -1, -1, *by_beam.shape[3:])
    ).squeeze(2)
    chosen = of_rotation.gather(3, beams.unsqueeze(2).expand(-1, -1, subcarriers, -1))
    over_delay = torch.fft.ifft(chosen, dim=2)
    taps = over_delay.abs().square().sum(dim=3).topk(kind.taps, dim=2).indices
    table = over_delay.gather(2, taps.unsqueeze(-1).expand(-1, -1, -1, kind.beams))
    sent = reported(table.flatten(2), kind.coefficients).reshape(table.shape)
    tones = cis_cycles(-taps.unsqueeze(2) * torch.arange(subcarriers).reshape(1, 1, -1, 1) / subcarriers)
    vectors = bases[rotation.unsqueeze(-1), beams]
    return _zero_forcing(seen, tones @ sent @ vectors)


def port_selection_precoders(seen: Seen, ports: int, chosen: int) -> Tensor:
    """Return precoders (batch, N_c, M, K) of `chosen` of so many ports on what SRS show."""
    beams = ports_on(seen.belief, ports)
    received = observe(beams, seen.drops.channel, seen.conditions.dl_snr, seen.drops.noise[..., :ports])
    sent = reported(received, chosen)
    # Each port is one path: its beam and its delay.
    return _zero_forcing(seen, (sent.unsqueeze(2) * beams.ramp.mT) @ beams.beam.conj())


def reported(coefficients: Tensor, count: int) -> Tensor:
    """Return the quantised coefficients (..., T) over the strongest one: the `count` strongest, others zero."""
    magnitude = coefficients.abs()
    strongest = magnitude.argmax(dim=-1, keepdim=True)
    relative = coefficients / coefficients.gather(-1, strongest)
    # Amplitudes go down by 3 dB a level.
    level = (-2 * relative.abs().clamp_min(1e-9).log2()).round().clamp(0, 2**_AMPLITUDE_BITS - 1)
    step = 2 * math.pi / 2**_PHASE_BITS
    quantised = torch.polar(2 ** (-level / 2), (relative.angle() / step).round() * step)
    order = magnitude.argsort(dim=-1, descending=True).argsort(dim=-1)
    return torch.where(order < count, quantised, torch.zeros_like(quantised))


def _zero_forcing(seen: Seen, described: Tensor) -> Tensor:
    """Return precoders of regularised zero forcing on what is described of the channels (batch, K, N_c, M).

    It is scaled to the mean power of all channels, as the reports are relative.
    """
    power = described.abs().square().mean(dim=(2, 3), keepdim=True)
    channel = (described / power.sqrt().clamp_min(1e-9)).transpose(1, 2)
    snr = seen.conditions.dl_snr.unsqueeze(1).expand(-1, channel.shape[1])
    return rzf(channel, snr)


def _bits(choices: int) -> int:
    return math.ceil(math.log2(choices))


def _of_coefficients(count: int) -> int:
    return _bits(count) + (count - 1) * (_AMPLITUDE_BITS + _PHASE_BITS)
