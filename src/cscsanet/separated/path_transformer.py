"""The Transformer over paths that CSI acquisition, feedback and precoding share: a token for each path."""

from torch import Tensor, nn

from cscsanet.networks.transformer import transformer
from cscsanet.params import CsaParams


class PathTransformer(nn.Module):
    """Tokens (batch, P, figures) -> (batch, P, outputs), of the sizes of CSANet; zeros before training.

    What is learned is added to an answer that is known without learning, so a training starts at that answer.
    """

    def __init__(self, figures: int, params: CsaParams, layers: int, outputs: int) -> None:
        super().__init__()
        self.embed = nn.Linear(figures, params.model_features)
        self.trunk = transformer(params, layers)
        self.head = nn.Linear(params.model_features, outputs)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, tokens: Tensor) -> Tensor:
        """tokens: (batch, P, figures)."""
        learned: Tensor = self.head(self.trunk(self.embed(tokens)))
        return learned
