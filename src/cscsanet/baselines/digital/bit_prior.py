"""The probability of each bit of a UE, given those before it: what an arithmetic coder needs.

    p(b) = prod over planes p, positions n of  p(b[p, n] | b[p' < p, all n], b[p, n' < n])

A masked convolutional network, as PixelCNN (van den Oord et al., ICML 2016), with a group of features for
each plane: a group sees all of the planes before its own, and of its own the positions before. An arithmetic
coder spends -log2 p(b) bits on a message, and at most two more in all, so this sum is the length of a
message. Coder and decoder run the same network.

Axes: K UEs, P planes, N_c = H_s x W_s positions, f features of a plane.
"""

import math
from typing import cast

import torch
from torch import Tensor, nn

from cscsanet.config.params import Params
from cscsanet.scenes.layout import MODALITIES

_KERNEL = 3
TERMINATION = 2  # bits that an arithmetic coder adds to a message, at most


class PlaneConv(nn.Conv2d):
    """A convolution whose groups see the groups before them, and the positions before.

    strict: whether a group sees nothing of its own plane at its own position.
    """

    mask: Tensor

    def __init__(self, planes: int, inputs: int, outputs: int, *, strict: bool) -> None:
        """inputs, outputs: features of each plane."""
        super().__init__(planes * inputs, planes * outputs, _KERNEL, padding=_KERNEL // 2)
        order = torch.arange(_KERNEL * _KERNEL).reshape(_KERNEL, _KERNEL)
        centre = _KERNEL * _KERNEL // 2
        earlier = (order < centre) if strict else (order <= centre)
        of_output = torch.arange(planes).repeat_interleave(outputs).reshape(-1, 1, 1, 1)
        of_input = torch.arange(planes).repeat_interleave(inputs).reshape(1, -1, 1, 1)
        mask = (of_input < of_output) | ((of_input == of_output) & earlier)
        self.register_buffer("mask", mask.float(), persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """Return features (batch, planes x outputs, H_s, W_s)."""
        convolved: Tensor = self._conv_forward(features, self.weight * self.mask, self.bias)
        return convolved


class UePrior(nn.Sequential):
    """The network of one UE: bits as -1 and 1 to logits of a one, both (batch, P, H_s, W_s)."""

    def __init__(self, planes: int, features: int, layers: int) -> None:
        hidden: list[nn.Module] = []
        for _ in range(layers):
            hidden += [nn.GELU(), PlaneConv(planes, features, features, strict=False)]
        super().__init__(
            PlaneConv(planes, 1, features, strict=True),
            *hidden,
            nn.GELU(),
            PlaneConv(planes, features, 1, strict=False),
        )


class BitPrior(nn.Module):
    """The networks of all UEs."""

    def __init__(self, params: Params) -> None:
        super().__init__()
        section = params.digital_prior
        self.latent_shape = (params.msf.latent_height, params.msf.latent_width)
        self.ue = nn.ModuleList(
            UePrior(params.digital.planes, section.features, section.layers) for _ in MODALITIES
        )

    def logits(self, signs: Tensor) -> Tensor:
        """Return the logits (batch, K, P, N_c) of a one, for bits -1 and 1 (batch, K, P, N_c)."""
        images = signs.reshape(*signs.shape[:3], *self.latent_shape)
        return torch.stack(
            [cast(Tensor, net(images[:, user])) for user, net in enumerate(self.ue)], dim=1
        ).flatten(3)

    def forward(self, signs: Tensor) -> Tensor:
        """Return the length of every prefix of the bits (batch, K, P N_c) [bit], with the coder's termination."""
        spent = nn.functional.softplus(-signs * self.logits(signs)) / math.log(2)
        return spent.flatten(2).double().cumsum(dim=-1) + TERMINATION
