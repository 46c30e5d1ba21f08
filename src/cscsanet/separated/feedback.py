"""DL-based CSI feedback: a Transformer at the UE compresses its estimate to B bits, one at the BS rebuilds the channel.

    P paths -> tokens -> Transformer -> P paths moved a little -> digits, and free features -> 2 bits each = q, B bits
    q -> digits read as far as they are known, and free features -> tokens -> Transformer -> P paths = rebuilt H[k]

Both begin as the plain code (`feedback_code`): what the encoder learns is which nearby message serves best, what the decoder
learns is what to believe where digits are missing. Elastic in B: a prefix of the codeword is sent.

Axes: P paths, F = B / 2 features, 2 = I/Q.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from cscsanet.networks.beam_grid import wrapped
from cscsanet.networks.complex_pairs import energy, phasor
from cscsanet.networks.phase_alignment import KnownPaths
from cscsanet.networks.position_code import DIGITS, to_digits
from cscsanet.networks.quantiser import BITS_PER_FEATURE, dequantise, quantise
from cscsanet.networks.strategy_gate import SNR_SCALE
from cscsanet.params import Params
from cscsanet.separated.feedback_code import feedback_code
from cscsanet.separated.path_transformer import PathTransformer

_PATH_FIGURES = ("aoa", "aod", "delay", "amplitude", "phase")
_TOLD = len(_PATH_FIGURES) + 2
_CIRCULAR = {"aoa", "aod", "phase", "origin"}
_WEIGH = 2.0  # of the logarithm of a path: how far the decoder can believe less or more of it
_LEVEL_DECADES = 4.0  # what a level in [0, 1) spans, about a path of power 1
_UNTOLD_AMPLITUDE = 0.4  # of a further path, relative to the strongest, where nothing is said of it


class ToldPaths(NamedTuple):
    """What a BS was told: the paths (batch, P), and the width (batch, P) of the cell that each direction u lies in, and of
    the one that each delay [samples] does.
    """

    paths: KnownPaths
    width: Tensor
    delay_width: Tensor


class FeedbackCodec(nn.Module):
    """Encoder of every UE and decoder of the BS; one pair of networks for all UEs."""

    def __init__(self, params: Params) -> None:
        super().__init__()
        csa = params.csa
        self.paths = params.channel.rf_chains
        self.max_delay = max(params.channel.max_delay, 1e-3)
        self.features = params.points.capacity.feedback_bits // BITS_PER_FEATURE
        self.code = feedback_code(self.paths)
        self.free = max(0, self.features - self.code.length)
        self.encoder = PathTransformer(_TOLD + 3, csa, params.csa.branch_layers, 3 + self.free)
        self.decoder = PathTransformer(2 * _TOLD + 2 + self.free, csa, params.csa.trunk_layers, 4)

    def encode(self, estimate: KnownPaths, snr_db: float) -> Tensor:
        """Return all bits (batch, 2 F) of a UE's estimate (batch, P); the B bits of a point are the first of them."""
        strength = torch.log10(energy(estimate.gain) + 1e-6)
        snr = torch.full_like(strength, snr_db / SNR_SCALE)
        order = torch.arange(self.paths, device=strength.device, dtype=strength.dtype).expand_as(strength)
        told = self._figures_of(estimate)
        tokens = torch.cat((self._tokens_of(told), torch.stack((strength, snr, order), dim=-1)), dim=-1)
        learned = self.encoder(tokens)
        cell = 4.0**-DIGITS
        moves = {"aoa": 0, "aod": 1, "delay": 2}
        features = [torch.zeros_like(strength[:, 0])] * self.code.length
        for (figure, path), places in self.code.places.items():
            value = told[figure, path]
            if figure in moves:
                # A message nearby may serve better; more than a few of the finest cells it never does.
                value = value + 4 * cell * torch.tanh(learned[:, path, moves[figure]])
            value = torch.remainder(value, 1.0) if figure in _CIRCULAR else value.clamp(0, 1 - cell / 4)
            for place, digit in zip(places, to_digits(value).unbind(dim=-1), strict=True):
                features[place] = digit
        free = torch.sigmoid(learned[..., 3:].mean(dim=1))
        return quantise(torch.cat((torch.stack(features, dim=-1), free), dim=-1)[:, : self.features])

    def decode(self, bits: Tensor, snr_db: float) -> ToldPaths:
        """Rebuild a UE's paths from its first B bits (batch, B)."""
        features = dequantise(bits)
        active = torch.ones(features.shape[-1], device=bits.device)
        read = self.code.figures(features, active)
        values = {key: value for key, (value, _) in read.items()}
        known = {key: count / DIGITS for key, (_, count) in read.items()}
        free = features[:, self.code.length :]
        free = nn.functional.pad(free, (0, self.free - free.shape[-1]), value=0.5) - 0.5
        order = torch.arange(self.paths, device=bits.device, dtype=features.dtype)
        context = torch.cat(
            (
                torch.full((bits.shape[0], self.paths, 1), snr_db / SNR_SCALE, device=bits.device),
                order.reshape(1, -1, 1).expand(bits.shape[0], -1, -1),
                free.unsqueeze(1).expand(-1, self.paths, -1),
            ),
            dim=-1,
        )
        tokens = torch.cat((self._tokens_of(values), self._tokens_of(known), context), dim=-1)
        return self._believed(values, known, self.decoder(tokens))

    def _believed(
        self,
        values: dict[tuple[str, int], Tensor],
        known: dict[tuple[str, int], Tensor],
        learned: Tensor,
    ) -> ToldPaths:
        def per_path(figure: str, source: dict[tuple[str, int], Tensor], first: float) -> Tensor:
            some = next(iter(source.values()))
            return torch.stack(
                [source.get((figure, path), torch.full_like(some, first)) for path in range(self.paths)],
                dim=-1,
            )

        def where_told(figure: str, value: Tensor, untold: Tensor | float) -> Tensor:
            told = (per_path(figure, known, 1.0) > 0).to(value.dtype)
            return told * value + (1 - told) * untold

        # Directions of arrival stay in the middle of their cells, where a beam is bent about them.
        moved = {"aoa": per_path("aoa", values, 0.0)}
        for index, figure in enumerate(("aod", "delay")):
            cell = 4.0 ** -(DIGITS * per_path(figure, known, 0.0))
            moved[figure] = per_path(figure, values, 0.0) + cell / 2 * torch.tanh(learned[..., index])
        # Paths of which no delay is told are not taken to arrive together, which would make one path of them all.
        apart = (torch.arange(self.paths, device=learned.device) + 0.5) / self.paths
        moved["delay"] = where_told("delay", moved["delay"], apart.expand_as(moved["delay"]))
        amplitude = where_told("amplitude", per_path("amplitude", values, 1.0), _UNTOLD_AMPLITUDE)
        # A path of which no direction is told is none that a beam could be pointed at.
        amplitude = where_told("aoa", amplitude, 0.0)
        level = 10 ** (_LEVEL_DECADES / 2 * (values["level", 0] - 0.5))
        turns = per_path("phase", values, 0.0) + values["origin", 0].unsqueeze(-1)
        gain = phasor(2 * math.pi * turns + learned[..., 3]) * (
            amplitude * level.unsqueeze(-1) * (_WEIGH * torch.tanh(learned[..., 2])).exp()
        ).unsqueeze(-1)
        paths = KnownPaths(
            aoa=wrapped(2 * moved["aoa"] - 1),
            aod=wrapped(2 * moved["aod"] - 1),
            delay=moved["delay"] * self.max_delay,
            doppler=torch.zeros_like(moved["delay"]),
            gain=gain,
        )
        cells = (4.0 ** -(DIGITS * per_path(figure, known, 0.0)) for figure in ("aoa", "delay"))
        return ToldPaths(
            paths, *(whole * cell for whole, cell in zip((2, self.max_delay), cells, strict=True))
        )

    def _figures_of(self, estimate: KnownPaths) -> dict[tuple[str, int], Tensor]:
        """Each figure as t in [0, 1)."""
        amplitude = (energy(estimate.gain) + 1e-9).sqrt()
        turns = torch.atan2(estimate.gain[..., 1], estimate.gain[..., 0]) / (2 * math.pi)
        figures = {}
        for path in range(self.paths):
            figures["aoa", path] = (estimate.aoa[:, path] + 1) / 2
            figures["aod", path] = (estimate.aod[:, path] + 1) / 2
            figures["delay", path] = estimate.delay[:, path] / self.max_delay
            if path:
                figures["amplitude", path] = amplitude[:, path] / amplitude[:, 0]
                figures["phase", path] = turns[:, path] - turns[:, 0]
        figures["level", 0] = 0.5 + torch.log10(amplitude[:, 0]) * 2 / _LEVEL_DECADES
        figures["origin", 0] = turns[:, 0]
        return figures

    def _tokens_of(self, figures: dict[tuple[str, int], Tensor]) -> Tensor:
        """Lay figures out as (batch, P, _TOLD): those of a path on its token, those that are told once on all."""
        some = next(iter(figures.values()))
        rows = []
        for path in range(self.paths):
            own = [figures.get((name, path), torch.zeros_like(some)) for name in _PATH_FIGURES]
            rows.append(torch.stack((*own, figures["level", 0], figures["origin", 0]), dim=-1))
        return torch.stack(rows, dim=1)


def told_truly(paths: KnownPaths) -> ToldPaths:
    """Return what a BS knows that knows the paths themselves."""
    return ToldPaths(paths, torch.zeros_like(paths.aoa), torch.zeros_like(paths.delay))
