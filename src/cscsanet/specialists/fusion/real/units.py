"""The three units of the fusion precoder in real numbers, each of one station.

    fusion_ports   BS: paths and SRS -> ports of CSI-RS
    fusion_ue      UE: what one user received on its ports -> bits
    fusion_bs      BS: paths, SRS, ports, bits of all users -> precoders

The paths are those that the matching pursuit of `link.srs_search` gives for the SRS. It is signal processing without
anything learned, and stays outside. P, B and K are those of one point, and so are the order of the bits and the law of
amplitudes, which change with the conditions.

Axes: batch; K users, L paths, P ports, N_c subcarriers, N_s sounded ones, M antennas; 2 for a pair.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from cscsanet.specialists.fusion.link.feedback import (
    AmplitudeLaw,
    amplitude_law,
    decode,
    encode,
    phases_come_first,
)
from cscsanet.specialists.fusion.link.fused import existence_after
from cscsanet.specialists.fusion.link.numbers import numbers_of_conditions, numbers_of_ports
from cscsanet.specialists.fusion.link.operating_point import Conditions
from cscsanet.specialists.fusion.link.seen import Air
from cscsanet.specialists.fusion.real.belief import (
    RealBelief,
    RealConditions,
    RealPorts,
    real_aged,
    real_expected_power,
    real_fused,
    real_mixing,
    real_observations,
    real_positions,
)
from cscsanet.specialists.fusion.real.pairs import pair, power, product
from cscsanet.specialists.fusion.real.projection import (
    RealProjection,
    real_existence,
    real_numbers_of_both,
    real_numbers_of_paths,
)
from cscsanet.specialists.fusion.system import EDGE, MOST_MIXTURE, FusionSystem


class RealPaths(NamedTuple):
    """The paths that the search gives: sine, delay (batch, K, L), gain (batch, K, L, 2), covariance (batch, K, L, L, 2)."""

    sine: Tensor
    delay: Tensor
    gain: Tensor
    covariance: Tensor


class Agreed(NamedTuple):
    """What both ends know of the feedback: B, whether phases come first, and the law of amplitudes."""

    bits: int
    phases_first: bool
    law: AmplitudeLaw

    @classmethod
    def at(cls, bits: int, conditions: Conditions, air: Air) -> "Agreed":
        """Return what is agreed under conditions."""
        return cls(bits, phases_come_first(conditions), amplitude_law(conditions, air.mean_power))


class RealKnowledge(NamedTuple):
    """`BsKnowledge` as pairs, without the load and the share of the SRS branch."""

    belief: RealBelief
    exists: Tensor
    tokens: Tensor
    mixture: Tensor


class FusionUe(nn.Module):
    """One UE: bits (batch, B), uint8, of what it received (batch, P, 2). dl_snr_db: (batch,)."""

    def __init__(self, system: FusionSystem, agreed: Agreed) -> None:
        super().__init__()
        self.ue, self.agreed = system.ue, agreed

    def forward(self, received: Tensor, dl_snr_db: Tensor) -> Tensor:
        """Return the bits."""
        place = real_positions(received.unsqueeze(1), self.agreed.law)
        phase, amplitude = self.ue(*place, dl_snr_db, self.agreed.bits)
        sent = encode(phase, amplitude, self.agreed.bits, phases_first=self.agreed.phases_first)
        return sent.squeeze(1).to(torch.uint8)


class _Bs(nn.Module):
    """What both units of the BS know after the SRS."""

    def __init__(self, system: FusionSystem, air: Air) -> None:
        super().__init__()
        self.air, self.srs = air, system.srs
        self.projection = RealProjection(system.projection)

    def after_srs(self, paths: RealPaths, srs: Tensor, conditions: Conditions) -> RealKnowledge:
        """Return what the SRS say, as `FusionSystem.after_srs`. srs: (batch, K, N_s, M, 2)."""
        sector = self.air.sector
        prior = real_aged(*paths, conditions, sector.carrier_ghz, (sector.antennas, sector.subcarriers))
        exists = real_existence(self.air, paths.gain, paths.covariance, conditions)
        exists = exists.clamp(EDGE, 1 - EDGE)
        local = self.projection(srs.flatten(0, 1), paths.sine.flatten(0, 1), paths.delay.flatten(0, 1))
        local = torch.unflatten(local, 0, (-1, sector.users))
        tokens = torch.cat((real_numbers_of_paths(prior, exists), local), dim=-1)
        known = numbers_of_conditions(self.air, conditions, tokens)
        learned = self.srs(torch.cat((tokens, known), dim=-1))
        exists = (exists.logit() + learned[..., 0]).sigmoid()
        belief = prior.scaled((exists * learned[..., 1].exp()).sqrt())
        return RealKnowledge(belief, exists, tokens, learned[..., 4:])


class FusionPorts(_Bs):
    """The ports of all users, before they report."""

    def __init__(self, system: FusionSystem, air: Air, ports: int) -> None:
        super().__init__(system, air)
        self.ports, self.mixes = ports, system.params.ports == "learned"

    def forward(
        self,
        sine: Tensor,
        delay: Tensor,
        gain: Tensor,
        covariance: Tensor,
        srs: Tensor,
        srs_snr_db: Tensor,
        dl_snr_db: Tensor,
        age_ms: Tensor,
        speed_kmh: Tensor,
        rho: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """Return beams (batch, K, P, M, 2) and ramps (batch, K, P, N_c, 2), as `FusionSystem.ports`.

        sine, delay, gain, covariance: see `RealPaths`. srs: (batch, K, N_s, M, 2). others: of `Conditions`, (batch,).
        """
        given = RealConditions(srs_snr_db, dl_snr_db, age_ms, speed_kmh, rho)
        known = self.after_srs(RealPaths(sine, delay, gain, covariance), srs, given)
        level = known.belief.power
        order = _strongest(known, self.ports)
        weight = nn.functional.one_hot(order, level.shape[-1]).to(level)
        if self.mixes:
            mixture = weight @ known.mixture
            weight = weight + (1 - weight) * MOST_MIXTURE * mixture.tanh()
        mix = pair(weight)
        beam = product(mix, pair(known.belief.steering[..., 0], -known.belief.steering[..., 1]))
        ramp = product(mix, known.belief.ramp)
        norm = power(beam).sum(dim=-1, keepdim=True).sqrt().unsqueeze(-1)
        modulus = (power(ramp) + 1e-12).sqrt().clamp_min(1e-6).unsqueeze(-1)
        return beam / norm, ramp / modulus


class FusionBs(_Bs):
    """The precoders of the fusion branch."""

    def __init__(self, system: FusionSystem, air: Air, agreed: Agreed) -> None:
        super().__init__(system, air)
        self.fusion, self.fusion_ports, self.agreed = system.fusion, system.fusion_ports, agreed
        self.on_paths = system.params.ports != "random" and system.params.beam

    def forward(
        self,
        sine: Tensor,
        delay: Tensor,
        gain: Tensor,
        covariance: Tensor,
        srs: Tensor,
        beam: Tensor,
        ramp: Tensor,
        bits: Tensor,
        srs_snr_db: Tensor,
        dl_snr_db: Tensor,
        age_ms: Tensor,
        speed_kmh: Tensor,
        rho: Tensor,
    ) -> Tensor:
        """Return precoders (batch, N_c, M, K, 2), as `FusionSystem.forward`.

        beam, ramp: the ports that were sent, see `FusionPorts`. bits: of all users (batch, K, B). Others: as there.
        """
        given = RealConditions(srs_snr_db, dl_snr_db, age_ms, speed_kmh, rho)
        known = self.after_srs(RealPaths(sine, delay, gain, covariance), srs, given)
        both, learned = self._after_both(known, RealPorts(beam, ramp), bits.to(gain), given)
        load = self.air.sector.users / given.dl_snr * learned[..., 2].mean(dim=(1, 2)).exp()
        share = learned[..., 3].mean(dim=2).softmax(dim=1) * self.air.sector.users
        precoders = both.scaled(learned[..., 0].exp(), learned[..., 1].exp()).precoders(load)
        return precoders * share.sqrt().reshape(-1, 1, 1, self.air.sector.users, 1)

    def _after_both(
        self, known: RealKnowledge, ports: RealPorts, bits: Tensor, conditions: Conditions
    ) -> tuple[RealBelief, Tensor]:
        """Return the belief after SRS and feedback, and what is learned of it (batch, K, L, 4)."""
        air, law, count = self.air, self.agreed.law, ports.beam.shape[2]
        noise = 1 / (conditions.dl_snr * air.sector.subcarriers).reshape(-1, 1, 1)
        reports = decode(bits, count, phases_first=self.agreed.phases_first)
        prior = known.belief
        if self.on_paths:
            on_path = _strongest(known, count)
            level = (prior.power / known.exists * air.sector.antennas).gather(-1, on_path)
            after = existence_after(known.exists, on_path, level, reports, law, noise)
            prior = prior.scaled((after / known.exists).sqrt())
        through = real_mixing(ports, prior)
        expected = real_expected_power(prior, through)
        of_ports = (
            numbers_of_ports(air, reports, conditions),
            (expected / air.mean_power).log().unsqueeze(-1) / 3,
            numbers_of_conditions(air, conditions, reports.phase.unsqueeze(-1)),
        )
        learned = self.fusion_ports(torch.cat(of_ports, dim=-1))
        seen = real_observations(reports, expected * learned[..., 0].exp(), law, noise)
        both = real_fused(prior, through, seen.corrected(learned[..., 1], learned[..., 2]))
        of_both = (
            known.tokens,
            real_numbers_of_both(known.belief, both),
            numbers_of_conditions(air, conditions, known.tokens),
        )
        return both, self.fusion(torch.cat(of_both, dim=-1))


def _strongest(known: RealKnowledge, count: int) -> Tensor:
    """Return the paths of most power (batch, K, count)."""
    return known.belief.power.argsort(dim=-1, descending=True)[..., :count]
