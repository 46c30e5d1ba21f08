"""The fusion precoder: networks between what a BS hears of SRS, what UEs feed back, and the precoders.

    projection     SRS -> image over beams and delays -> ports of CSI-RS, each with a beam and phases over subcarriers
    UE             what is received on its ports -> bits
    SRS            SRS -> belief -> precoder                              (SRS-only branch)
    feedback       bits -> belief on the paths of the ports -> precoder   (feedback-only branch)
    fusion         both -> belief -> precoder

A belief is a Gaussian of the gains of the paths that SRS show. Before training all is the classical solution: matching
pursuit on the SRS, ports on the strongest paths, relative phases as bits, LMMSE, and the SLNR precoder of second moments.

Axes: batch; K users, L paths, P ports, N_c subcarriers, N_s sounded ones, M antennas.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from cscsanet.channel.steering import cis_cycles
from cscsanet.config.fusion import NetworkParams
from cscsanet.specialists.fusion.link.belief import PathBelief, strongest
from cscsanet.specialists.fusion.link.csirs import Ports, mixing, observe
from cscsanet.specialists.fusion.link.feedback import (
    PortReports,
    amplitude_law,
    decode,
    encode,
    phases_come_first,
    positions,
)
from cscsanet.specialists.fusion.link.fused import (
    Corrections,
    corrected,
    existence_after,
    expected_power,
    fused,
    observations,
)
from cscsanet.specialists.fusion.link.numbers import (
    OF_BOTH,
    OF_CONDITIONS,
    OF_PATH,
    OF_PORT,
    numbers_of_both,
    numbers_of_conditions,
    numbers_of_paths,
    numbers_of_ports,
)
from cscsanet.specialists.fusion.link.operating_point import Conditions, FusionDrops
from cscsanet.specialists.fusion.link.seen import Air
from cscsanet.specialists.fusion.networks.projection import Projection
from cscsanet.specialists.fusion.networks.sets import SetNetwork, UeNetwork

MOST_MIXTURE = 0.2  # weight of another path in a port
EDGE = 1e-4  # of probabilities


class BsKnowledge(NamedTuple):
    """What the BS knows after the SRS.

    belief: on the gains. exists: probability that each path is one, which is part of the belief (batch, K, L). tokens: of each
    path (batch, K, L, numbers). load: of the precoder (batch,). share: amplitudes of the users (batch, 1, 1, K). mixture:
    weights of other paths in a port (batch, K, L, L).
    """

    belief: PathBelief
    exists: Tensor
    tokens: Tensor
    load: Tensor
    share: Tensor
    mixture: Tensor


class Precoders(NamedTuple):
    """Precoders (batch, N_c, M, K) of the three branches, and the bits (batch, K, B) that the UEs sent."""

    srs: Tensor
    feedback: Tensor
    fusion: Tensor
    bits: Tensor


class FusionSystem(nn.Module):
    """The whole link. It serves any number of users, ports up to the most, and bits."""

    def __init__(self, params: NetworkParams, air: Air, most_ports: int) -> None:
        super().__init__()
        self.params = params
        sector, hidden = air.sector, params.hidden
        tokens = OF_PATH + params.channels + OF_CONDITIONS
        self.projection = Projection(
            params.projection,
            params.channels,
            params.blocks,
            sector.antennas,
            sector.subcarriers // air.comb,
            sector.subcarriers,
        )
        self.srs = SetNetwork(tokens, 4 + sector.paths, hidden)
        self.ue = UeNetwork(most_ports, hidden)
        self.feedback = SetNetwork(OF_PORT, 3, hidden)
        self.fusion_ports = SetNetwork(OF_PORT + 1 + OF_CONDITIONS, 3, hidden)
        self.fusion = SetNetwork(tokens + OF_BOTH, 4, hidden)

    def forward(
        self,
        air: Air,
        drops: FusionDrops,
        conditions: Conditions,
        ports: int,
        bits: int,
        subcarriers: Sequence[int] | None = None,
    ) -> Precoders:
        """Return the precoders of all branches. subcarriers: of the precoders; None: all."""
        known = self.after_srs(air, drops.srs, conditions)
        chosen = self.ports(air, known, ports)
        received = observe(chosen, drops.channel, conditions.dl_snr, drops.noise[..., :ports])
        sent = self.report(air, received, conditions, bits)
        alone = self.after_feedback(air, chosen, sent, conditions)
        srs = known.belief.precoders(known.load, subcarriers) * known.share
        feedback = alone.precoders(_load(air, conditions), subcarriers)
        if not self.params.fuses_srs:
            return Precoders(srs, feedback, feedback, sent)
        if not bits:
            return Precoders(srs, feedback, srs, sent)
        both = self.after_both(air, known, chosen, sent, conditions)
        return Precoders(srs, feedback, both.belief.precoders(both.load, subcarriers) * both.share, sent)

    def after_srs(self, air: Air, srs: Tensor, conditions: Conditions) -> BsKnowledge:
        """Return what the SRS say. srs: (batch, K, N_s, M)."""
        by_user = srs.shape[:2]
        paths = air.srs_paths(srs, conditions)
        prior = air.belief(paths, conditions)
        exists = air.existence(paths, conditions).clamp(EDGE, 1 - EDGE).reshape(*by_user, -1)
        local = self.projection(srs.flatten(0, 1), paths.sine, paths.delay)
        local = local.reshape(*by_user, *local.shape[1:])
        tokens = torch.cat((numbers_of_paths(prior, exists), local), dim=-1)
        learned = self.srs(torch.cat((tokens, numbers_of_conditions(air, conditions, tokens)), dim=-1))
        exists = (exists.logit() + learned[..., 0]).sigmoid()
        return BsKnowledge(
            prior.scaled((exists * learned[..., 1].exp()).sqrt()),
            exists,
            tokens,
            _load(air, conditions) * learned[..., 2].mean(dim=(1, 2)).exp(),
            _shares(learned[..., 3]),
            learned[..., 4:],
        )

    def ports(self, air: Air, known: BsKnowledge, count: int) -> Ports:
        """Return the ports: on the paths of most power, each with a little of what other paths would have."""
        antennas, subcarriers = air.sector.antennas, air.sector.subcarriers
        power = known.belief.power
        order = self._on_path(known, count)
        weight = nn.functional.one_hot(order, power.shape[-1]).to(power)
        if self.params.ports == "learned" and self.params.port:
            mixture = known.mixture.gather(2, order.unsqueeze(-1).expand(-1, -1, -1, power.shape[-1]))
            weight = weight + (1 - weight) * MOST_MIXTURE * mixture.tanh()
        beam = (weight + 0j) @ known.belief.steering.conj()
        ramp = (weight + 0j) @ known.belief.ramp
        if self.params.ports == "random" or not self.params.beam:
            sines = (torch.arange(count, device=power.device) + 0.5) * (2 / count) - 1
            beam = cis_cycles(
                sines.unsqueeze(-1) * torch.arange(antennas, device=power.device) / 2
            ).expand_as(beam)
        if self.params.ports == "random" or not self.params.frequency:
            ramp = torch.ones_like(ramp[..., :subcarriers])
        return Ports(_unit(beam), ramp / _modulus(ramp).clamp_min(1e-6))

    def _on_path(self, known: BsKnowledge, count: int) -> Tensor:
        """Return the path that each port is on (batch, K, P)."""
        if self.params.port:
            return strongest(known.belief, count)
        return torch.arange(count, device=known.exists.device).expand(*known.exists.shape[:2], -1)

    def _reweighted(
        self, air: Air, known: BsKnowledge, reports: PortReports, conditions: Conditions
    ) -> PathBelief:
        """Return the belief with the probabilities of paths after reports, if ports are on paths."""
        if self.params.ports == "random" or not self.params.beam:
            return known.belief
        on_path = self._on_path(known, reports.phase.shape[-1])
        power = (known.belief.power / known.exists * air.sector.antennas).gather(-1, on_path)
        law = amplitude_law(conditions, air.mean_power)
        after = existence_after(known.exists, on_path, power, reports, law, _noise(air, conditions))
        return known.belief.scaled((after / known.exists).sqrt())

    def report(self, air: Air, received: Tensor, conditions: Conditions, bits: int) -> Tensor:
        """Return the bits (batch, K, B) of what UEs received (batch, K, P)."""
        place = positions(received, amplitude_law(conditions, air.mean_power))
        phase, amplitude = self.ue(*place, conditions.dl_snr_db, bits)
        return encode(phase, amplitude, bits, phases_first=phases_come_first(conditions))

    def after_feedback(self, air: Air, ports: Ports, bits: Tensor, conditions: Conditions) -> PathBelief:
        """Return the belief on the paths of the ports, of which nothing but the feedback is known."""
        antennas = air.sector.antennas
        steering = ports.beam.conj() * antennas**0.5
        blank = PathBelief.blank(steering, ports.ramp, 1 / air.sector.paths)
        through = mixing(ports, steering, ports.ramp)
        reports = decode(bits, ports.beam.shape[2], phases_first=phases_come_first(conditions))
        learned = self.feedback(numbers_of_ports(air, reports, conditions))
        observed = observations(
            reports,
            expected_power(blank, through) * learned[..., 0].exp(),
            amplitude_law(conditions, air.mean_power),
            _noise(air, conditions),
        )
        return fused(blank, through, corrected(observed, Corrections(learned[..., 1], learned[..., 2])))

    def after_both(
        self, air: Air, known: BsKnowledge, ports: Ports, bits: Tensor, conditions: Conditions
    ) -> BsKnowledge:
        """Return what the BS knows after SRS and feedback."""
        reports = decode(bits, ports.beam.shape[2], phases_first=phases_come_first(conditions))
        prior = self._reweighted(air, known, reports, conditions)
        through = mixing(ports, prior.steering, prior.ramp)
        expected = expected_power(prior, through)
        of_ports = torch.cat(
            (
                numbers_of_ports(air, reports, conditions),
                (expected / air.mean_power).log().unsqueeze(-1) / 3,
                numbers_of_conditions(air, conditions, reports.phase.unsqueeze(-1)),
            ),
            dim=-1,
        )
        learned = self.fusion_ports(of_ports)
        observed = observations(
            reports,
            expected * learned[..., 0].exp(),
            amplitude_law(conditions, air.mean_power),
            _noise(air, conditions),
        )
        observed = corrected(observed, Corrections(learned[..., 1], learned[..., 2]))
        both = fused(prior, through, observed)
        tokens = torch.cat(
            (
                known.tokens,
                numbers_of_both(known.belief, both),
                numbers_of_conditions(air, conditions, known.tokens),
            ),
            dim=-1,
        )
        learned = self.fusion(tokens)
        return known._replace(
            belief=both.scaled(learned[..., 0].exp(), learned[..., 1].exp()),
            load=_load(air, conditions) * learned[..., 2].mean(dim=(1, 2)).exp(),
            share=_shares(learned[..., 3]),
        )


def _load(air: Air, conditions: Conditions) -> Tensor:
    return air.sector.users / conditions.dl_snr


def _noise(air: Air, conditions: Conditions) -> Tensor:
    return 1 / (conditions.dl_snr * air.sector.subcarriers).reshape(-1, 1, 1)


def _shares(learned: Tensor) -> Tensor:
    """Return amplitudes (batch, 1, 1, K) of the users, relative to equal power. learned: (batch, K, L)."""
    share = learned.mean(dim=2).softmax(dim=1) * learned.shape[1]
    return share.sqrt().unsqueeze(1).unsqueeze(1)


def _modulus(values: Tensor) -> Tensor:
    return (values.real.square() + values.imag.square() + 1e-12).sqrt()


def _unit(beam: Tensor) -> Tensor:
    return beam / (beam.real.square() + beam.imag.square()).sum(dim=-1, keepdim=True).sqrt()
