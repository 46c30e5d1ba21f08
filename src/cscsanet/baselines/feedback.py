"""DL-based CSI feedback: a Transformer at the UE encodes B bits, one at the BS decodes the channel.

    P paths -> Transformer -> P slightly shifted paths -> digits, and free features
            -> 2 bits each = q, B bits
    q -> known digits, and free features -> Transformer -> P paths = decoded H[k]

Both start as the plain code (`feedback_code`). The encoder learns which nearby message serves best,
and the decoder learns how to fill in missing digits. The codec is elastic in B: a prefix of the
codeword is sent.

Axes: P paths, F = B / 2 features, 2 = I/Q.
"""

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn

from cscsanet.baselines.feedback_code import feedback_code
from cscsanet.config.params import Params
from cscsanet.networks import iq
from cscsanet.networks.beamspace.beam_grid import wrap_direction
from cscsanet.networks.beamspace.direction_code import DIGITS, to_digits
from cscsanet.networks.beamspace.stream_allocation import SNR_SCALE
from cscsanet.networks.interfaces import PathEstimates
from cscsanet.networks.quantiser import BITS_PER_FEATURE, dequantise, quantise
from cscsanet.networks.transformer import PathTransformer

_PATH_PARAMETERS = ("aoa", "aod", "delay", "amplitude", "phase")
_NUM_PARAMETERS = len(_PATH_PARAMETERS) + 2
_CIRCULAR = {"aoa", "aod", "phase", "reference_phase"}
_MAX_LOG_WEIGHT = 2.0  # natural logarithm of the largest factor by which the decoder scales a path
_GAIN_DECADES = 4.0  # range of power of a gain in [0, 1), centred at a path of power 1
_DEFAULT_AMPLITUDE = 0.4  # of a further path relative to the strongest, if not fed back


class FedBackPaths(NamedTuple):
    """The paths (batch, P) that the BS decodes from the feedback.

    width, delay_width: (batch, P), width of the quantisation cell of each direction u and each
    delay [samples].
    """

    paths: PathEstimates
    width: Tensor
    delay_width: Tensor


class FeedbackCodec(nn.Module):
    """The encoder at each UE and the decoder at the BS; all UEs share the two networks."""

    def __init__(self, params: Params) -> None:
        super().__init__()
        csa = params.csa
        self.paths = params.channel.rf_chains
        self.max_delay = max(params.channel.max_delay, 1e-3)
        self.features = params.points.capacity.feedback_bits // BITS_PER_FEATURE
        self.code = feedback_code(self.paths)
        self.free = max(0, self.features - self.code.length)
        self.encoder = PathTransformer(_NUM_PARAMETERS + 3, csa, params.csa.branch_layers, 3 + self.free)
        self.decoder = PathTransformer(2 * _NUM_PARAMETERS + 2 + self.free, csa, params.csa.trunk_layers, 4)

    def encode(self, estimate: PathEstimates, snr_db: float) -> Tensor:
        """Return all bits (batch, 2 F) for a UE's estimate (batch, P); the first B are fed back."""
        strength = torch.log10(iq.abs2(estimate.gain) + 1e-6)
        snr = torch.full_like(strength, snr_db / SNR_SCALE)
        order = torch.arange(self.paths, device=strength.device, dtype=strength.dtype).expand_as(strength)
        parameters = self._path_values(estimate)
        tokens = torch.cat((self._tokens(parameters), torch.stack((strength, snr, order), dim=-1)), dim=-1)
        learned = self.encoder(tokens)
        cell = 4.0**-DIGITS
        shifts = {"aoa": 0, "aod": 1, "delay": 2}
        features = [torch.zeros_like(strength[:, 0])] * self.code.length
        for (parameter, path), positions in self.code.positions.items():
            value = parameters[parameter, path]
            if parameter in shifts:
                # A nearby message may serve better, but at most a few of the finest cells away.
                value = value + 4 * cell * torch.tanh(learned[:, path, shifts[parameter]])
            value = torch.remainder(value, 1.0) if parameter in _CIRCULAR else value.clamp(0, 1 - cell / 4)
            for position, digit in zip(positions, to_digits(value).unbind(dim=-1), strict=True):
                features[position] = digit
        free = torch.sigmoid(learned[..., 3:].mean(dim=1))
        return quantise(torch.cat((torch.stack(features, dim=-1), free), dim=-1)[:, : self.features])

    def decode(self, bits: Tensor, snr_db: float) -> FedBackPaths:
        """Return a UE's paths decoded from its first B bits (batch, B)."""
        features = dequantise(bits)
        active = torch.ones(features.shape[-1], device=bits.device)
        read = self.code.read(features, active)
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
        tokens = torch.cat((self._tokens(values), self._tokens(known), context), dim=-1)
        return self._decoded_paths(values, known, self.decoder(tokens))

    def _decoded_paths(
        self,
        values: dict[tuple[str, int], Tensor],
        known: dict[tuple[str, int], Tensor],
        learned: Tensor,
    ) -> FedBackPaths:
        """Return the paths of parameter values in [0, 1), corrected by the decoder's output.

        values, known: (parameter, path) -> (batch,), the value and the share of its digits that are
        known.
        learned: (batch, P, 4), the decoder's output for AoD, delay, weight and phase.
        """

        def per_path(parameter: str, source: dict[tuple[str, int], Tensor], missing: float) -> Tensor:
            """Return a parameter of all paths (batch, P); missing: value of paths without it."""
            example = next(iter(source.values()))
            return torch.stack(
                [
                    source.get((parameter, path), torch.full_like(example, missing))
                    for path in range(self.paths)
                ],
                dim=-1,
            )

        def or_default(parameter: str, value: Tensor, default: Tensor | float) -> Tensor:
            """Return the value where digits of the parameter are known, else the default."""
            fed_back = (per_path(parameter, known, 1.0) > 0).to(value.dtype)
            return fed_back * value + (1 - fed_back) * default

        # Directions of arrival stay at the centres of their cells, since beams are widened around
        # these.
        shifted = {"aoa": per_path("aoa", values, 0.0)}
        for index, parameter in enumerate(("aod", "delay")):
            cell = 4.0 ** -(DIGITS * per_path(parameter, known, 0.0))
            shifted[parameter] = per_path(parameter, values, 0.0) + cell / 2 * torch.tanh(learned[..., index])
        # Unknown delays are spread out: at equal delays, all paths would merge into one.
        spread = (torch.arange(self.paths, device=learned.device) + 0.5) / self.paths
        shifted["delay"] = or_default("delay", shifted["delay"], spread.expand_as(shifted["delay"]))
        amplitude = or_default("amplitude", per_path("amplitude", values, 1.0), _DEFAULT_AMPLITUDE)
        # No beam can point at a path without a known direction, so that path is dropped.
        amplitude = or_default("aoa", amplitude, 0.0)
        strongest = 10 ** (_GAIN_DECADES / 2 * (values["gain", 0] - 0.5))
        cycles = per_path("phase", values, 0.0) + values["reference_phase", 0].unsqueeze(-1)
        gain = iq.cis(2 * math.pi * cycles + learned[..., 3]) * (
            amplitude * strongest.unsqueeze(-1) * (_MAX_LOG_WEIGHT * torch.tanh(learned[..., 2])).exp()
        ).unsqueeze(-1)
        paths = PathEstimates(
            aoa=wrap_direction(2 * shifted["aoa"] - 1),
            aod=wrap_direction(2 * shifted["aod"] - 1),
            delay=shifted["delay"] * self.max_delay,
            doppler=torch.zeros_like(shifted["delay"]),
            gain=gain,
        )
        cells = (4.0 ** -(DIGITS * per_path(parameter, known, 0.0)) for parameter in ("aoa", "delay"))
        return FedBackPaths(
            paths, *(whole * cell for whole, cell in zip((2, self.max_delay), cells, strict=True))
        )

    def _path_values(self, estimate: PathEstimates) -> dict[tuple[str, int], Tensor]:
        """Return each parameter of the code as t in [0, 1), (batch,)."""
        amplitude = (iq.abs2(estimate.gain) + 1e-9).sqrt()
        cycles = torch.atan2(estimate.gain[..., 1], estimate.gain[..., 0]) / (2 * math.pi)
        parameters = {}
        for path in range(self.paths):
            parameters["aoa", path] = (estimate.aoa[:, path] + 1) / 2
            parameters["aod", path] = (estimate.aod[:, path] + 1) / 2
            parameters["delay", path] = estimate.delay[:, path] / self.max_delay
            if path:
                parameters["amplitude", path] = amplitude[:, path] / amplitude[:, 0]
                parameters["phase", path] = cycles[:, path] - cycles[:, 0]
        parameters["gain", 0] = 0.5 + torch.log10(amplitude[:, 0]) * 2 / _GAIN_DECADES
        parameters["reference_phase", 0] = cycles[:, 0]
        return parameters

    def _tokens(self, parameters: dict[tuple[str, int], Tensor]) -> Tensor:
        """Return tokens (batch, P, _NUM_PARAMETERS) of each path's and the common parameters."""
        zeros = torch.zeros_like(next(iter(parameters.values())))
        common = (parameters["gain", 0], parameters["reference_phase", 0])
        tokens = []
        for path in range(self.paths):
            of_path = [parameters.get((name, path), zeros) for name in _PATH_PARAMETERS]
            tokens.append(torch.stack((*of_path, *common), dim=-1))
        return torch.stack(tokens, dim=1)


def perfect_feedback(paths: PathEstimates) -> FedBackPaths:
    """Return the feedback of a BS that knows the paths exactly."""
    return FedBackPaths(paths, torch.zeros_like(paths.aoa), torch.zeros_like(paths.delay))
