"""The paper's form of the fusion precoder: networks that give precoders, and a network that fuses two of them.

    projection     SRS -> MAXIM -> matrices over beams, over subcarriers and over ports, of each user's CSI-RS
    UE             what is received on the ports -> bits
    SRS            SRS -> precoder, as an image over beams and delays
    feedback       bits -> a weight of each port -> precoder
    fusion         both precoders, and those of the other users -> precoder

Nothing here knows what a path is. The abstract says no more than these roles; sizes are those of our form.

Axes: batch; items, each of one drop and user; K users, P ports, N_c subcarriers, M antennas, F features of a codeword;
H x W beams and delays.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cscsanet.channel.multiuser.carriers import phase_ramp
from cscsanet.channel.steering import cis_cycles
from cscsanet.config.fusion import MOST_BITS, NetworkParams
from cscsanet.networks.quantiser import BITS_PER_FEATURE, dequantise, quantise
from cscsanet.specialists.fusion.link.csirs import Ports, observe
from cscsanet.specialists.fusion.link.numbers import OF_CONDITIONS, of_conditions
from cscsanet.specialists.fusion.link.operating_point import Conditions, FusionDrops
from cscsanet.specialists.fusion.link.seen import Air
from cscsanet.specialists.fusion.networks.maxim import Maxim
from cscsanet.specialists.fusion.networks.projection import Projection
from cscsanet.specialists.fusion.system import Precoders

_FEATURES = 32  # of the longest codeword: 64 bits
_TINY = 1e-12


class PrecoderFusion(nn.Module):
    """The whole link in the paper's form; its calls are those of `FusionSystem`."""

    def __init__(self, params: NetworkParams, air: Air, most_ports: int) -> None:
        super().__init__()
        assert MOST_BITS >= _FEATURES * BITS_PER_FEATURE
        sector, channels, hidden = air.sector, params.channels, params.hidden
        self.most_ports = most_ports
        self.projection = Projection(
            "maxim",
            channels,
            params.blocks,
            sector.antennas,
            sector.subcarriers // air.comb,
            sector.subcarriers,
        )
        self.of_ports = nn.Conv2d(channels, 2 * most_ports, 1)
        self.port_matrix = nn.Linear(channels, most_ports * most_ports)
        self.ue = _mlp(3 * most_ports + 3, 2 * hidden, _FEATURES)
        self.feedback = _mlp(2 * _FEATURES + 2 + OF_CONDITIONS, 2 * hidden, 2 * most_ports)
        self.srs = nn.Sequential(nn.GELU(), nn.Conv2d(channels + OF_CONDITIONS, 2, 3, padding=1))
        self.fusion = Maxim(8 + OF_CONDITIONS, channels, 1, *self.projection.size)
        self.out = nn.Conv2d(channels, 2, 1)

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
        count, users = drops.srs.shape[:2]
        assert self.projection.network is not None
        features = self.projection.network(self.projection.image(drops.srs.flatten(0, 1)))
        chosen = self._ports(air, features, (count, users), ports)
        received = observe(chosen, drops.channel, conditions.dl_snr, drops.noise[..., :ports])
        sent = self._report(air, received, conditions, bits)
        known = of_conditions(air, conditions)
        by_feedback = self._of_feedback(air, chosen, sent, known)
        of_items = known.repeat_interleave(users, dim=0)
        planes = of_items[:, :, None, None].expand(-1, -1, *features.shape[2:])
        by_srs = self.srs(torch.cat((features, planes), dim=1)) + _TINY
        by_srs, by_feedback = (_scaled(each) for each in (by_srs, by_feedback.flatten(0, 1)))
        both = torch.cat((by_srs, by_feedback), dim=1)
        others = both.reshape(count, users, *both.shape[1:])
        others = (others.sum(dim=1, keepdim=True) - others).flatten(0, 1)
        fused = both[:, :2] + both[:, 2:] + self.out(self.fusion(torch.cat((both, others, planes), dim=1)))
        places = range(air.sector.subcarriers) if subcarriers is None else subcarriers
        srs, feedback, fusion = (
            self._precoders(air, each.reshape(count, users, *each.shape[1:]), places)
            for each in (by_srs, by_feedback, fused)
        )
        return Precoders(srs, feedback, fusion if bits else srs, sent)

    def _ports(self, air: Air, features: Tensor, by_user: tuple[int, int], ports: int) -> Ports:
        """Return ports: a sum of DFT beams each, the phases of a mean delay, and sums over them."""
        logits = self.of_ports(features)
        over_beams, over_delays = logits.chunk(2, dim=1)
        beams = over_beams.mean(dim=3)[:, :ports].softmax(dim=2)
        delays = over_delays.mean(dim=2)[:, :ports].softmax(dim=2)
        matrix = self.port_matrix(features.mean(dim=(2, 3))).reshape(-1, self.most_ports, self.most_ports)
        matrix = torch.eye(ports, device=features.device) + matrix[:, :ports, :ports]
        beam = (matrix + 0j) @ (beams + 0j) @ self._dft(air, features.device).conj()
        delay = (delays * self._bins(air, features.device)).sum(dim=2)
        ramp = phase_ramp(delay, torch.arange(air.sector.subcarriers), air.sector.subcarriers).mT
        norm = (beam.real.square() + beam.imag.square()).sum(dim=-1, keepdim=True).sqrt()
        beam, ramp = (each.reshape(*by_user, *each.shape[1:]) for each in (beam / norm, ramp))
        return Ports(beam, ramp)

    def _report(self, air: Air, received: Tensor, conditions: Conditions, bits: int) -> Tensor:
        """Return the bits (batch, K, B); those beyond the longest codeword are zero."""
        ports = received.shape[-1]
        values = received / air.mean_power**0.5
        missing = (0, self.most_ports - ports)
        there = torch.ones_like(values.real)
        seen = [nn.functional.pad(each, missing) for each in (values.real, values.imag, there)]
        like = there[..., :1]
        of_all = [
            (conditions.dl_snr_db / 20).reshape(-1, 1, 1) * like,
            like * (bits / 32),
            like * (ports / self.most_ports),
        ]
        features = self.ue(torch.cat((*seen, *of_all), dim=-1)).sigmoid()
        sent = quantise(features[..., : bits // BITS_PER_FEATURE])
        return nn.functional.pad(sent, (0, bits - sent.shape[-1]))

    def _of_feedback(self, air: Air, ports: Ports, bits: Tensor, known: Tensor) -> Tensor:
        """Return images (batch, K, 2, H, W) of the precoders that the bits ask for."""
        count = ports.beam.shape[2]
        read = dequantise(bits)[..., :_FEATURES]
        missing = (0, _FEATURES - read.shape[-1])
        there = nn.functional.pad(torch.ones_like(read), missing)
        of_all = [
            known.unsqueeze(1).expand(-1, bits.shape[1], -1),
            there[..., :1] * 0 + count / self.most_ports,
            there.mean(dim=-1, keepdim=True),
        ]
        weights = self.feedback(torch.cat((nn.functional.pad(read, missing), there, *of_all), dim=-1))
        weights = weights.reshape(*weights.shape[:2], self.most_ports, 2)[..., :count, :].contiguous()
        weights = torch.view_as_complex(weights)
        # The image of conj(v), as that of a channel.
        over_beams = ports.beam.conj() @ self._dft(air, bits.device).conj().mT
        over_delays = ports.ramp @ self._tones(air, bits.device).conj()
        image = torch.einsum("bkp,bkph,bkpw->bkhw", weights, over_beams, over_delays)
        return torch.view_as_real(image).movedim(-1, 2)

    def _precoders(self, air: Air, image: Tensor, subcarriers: Sequence[int]) -> Tensor:
        """Return precoders (batch, N_c, M, K) of equal power, of images (batch, K, 2, H, W)."""
        channel = torch.view_as_complex(image.movedim(2, -1).contiguous())
        tones = self._tones(air, image.device)[list(subcarriers)]
        described = torch.einsum("bkhw,nw,hm->bnmk", channel, tones, self._dft(air, image.device))
        power = (described.real.square() + described.imag.square()).sum(dim=-2, keepdim=True)
        scaled: Tensor = described.conj() * (image.shape[1] * power + _TINY).rsqrt()
        return scaled

    def _dft(self, air: Air, device: torch.device) -> Tensor:
        """Return array responses of unit norm (H, M) of the beams of an image."""
        antennas = air.sector.antennas
        places = torch.arange(antennas, device=device)
        responses: Tensor = cis_cycles(places.unsqueeze(1) * places / antennas) / antennas**0.5
        return responses

    def _bins(self, air: Air, device: torch.device) -> Tensor:
        """Return the delays (W,) of an image [samples]."""
        width = self.projection.size[1]
        return torch.arange(width, device=device) * (air.sector.subcarriers / (air.comb * width))

    def _tones(self, air: Air, device: torch.device) -> Tensor:
        """Return the phases (N_c, W) of the delays of an image."""
        bins = self._bins(air, device)
        return phase_ramp(bins, torch.arange(air.sector.subcarriers), air.sector.subcarriers)


def _mlp(inputs: int, hidden: int, outputs: int) -> nn.Module:
    return nn.Sequential(
        nn.Linear(inputs, hidden), nn.GELU(), nn.Linear(hidden, hidden), nn.GELU(), nn.Linear(hidden, outputs)
    )


def _scaled(image: Tensor) -> Tensor:
    """Scale images (items, 2, H, W) to unit energy."""
    return image * (image.square().sum(dim=(1, 2, 3), keepdim=True) + _TINY).rsqrt()
