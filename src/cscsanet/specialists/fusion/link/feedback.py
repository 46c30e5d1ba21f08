"""The feedback of a UE: what it received on each port, as digits of two bits, of which every prefix is a message.

A precoder does not depend on a phase that all gains of a UE have in common, so phases are those relative to the first port.
Phases and amplitudes become positions in [0, 1) and base-4 digits (`networks/beamspace/direction_code`):

    phase        t = angle(y_p conj(y_1)) / 2 pi
    amplitude    t = 1 - exp(-(c |y_p|^2 / p)^q)

With c = q = 1 amplitudes are uniform where y is CN(0, p). With weak SRS some ports are on no path, and a flatter law tells
weak amplitudes apart. Where both links have one carrier, clear SRS show the amplitudes, and phases come first; else they
take turns.

Axes: batch; K users, P ports of a user, D digits, F features of a codeword, B = 2 F bits.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from cscsanet.networks.beamspace.direction_code import DIGITS, from_digits, to_digits
from cscsanet.networks.quantiser import BITS_PER_FEATURE, dequantise, quantise
from cscsanet.specialists.fusion.link.operating_point import Conditions

# Phases come first from these on: rho, and the SNR of the SRS [dB].
RECIPROCAL, CLEAR_DB = 0.7, -7.0
_EDGE = 1e-4  # of positions, which end below one
_LEAST = 1e-9  # of a power, whose root has a gradient
_FLAT = (0.5, 2.25)  # exponent and scale with weak SRS


class AmplitudeLaw(NamedTuple):
    """p, q and c of the positions of amplitudes."""

    mean_power: float
    exponent: float = 1.0
    scale: float = 1.0

    def position(self, power: Tensor) -> Tensor:
        """Return t of |y|^2."""
        return -torch.expm1(-(self.scale * power / self.mean_power + _LEAST).pow(self.exponent))

    def power(self, position: Tensor) -> Tensor:
        """Return |y|^2 of t."""
        root = -torch.log1p(-position.clamp(_EDGE, 1 - _EDGE))
        return self.mean_power / self.scale * root.pow(1 / self.exponent)


class PortReports(NamedTuple):
    """What the bits say of each port.

    phase: [cycles], relative to the first port, and its cell's width, one where nothing is known; amplitude: position t of
    the amplitude, and its cell's width. All (batch, K, P).
    """

    phase: Tensor
    phase_width: Tensor
    amplitude: Tensor
    amplitude_width: Tensor


def phases_come_first(conditions: Conditions) -> bool:
    """Whether the SRS show amplitudes well enough, on the carrier of the downlink, for phases to be sent first."""
    return bool(conditions.rho.mean() >= RECIPROCAL and conditions.srs_snr_db.mean() >= CLEAR_DB)


def amplitude_law(conditions: Conditions, mean_power: float) -> AmplitudeLaw:
    """Return the law of amplitudes under conditions, which both ends know."""
    clear = bool(conditions.srs_snr_db.mean() >= CLEAR_DB)
    return AmplitudeLaw(mean_power) if clear else AmplitudeLaw(mean_power, *_FLAT)


def order(ports: int, *, phases_first: bool) -> list[tuple[str, int, int]]:
    """Return (parameter, port, digit) of each feature, in the order in which they are sent."""
    phases = [[("phase", port, digit) for port in range(1, ports)] for digit in range(DIGITS)]
    amplitudes = [[("amplitude", port, digit) for port in range(ports)] for digit in range(DIGITS)]
    if phases_first:
        rounds = [phases[0], phases[1], amplitudes[0], phases[2], amplitudes[1]]
        rounds += [part for digit in range(2, DIGITS - 1) for part in (phases[digit + 1], amplitudes[digit])]
        rounds += [amplitudes[-1]]
    else:
        rounds = [part for pair in zip(phases, amplitudes, strict=True) for part in pair]
    return [feature for part in rounds for feature in part]


def positions(observed: Tensor, law: AmplitudeLaw) -> tuple[Tensor, Tensor]:
    """Return the positions of phases and amplitudes (batch, K, P) in [0, 1). observed: y (batch, K, P)."""
    relative = observed * observed[..., :1].conj()
    phase = torch.atan2(relative.imag, relative.real + 1e-20) / (2 * math.pi)
    power = observed.real.square() + observed.imag.square()
    return torch.remainder(phase, 1.0), law.position(power)


def encode(phase: Tensor, amplitude: Tensor, bits: int, *, phases_first: bool) -> Tensor:
    """Return the bits (batch, K, B) of positions (batch, K, P). Bits that no digit is left for are zero."""
    digits = {
        "phase": to_digits(torch.remainder(phase, 1.0)),
        "amplitude": to_digits(amplitude.clamp(_EDGE, 1 - _EDGE)),
    }
    features = [
        digits[name][..., port, digit]
        for name, port, digit in order(phase.shape[-1], phases_first=phases_first)[: bits // BITS_PER_FEATURE]
    ]
    if not features:
        return phase.new_zeros((*phase.shape[:2], bits))
    sent = quantise(torch.stack(features, dim=-1))
    return functional.pad(sent, (0, bits - sent.shape[-1]))


def decode(bits: Tensor, ports: int, *, phases_first: bool) -> PortReports:
    """Return what bits (batch, K, B) say."""
    features = dequantise(bits)
    count = features.shape[-1]
    sent = order(ports, phases_first=phases_first)[:count]
    column = {feature: index for index, feature in enumerate(sent)}
    # Digits that were not sent read the column after the last.
    places = torch.tensor(
        [
            [[column.get((name, port, digit), count) for digit in range(DIGITS)] for port in range(ports)]
            for name in ("phase", "amplitude")
        ],
        device=bits.device,
    )
    values = functional.pad(features, (0, 1), value=0.5)[..., places]
    active = (places < count).to(values)
    (phase, amplitude) = from_digits(values, active.expand_as(values)).unbind(dim=-2)
    (phase_width, amplitude_width) = (0.25 ** active.sum(dim=-1)).expand(values.shape[:-1]).unbind(dim=-2)
    # The phase of the first port is the reference.
    further = (torch.arange(ports, device=bits.device) > 0).to(values)
    return PortReports(phase * further, phase_width * further, amplitude, amplitude_width)
