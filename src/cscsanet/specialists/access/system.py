"""A detector with the preambles of the devices: what is trained, saved and tested as one."""

import torch
from torch import Tensor, nn

from cscsanet.channel.activity import random_book
from cscsanet.config.access import AccessParams
from cscsanet.specialists.access.networks.devices import Known
from cscsanet.specialists.access.networks.transformer import TransformerDetector
from cscsanet.specialists.access.networks.unfolded import UnfoldedDetector
from cscsanet.training.seeds import generator

_BOOKS = 0  # which of the numbers that are drawn for tests


def book_of_tests(params: AccessParams, number: int = 0) -> Tensor:
    """Return preambles (K, L) of the tests, at the longest and of the largest cell; smaller cells have the first ones.

    number: of the random book; 0: that of all tests but those of other books.
    """
    devices = max(params.cell.devices, *params.evaluation.devices, *params.training_cell.devices)
    return random_book(
        devices, params.cell.longest_preamble, generator(params.seed, "evaluate", _BOOKS, number)
    )


class AccessSystem(nn.Module):
    """A detector, and its preambles where these are learned."""

    def __init__(self, params: AccessParams) -> None:
        super().__init__()
        detector, longest = params.detector, params.cell.longest_preamble
        self.detector: nn.Module
        if detector.network == "transformer":
            self.detector = TransformerDetector(detector.transformer, longest)
        else:
            unfolded = detector.unfolded
            self.detector = UnfoldedDetector(
                unfolded.features,
                unfolded.iterations,
                unfolded.common_iterations,
                length_known=unfolded.length_known,
                neighbours=unfolded.neighbours,
            )
        self.phases: nn.Parameter | None = None
        if detector.book == "learned":
            # Where it starts is a random book.
            self.phases = nn.Parameter(2 * torch.pi * torch.rand(max(params.training_cell.devices), longest))

    def learned_book(self) -> Tensor | None:
        """Return the learned preambles (K, L), of unit modulus, or None if there are none."""
        if self.phases is None:
            return None
        return torch.polar(torch.ones_like(self.phases), self.phases)

    def forward(self, received: Tensor, book: Tensor, known: Known) -> Tensor:
        """Return logits of each device's activity (iterations, batch, K); the last ones are the answer."""
        logits: Tensor = self.detector(received, book, known)
        return logits
