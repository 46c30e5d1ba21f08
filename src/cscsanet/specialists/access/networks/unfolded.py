"""Our detector: the descent of covariance maximum likelihood, unfolded over the beams of the array, with learned steps.

Covariance ML has one power for all antennas of a device. Paths of a device are near each other, so its power is on few
beams, and on these few other devices are: ML cannot use that. Here each device has a power on each beam. A small
convolution over the beams of a device sees the evidence of every entry and of its neighbours, and a small dense network
what all beams of the device say together. They choose how far a power is that of the entry alone or common to all, how much
of it is believed, and how far to go there from the last one. Their weights are the same for all devices, beams and
iterations, so they fit any number of devices, antennas and symbols, and the order of devices does not matter.

Axes: batch; K devices, L symbols, M beams.
"""

import torch
from torch import Tensor, nn

from cscsanet.specialists.access.networks.evidence import Evidence, beams_of, evidence

_KERNEL = 5
_SEEN_OF_ENTRY, _SEEN_OF_DEVICE, _KNOWN = 5, 6, 3
_LONGEST, _SNR_SCALE, _ODDS_SCALE = 28.0, 20.0, 4.0  # bring what is known to about one


class UnfoldedDetector(nn.Module):
    """Logits of each device's activity after every iteration."""

    def __init__(
        self, features: int, iterations: int, *, length_known: bool = True, neighbours: bool = True
    ) -> None:
        """length_known: whether the networks see L. neighbours: whether they see neighbouring beams."""
        super().__init__()
        self.iterations, self.length_known = iterations, length_known
        kernel = _KERNEL if neighbours else 1
        self.of_entry = nn.Sequential(
            nn.Conv1d(
                _SEEN_OF_ENTRY + 3 + _KNOWN, features, kernel, padding=kernel // 2, padding_mode="circular"
            ),
            nn.GELU(),
            nn.Conv1d(features, features, kernel, padding=kernel // 2, padding_mode="circular"),
            nn.GELU(),
            nn.Conv1d(features, 4, 1),
        )
        self.of_device = nn.Sequential(
            nn.Linear(_SEEN_OF_DEVICE + _KNOWN, 2 * features),
            nn.GELU(),
            nn.Linear(2 * features, 2 * features),
            nn.GELU(),
            nn.Linear(2 * features, 3),
        )

    def forward(self, received: Tensor, book: Tensor, snr_db: Tensor, activity: Tensor) -> Tensor:
        """Return logits (iterations, batch, K); the last ones are the answer.

        received: (batch, L, M), complex, over noise of unit power. book: (K, L). snr_db: of a device of mean power at one
        antenna and symbol (batch,). activity: probability of a device to be active (batch,).
        """
        observed = beams_of(received)
        known = self._known(snr_db, activity, book.shape[1])
        power = received.real.new_zeros((len(received), len(book), received.shape[2]))
        logits = []
        for _ in range(self.iterations):
            current = evidence(observed, book, power)
            ratio = current.log_ratio(current.common).sum(dim=2).clamp(-50, 200).asinh()
            of_device = torch.cat(
                (_device_features(current, ratio, power), known.expand(-1, len(book), -1)), dim=-1
            )
            seen = self.of_device(of_device)
            choice = self._choices(current, of_device, power)
            alone = choice[..., 0, :].sigmoid()
            believed = (choice[..., 1, :] + seen[..., 1:2]).sigmoid()
            step = (choice[..., 3, :] + 1).sigmoid()
            power = power + step * (believed * (alone * current.alone + (1 - alone) * current.common) - power)
            over_beams = choice[..., 2, :].sum(dim=-1) / power.shape[2] ** 0.5
            logits.append(seen[..., 0] + over_beams + seen[..., 2] * ratio)
        return torch.stack(logits)

    def _known(self, snr_db: Tensor, activity: Tensor, symbols: int) -> Tensor:
        """Return what is known of each drop (batch, 1, 3)."""
        length = symbols / _LONGEST if self.length_known else 0.0
        known = (snr_db / _SNR_SCALE, torch.logit(activity) / _ODDS_SCALE, torch.full_like(snr_db, length))
        return torch.stack(known, dim=-1).unsqueeze(1)

    def _choices(self, current: Evidence, of_device: Tensor, power: Tensor) -> Tensor:
        """Return four numbers for each entry (batch, K, 4, M)."""
        entries = (
            current.ratio.log1p(),
            current.gain.log(),
            current.alone.log1p(),
            power.log1p(),
            (current.common * current.gain).log1p(),
        )
        wide = torch.cat((of_device[..., :3], of_device[..., _SEEN_OF_DEVICE:]), dim=-1)
        wide = wide.unsqueeze(-1).expand(*wide.shape, power.shape[2])
        features = torch.cat((torch.stack(entries, dim=2), wide), dim=2)
        choice: Tensor = self.of_entry(features.flatten(0, 1))
        return choice.reshape(*power.shape[:2], 4, power.shape[2])


def _device_features(current: Evidence, ratio: Tensor, power: Tensor) -> Tensor:
    """Return what all beams of a device say together (batch, K, 6)."""
    mean = current.ratio.mean(dim=2)
    # Of an exponential law 2; more where few beams have the power.
    peaked = current.ratio.square().mean(dim=2) / mean.square().clamp_min(1e-6)
    return torch.stack(
        (
            mean.log1p(),
            current.ratio.amax(dim=2).log1p(),
            peaked.log1p(),
            ratio,
            current.common.squeeze(2).log1p(),
            power.mean(dim=2).log1p(),
        ),
        dim=-1,
    )
