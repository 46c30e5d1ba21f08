"""The paper's detector: a Transformer over devices that knows the length of the preamble (arXiv 2602.21672; arXiv 2505.12382).

The text describes it in words, and sizes and details are chosen here. The *spatial correlation module* filters each symbol
over the antennas. One token holds the sample covariance of what is received then, and one token each device's preamble.
After each layer of the encoder *length-aware attention* weights the features of all tokens by what their mean and L say. A
device's logit is the bilinear form of its token with that of the covariance, bounded as in the Heterogeneous Transformer
(arXiv 2112.10086). Shorter preambles are padded with zeros, so a model has a longest one, and fits any number of devices and
antennas. It knows neither the SNR nor the activity.

Axes: batch; K devices, L symbols, M antennas.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

from cscsanet.config.access import TransformerParams
from cscsanet.specialists.access.networks.devices import Known

_BOUND = 10.0  # of a logit
_HIDDEN = 16  # channels of the spatial correlation module


class TransformerDetector(nn.Module):
    """Logits of each device's activity."""

    def __init__(self, params: TransformerParams, longest: int) -> None:
        """longest: symbols of the longest preamble."""
        super().__init__()
        features = params.features
        self.longest = longest
        self.spatial = nn.Sequential(
            nn.Conv1d(2, _HIDDEN, 3, padding=1),
            nn.ReLU(),
            nn.Conv1d(_HIDDEN, _HIDDEN, 3, padding=1),
            nn.ReLU(),
            nn.Conv1d(_HIDDEN, 2, 3, padding=1),
        )
        self.of_covariance = nn.Linear(2 * longest * longest, features)
        self.of_preamble = nn.Linear(2 * longest, features)
        self.layers = nn.ModuleList(
            nn.TransformerEncoderLayer(
                features, params.heads, 2 * features, dropout=0.0, batch_first=True, norm_first=True
            )
            for _ in range(params.layers)
        )
        self.length_attention = nn.ModuleList(LengthAttention(features) for _ in range(params.layers))
        self.norm = nn.LayerNorm(features)
        self.form = nn.Linear(features, features, bias=False)

    def forward(self, received: Tensor, book: Tensor, known: Known) -> Tensor:
        """Return logits (1, batch, K).

        received: (batch, L, M), complex, over noise of unit power. book: (K, L). known: not used.
        """
        del known
        symbols = book.shape[1]
        filtered = self._filtered(received)
        sample = filtered @ filtered.mH / filtered.shape[2]
        padding = self.longest - symbols
        covariance = torch.view_as_real(functional.pad(sample, (0, padding, 0, padding))).flatten(1)
        # Powers reach over decades, and the network only sees how they differ.
        level = sample.diagonal(dim1=1, dim2=2).real.mean(dim=1, keepdim=True)
        first = self.of_covariance(covariance / level).unsqueeze(1)
        preambles = torch.view_as_real(functional.pad(book, (0, padding)).resolve_conj()).flatten(1)
        devices = self.of_preamble(preambles).expand(len(received), -1, -1)
        tokens = torch.cat((first, devices), dim=1)
        for layer, attention in zip(self.layers, self.length_attention, strict=True):
            tokens = attention(layer(tokens), symbols / self.longest)
        tokens = self.norm(tokens)
        alike = (self.form(tokens[:, 1:]) * tokens[:, :1]).sum(dim=2) / tokens.shape[2] ** 0.5
        logits: Tensor = _BOUND * alike.tanh()
        return logits.unsqueeze(0)

    def _filtered(self, received: Tensor) -> Tensor:
        """Return the received symbols after the filter over antennas, on top of what they are (batch, L, M)."""
        signals = torch.view_as_real(received).flatten(0, 1).mT
        filtered = torch.view_as_complex((signals + self.spatial(signals)).mT.contiguous())
        return filtered.reshape(received.shape)


class LengthAttention(nn.Module):
    """A weight for each feature of all tokens, from their mean and the length of the preamble."""

    def __init__(self, features: int) -> None:
        super().__init__()
        self.weigh = nn.Sequential(
            nn.Linear(features + 1, features), nn.ReLU(), nn.Linear(features, features), nn.Sigmoid()
        )

    def forward(self, tokens: Tensor, length: float) -> Tensor:
        """Return the weighted tokens (batch, tokens, features). length: over that of the longest preamble."""
        mean = tokens.mean(dim=1)
        weights: Tensor = self.weigh(torch.cat((mean, torch.full_like(mean[:, :1], length)), dim=1))
        return tokens * weights.unsqueeze(1)
