"""Fusion without learning: LMMSE of the paths' gains from SRS and quantised CSI-RS, then the SLNR precoder.

Two kinds of feedback. `quantised`: real and imaginary part of each port by uniform quantisers that are optimal for a normal
law (J. Max, 1960). `relative`: phases relative to the first port and amplitudes, as digits (`feedback`): a common phase costs
no bits, and neither do amplitudes that the SRS show.

Axes: batch; K users, P ports.
"""

import torch
from torch import Tensor

from cscsanet.specialists.fusion.link.belief import PathBelief, ports_on, strongest
from cscsanet.specialists.fusion.link.csirs import Ports, mixing, observe
from cscsanet.specialists.fusion.link.feedback import (
    PortReports,
    amplitude_law,
    decode,
    encode,
    positions,
)
from cscsanet.specialists.fusion.link.fused import existence_after, expected_power, fused, observations
from cscsanet.specialists.fusion.link.seen import Seen

# Steps of the optimal uniform quantiser of a normal law of unit variance, by bits (Max, 1960, table II).
STEPS = {1: 1.596, 2: 0.9957, 3: 0.5860, 4: 0.3352, 5: 0.1881, 6: 0.1041, 7: 0.05687, 8: 0.03076}
# Their mean squared errors, of the same table.
ERRORS = {1: 0.3634, 2: 0.1188, 3: 0.03744, 4: 0.01154, 5: 0.003495, 6: 0.001041, 7: 3.035e-4, 8: 8.714e-5}


def confident(seen: Seen, threshold: float | None) -> PathBelief:
    """Return what the SRS say, without paths that noise may have made: those of less power than so often their variance.

    threshold: None: no path is left out, and the power of each is weighted by the probability that it is one.
    """
    if threshold is None:
        exists = seen.air.existence(seen.srs_paths, seen.conditions).reshape(seen.belief.mean.shape)
        return seen.belief.scaled(exists.sqrt())
    paths = seen.srs_paths
    power = paths.gain.real.square() + paths.gain.imag.square()
    variance = paths.covariance.diagonal(dim1=-2, dim2=-1).real
    kept = (power > threshold * variance).to(power)
    covariance = paths.covariance * kept.unsqueeze(-1) * kept.unsqueeze(-2)
    belief = seen.air.belief(paths._replace(gain=paths.gain * kept, covariance=covariance), seen.conditions)
    kept = kept.reshape(belief.mean.shape)
    return belief._replace(covariance=belief.covariance * kept.unsqueeze(-1) * kept.unsqueeze(-2))


def port_scales(seen: Seen, ports: int, threshold: float | None) -> tuple[float, ...]:
    """Return the standard deviation of a real part of what each port receives, over some drops of all users."""
    received = _received(seen, ports_on(confident(seen, threshold), ports))
    power = (received.real.square() + received.imag.square()).mean(dim=(0, 1))
    return tuple((power / 2).sqrt().tolist())


def quantised_fusion(
    seen: Seen, ports: int, bits: int, threshold: float | None, scales: tuple[float, ...] = ()
) -> Tensor:
    """Return precoders (batch, N_c, M, K). ports: that are fed back. bits: of a real part, 0: no feedback.

    scales: of the ports, which both ends know; see `port_scales`.
    """
    belief = confident(seen, threshold)
    if not bits:
        return belief.precoders(seen.load)
    chosen = ports_on(belief, ports)
    received = _received(seen, chosen)
    scale = received.real.new_tensor(scales)
    sent = torch.complex(uniform(received.real, scale, bits), uniform(received.imag, scale, bits))
    variance = 2 * ERRORS[bits] * scale.square() + seen.noise
    through = mixing(chosen, belief.steering, belief.ramp)
    return belief.updated(through, sent, variance.expand_as(sent.real)).precoders(seen.load)


def uniform(values: Tensor, scale: Tensor, bits: int) -> Tensor:
    """Quantise values to 2^bits levels. scale: their standard deviation."""
    step, levels = STEPS[bits] * scale, 2**bits
    index = (values / step + levels / 2).floor().clamp(0, levels - 1)
    sent: Tensor = (index + 0.5 - levels / 2) * step
    return sent


def relative_fusion(seen: Seen, ports: int, threshold: float | None, *, phases_first: bool) -> Tensor:
    """Return precoders (batch, N_c, M, K). ports: that are fed back."""
    belief = confident(seen, threshold)
    if not seen.bits:
        return belief.precoders(seen.load)
    chosen = ports_on(belief, ports)
    law = amplitude_law(seen.conditions, seen.air.mean_power)
    sent = encode(*positions(_received(seen, chosen), law), seen.bits, phases_first=phases_first)
    reports = decode(sent, ports, phases_first=phases_first)
    if threshold is None:
        belief = _reweighted(seen, belief, reports)
    through = mixing(chosen, belief.steering, belief.ramp)
    observed = observations(reports, expected_power(belief, through), law, seen.noise)
    return fused(belief, through, observed).precoders(seen.load)


def _reweighted(seen: Seen, belief: PathBelief, reports: PortReports) -> PathBelief:
    """Return the belief with the probabilities of paths after reports."""
    exists = seen.air.existence(seen.srs_paths, seen.conditions).reshape(belief.mean.shape)
    on_path = strongest(belief, reports.phase.shape[-1])
    power = (seen.belief.power * seen.air.sector.antennas).gather(-1, on_path)
    law = amplitude_law(seen.conditions, seen.air.mean_power)
    after = existence_after(exists, on_path, power, reports, law, seen.noise)
    return seen.belief.scaled(after.sqrt())


def _received(seen: Seen, ports: Ports) -> Tensor:
    noise = seen.drops.noise[..., : ports.beam.shape[2]]
    return observe(ports, seen.drops.channel, seen.conditions.dl_snr, noise)
