"""Muon for two-dimensional convolutions, Adam for all other weights, as one optimiser.

Muon (Jordan et al., 2024, https://kellerjordan.github.io/posts/muon) replaces the momentum of a weight
matrix by the nearest matrix with orthonormal rows or columns, so all directions of the matrix learn at one
rate. A convolution counts as the matrix from its inputs under the kernel to its outputs.
`torch.optim.Muon` takes plain matrices alone, and Lightning one optimiser.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

_MOMENTUM = 0.95
_NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)  # coefficients of the quintic iteration
_ITERATIONS = 5
_LEAST_CHANNELS = 9  # convolutions from or to fewer, as the first one of an encoder, are left to Adam
_BETAS, _EPS = (0.9, 0.999), 1e-8  # of Adam


class MuonWithAdam(torch.optim.Optimizer):
    """Adam for some parameters, Muon for some convolutions."""

    def __init__(
        self,
        parameters: Iterable[Tensor],
        convolutions: Iterable[tuple[Tensor, bool]],
        learning_rate: float,
        muon_rate: float,
    ) -> None:
        """convolutions: weights, and whether they are of a transposed convolution.

        learning_rate: of Adam. muon_rate: of Muon, over that of Adam.
        """
        weights = list(convolutions)
        groups: list[dict[str, Any]] = [
            {"params": list(parameters), "lr": learning_rate, "transposed": None},
            *(
                {
                    "params": [weight for weight, kind in weights if kind == transposed],
                    "lr": learning_rate * muon_rate,
                    "transposed": transposed,
                }
                for transposed in (False, True)
            ),
        ]
        super().__init__([group for group in groups if group["params"]], {})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Update all weights that have a gradient."""
        loss = None
        if closure is not None:
            with torch.enable_grad():
                loss = closure()
        for group in self.param_groups:
            trained = [weight for weight in group["params"] if weight.grad is not None]
            if group["transposed"] is None:
                for weight in trained:
                    self._adam(weight, group["lr"])
            else:
                self._muon(trained, group["lr"], transposed=group["transposed"])
        return loss

    def _adam(self, weight: Tensor, learning_rate: float) -> None:
        assert weight.grad is not None
        state = self.state[weight]
        if not state:
            state["step"] = torch.zeros(())
            state["mean"], state["square"] = torch.zeros_like(weight), torch.zeros_like(weight)
        state["step"] += 1
        step = float(state["step"])
        state["mean"].lerp_(weight.grad, 1 - _BETAS[0])
        state["square"].mul_(_BETAS[1]).addcmul_(weight.grad, weight.grad, value=1 - _BETAS[1])
        scale = (state["square"] / (1 - _BETAS[1] ** step)).sqrt_().add_(_EPS)
        weight.addcdiv_(state["mean"], scale, value=-learning_rate / (1 - _BETAS[0] ** step))

    def _muon(self, weights: list[Tensor], learning_rate: float, *, transposed: bool) -> None:
        by_shape: dict[torch.Size, list[tuple[Tensor, Tensor]]] = {}
        for weight in weights:
            assert weight.grad is not None
            state = self.state[weight]
            if not state:
                state["momentum"] = torch.zeros_like(weight)
            state["momentum"].lerp_(weight.grad, 1 - _MOMENTUM)
            # Nesterov's form: the momentum as it will be after one more such gradient.
            ahead = weight.grad.lerp(state["momentum"], _MOMENTUM)
            by_shape.setdefault(weight.shape, []).append((weight, ahead))
        for shape, pairs in by_shape.items():
            matrices = torch.stack([as_matrix(update, transposed=transposed) for _, update in pairs])
            scale = max(1.0, matrices.shape[1] / matrices.shape[2]) ** 0.5
            for (weight, _), update in zip(pairs, orthogonalised(matrices), strict=True):
                weight.add_(as_kernel(update, shape, transposed=transposed), alpha=-learning_rate * scale)


def muon_with_adam(module: nn.Module, learning_rate: float, muon_rate: float) -> MuonWithAdam:
    """Build the optimiser of a module, with Muon for its two-dimensional convolutions."""
    convolutions = {
        layer.weight: isinstance(layer, nn.ConvTranspose2d)
        for layer in module.modules()
        if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d)
        and min(layer.weight.shape[:2]) >= _LEAST_CHANNELS
    }
    others = [weight for weight in module.parameters() if weight not in convolutions]
    return MuonWithAdam(others, convolutions.items(), learning_rate, muon_rate)


def as_matrix(kernel: Tensor, *, transposed: bool) -> Tensor:
    """Return the weights of a convolution as a matrix: outputs by inputs and positions of the kernel.

    A transposed convolution maps inputs to outputs and positions: its matrix has these as rows.
    """
    return kernel.flatten(1).T if transposed else kernel.flatten(1)


def as_kernel(matrix: Tensor, shape: torch.Size, *, transposed: bool) -> Tensor:
    """Return the weights of a convolution of a shape from their matrix; see `as_matrix`."""
    return (matrix.T if transposed else matrix).reshape(shape)


def orthogonalised(matrices: Tensor) -> Tensor:
    """Return matrices (batch, m, n) with all singular values near 1, and the singular vectors of the given ones.

    By Newton and Schulz' iteration, on the smaller of the two products of a matrix with itself. After five
    steps singular values lie between 0.7 and 1.2.
    """
    wide = matrices if matrices.shape[1] <= matrices.shape[2] else matrices.mT
    wide = wide / torch.linalg.vector_norm(wide, dim=(1, 2), keepdim=True).clamp_min(1e-7)
    first, second, third = _NEWTON_SCHULZ
    gram = wide @ wide.mT
    identity = torch.eye(gram.shape[-1], dtype=gram.dtype, device=gram.device)
    product = identity.expand_as(gram)
    for _ in range(_ITERATIONS):
        factor = first * identity + second * gram + third * gram @ gram
        product = factor @ product
        gram = factor @ gram @ factor
    result: Tensor = product @ wide
    return result if matrices.shape[1] <= matrices.shape[2] else result.mT
