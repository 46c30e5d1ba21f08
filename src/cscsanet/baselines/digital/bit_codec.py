"""A source codec of bits: images to signs, signs to a segmentation.

    image of UE k -> source encoder = (d_s, H_s, W_s) -> per position linear -> sign = P planes of N_c bits
    received planes, 0 where none -> per position linear = (d_s, H_s, W_s)
    features of all UEs, concatenated -> decoder -> class logits

Encoders and decoder are those of the other separated designs (`source_codec`); only the layer between them
differs. A prefix of the bits can be decoded, plane by plane and position by position, so one codec serves
every rate. A UE of which nothing arrives is all zeros.

In a training each UE of each image has a number of bits of its own, drawn evenly over its logarithm, and is
missing with a small probability. The gradient passes a sign as if it were a hyperbolic tangent (Bengio et
al., arXiv 1308.3432).

Axes: K UEs, P planes, N_c = H_s x W_s positions.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cscsanet.baselines.source_codec import SourceCodec
from cscsanet.channel.paths import PathDrops
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params
from cscsanet.config.system import ChannelParams
from cscsanet.links.link import Link, Transmission
from cscsanet.scenes.layout import MODALITIES


class BitCodec(SourceCodec):
    """One encoder to bits for each modality, and one decoder for all."""

    def __init__(self, params: Params) -> None:
        super().__init__(params)
        self.planes = params.digital.planes
        self.positions = math.prod(self.latent_shape)
        features = params.msf.semantic_features
        self.to_symbols = nn.ModuleList(nn.Linear(features, self.planes) for _ in MODALITIES)
        self.from_symbols = nn.ModuleList(nn.Linear(self.planes, features) for _ in MODALITIES)

    def signs(self, images: Tensor) -> Tensor:
        """Return the bits (batch, K, P, N_c) of images (batch, 4, H, W) in [0, 1], as -1 and 1."""
        images = images * self.get_buffer("channel_mask")
        planes = []
        for encoder, linear, channels in zip(
            self.encoders, self.to_symbols, MODALITIES.values(), strict=True
        ):
            planes.append(linear(encoder(images[:, channels]).flatten(2).transpose(1, 2)).transpose(1, 2))
        soft = torch.stack(planes, dim=1).tanh()
        hard = torch.where(soft >= 0, 1.0, -1.0)
        return hard if not torch.is_grad_enabled() else soft + (hard - soft).detach()

    def fuse(self, signs: Tensor) -> Tensor:
        """Return class logits (batch, classes, H, W) from bits (batch, K, P, N_c), 0 where none arrived."""
        return self.draw(signs.transpose(2, 3))


def prefix(signs: Tensor, counts: Tensor) -> Tensor:
    """Return the first bits of each UE, and 0 in place of the others.

    signs: (batch, K, P, N_c). counts: numbers of bits (batch, K).
    """
    order = torch.arange(signs.shape[2] * signs.shape[3], device=signs.device)
    kept = order < counts.unsqueeze(-1)
    return signs * kept.reshape(signs.shape)


class BitPipe(Link):
    """An error-free link of a random number of bits for each UE of each image, for the training of a codec."""

    def __init__(self, codec: BitCodec, lost_share: float) -> None:
        """lost_share: of the UEs of which nothing arrives."""
        super().__init__()
        self.codec = codec
        self.lost_share = lost_share

    def forward(
        self, images: Tensor, paths: PathDrops | None, point: OperatingPoint, generator: torch.Generator
    ) -> Transmission:
        """Transmit half of the planes of each UE: paths and point are unused."""
        signs = self.codec.signs(images)
        total = signs.shape[2] * signs.shape[3]
        counts = torch.full(signs.shape[:2], total // 2, device=signs.device)
        return Transmission(self.codec.fuse(prefix(signs, counts)))

    def mixed(
        self,
        images: Tensor,
        paths: PathDrops | None,
        points: Sequence[OperatingPoint],
        generator: torch.Generator,
        channels: Sequence[ChannelParams] | None = None,
    ) -> Tensor:
        """Transmit at random rates: paths, points and channels are unused."""
        signs = self.codec.signs(images)
        fewest, most = math.log(signs.shape[3]), math.log(signs.shape[2] * signs.shape[3])
        drawn = torch.rand((*signs.shape[:2], 2), generator=generator, device=generator.device).to(
            signs.device
        )
        counts = (fewest + (most - fewest) * drawn[..., 0]).exp()
        counts = torch.where(drawn[..., 1] < self.lost_share, 0.0, counts.round())
        return self.codec.fuse(prefix(signs, counts))
