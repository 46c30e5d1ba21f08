"""A report of the channel's strength, for rates where the feedback has few bits.

The feedback of the separated designs spends its first bits on directions and delays, since no beam depends on the strength
of a channel (`feedback_code`). Its decoder gives a channel of unknown phase a small gain, which is its mean, and by
which the BS would set a rate far too low. With so few bits a UE spends the last ones on the strength of its strongest
path instead, quantised evenly in dB, as the channel quality indicator of NR (3GPP TS 38.214, Sec. 5.2.2.1) has four bits
beside the reported directions. With more bits the strength is fed back anyway, and nothing changes. Directions keep the
first 12 bits, so with fewer than 14 there is no report.

Axes: K UEs, P paths, B feedback bits.
"""

import torch
from torch import Tensor

from cscsanet.baselines.feedback import FedBackPaths
from cscsanet.baselines.feedback_code import FeedbackCode
from cscsanet.baselines.front_ends import LearnedCsiFrontEnd
from cscsanet.baselines.precoding import PcaPrecoding
from cscsanet.channel.paths import PathDrops
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params
from cscsanet.networks import iq
from cscsanet.networks.interfaces import PathEstimates
from cscsanet.networks.quantiser import BITS_PER_FEATURE

MOST_BITS = 4  # of a report
_LOW_DB, _HIGH_DB = -20.0, 4.0  # of |g|^2: estimates of strongest paths lie there, from -25 dB on
# Bits that the directions keep. Of 4 bits 2 were tried as a report, and more blocks were lost than without.
_DIRECTIONS = 12
_COARSE = 2  # digits of the strength by which a rate can be set


def report_bits(feedback_bits: int, most: int, code: FeedbackCode) -> int:
    """Return how many of a UE's B bits report the strength: 0 where the feedback has its coarse digits anyway."""
    fed_back = BITS_PER_FEATURE * (code.positions["gain", 0][_COARSE - 1] + 1)
    if feedback_bits >= fed_back:
        return 0
    spare = max(0, feedback_bits - _DIRECTIONS)
    return min(most, spare // BITS_PER_FEATURE * BITS_PER_FEATURE)


def report(power: Tensor, bits: int) -> Tensor:
    """Return the bits (batch, bits), 0 or 1, highest first, that report a power |g|^2 (batch,)."""
    cell = (_in_cells(power, bits)).floor().clamp(0, 2**bits - 1).long()
    order = torch.arange(bits - 1, -1, -1, device=power.device)
    return ((cell.unsqueeze(-1) >> order) & 1).to(power.dtype)


def reported_power(bits: Tensor) -> Tensor:
    """Return the power (batch,) at the centre, in dB, of the cell that some bits (batch, bits) name."""
    count = bits.shape[-1]
    weights = 2.0 ** torch.arange(count - 1, -1, -1, device=bits.device)
    cell = (bits * weights).sum(dim=-1)
    power: Tensor = 10 ** ((_LOW_DB + (cell + 0.5) * _width_db(count)) / 10)
    return power


class QualityFrontEnd(LearnedCsiFrontEnd):
    """Beams from channels that are estimated and fed back, with a report of their strength at small B."""

    def __init__(self, params: Params, precoding: PcaPrecoding) -> None:
        super().__init__(params, precoding)
        self.most_bits: int = params.digital.quality_bits

    def reports(self, point: OperatingPoint) -> int:
        """Return how many of the B bits of a point report the strength."""
        return report_bits(point.feedback_bits, self.most_bits, self.feedback.code)

    def csi(
        self, paths: PathDrops, point: OperatingPoint, generator: torch.Generator
    ) -> tuple[PathEstimates, FedBackPaths, Tensor]:
        """Return estimates and decoded feedback (batch x K, P), and the bits (batch x K, B)."""
        count = self.reports(point)
        if not count:
            return super().csi(paths, point, generator)
        estimate = self.acquisition(paths, point, generator)
        sent = self.feedback.encode(estimate, point.snr_db)[:, : point.feedback_bits - count]
        quality = report(iq.abs2(estimate.gain[:, 0]), count)
        decoded = with_power(self.feedback.decode(sent, point.snr_db), reported_power(quality))
        return estimate, decoded, torch.cat((sent, quality), dim=-1)


def with_power(feedback: FedBackPaths, power: Tensor) -> FedBackPaths:
    """Return the feedback with its gains scaled so that the strongest path has a power (batch,)."""
    paths = feedback.paths
    scale = (power / iq.abs2(paths.gain).amax(dim=-1).clamp_min(1e-12)).sqrt()
    return feedback._replace(paths=paths._replace(gain=paths.gain * scale.reshape(-1, 1, 1)))


def _in_cells(power: Tensor, bits: int) -> Tensor:
    return (10 * torch.log10(power.clamp_min(1e-12)) - _LOW_DB) / _width_db(bits)


def _width_db(bits: int) -> float:
    return (_HIGH_DB - _LOW_DB) / float(1 << bits)
