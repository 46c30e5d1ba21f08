"""The source codec of the separated designs: images to symbols, symbols to a segmentation.

    image of UE k -> source encoder = (d_s, H_s, W_s) -> per position linear
                  -> N_c x Q symbols of unit mean energy
    s_hat of UE k -> per position linear = (d_s, H_s, W_s)
    features of all UEs, concatenated -> decoder -> class logits

Encoders and decoder are those of `noma` (MFNet's, without its skip connections, which no radio link
has), and the decoder takes the features of all UEs, K d_s of them. The codec uses no CSI: its input
are detected symbols.

It is first trained over additive white Gaussian noise (`AwgnLink`), with a random SNR for each UE.
A linear MMSE detector turns a symbol at SNR rho into rho / (1 + rho) (s + n), so the codec is
trained on symbols of this form.

Axes: K UEs, N_c = H_s x W_s positions, Q payload symbols of each, D = N_c Q.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from cscsanet.channel.noise import complex_normal
from cscsanet.channel.paths import PathDrops
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.params import Params
from cscsanet.config.system import ChannelParams
from cscsanet.links.link import Link, Transmission, pad_symbols, parts
from cscsanet.links.semantic_layer import CHANNEL_MASKS
from cscsanet.networks.iq import to_complex, to_pairs
from cscsanet.networks.semantic_codec import SourceEncoder, decoder_for
from cscsanet.scenes.layout import MODALITIES


class SourceCodec(nn.Module):
    """One source encoder for each modality, and one decoder for all."""

    def __init__(self, params: Params) -> None:
        super().__init__()
        msf = params.msf
        self.capacity = params.points.capacity
        self.latent_shape = (msf.latent_height, msf.latent_width)
        mask = torch.tensor(CHANNEL_MASKS[params.semantic.modalities]).reshape(1, 4, 1, 1)
        self.register_buffer("channel_mask", mask, persistent=False)
        symbols = self.capacity.data_symbols
        modalities = MODALITIES.values()
        self.encoders = nn.ModuleList(
            SourceEncoder(channels.stop - channels.start, params.halvings, msf) for channels in modalities
        )
        self.to_symbols = nn.ModuleList(nn.Linear(msf.semantic_features, 2 * symbols) for _ in modalities)
        self.from_symbols = nn.ModuleList(nn.Linear(2 * symbols, msf.semantic_features) for _ in modalities)
        features = len(MODALITIES) * msf.semantic_features
        self.decoder = decoder_for(params.scenes.head, features, params.halvings, msf)

    def encode(self, images: Tensor, data_symbols: int) -> Tensor:
        """Return symbols (batch, K, D), complex, with a mean energy of 1 for each UE and image.

        images: (batch, 4, H, W) in [0, 1]. The order is by symbol, then by position.
        """
        return self.block(self.symbols(images), data_symbols)

    def symbols(self, images: Tensor) -> Tensor:
        """Return the unscaled symbols (batch, K, N_c, Q), complex, of images, for the largest Q."""
        images = images * self.get_buffer("channel_mask")
        blocks = []
        for encoder, to_symbols, channels in zip(
            self.encoders, self.to_symbols, MODALITIES.values(), strict=True
        ):
            positions = to_symbols(encoder(images[:, channels]).flatten(2).transpose(1, 2))
            blocks.append(to_complex(positions.reshape(*positions.shape[:2], -1, 2)))
        return torch.stack(blocks, dim=1)

    def block(self, symbols: Tensor, data_symbols: int) -> Tensor:
        """Return the block (batch, K, D) of the first Q of unscaled symbols, with a mean energy of 1."""
        block = symbols[..., :data_symbols].transpose(2, 3).flatten(2)
        energy = to_pairs(block).square().sum(dim=-1).mean(dim=-1, keepdim=True)
        return block * torch.rsqrt(energy.clamp_min(1e-20))

    def decode(self, symbols: Tensor, data_symbols: int) -> Tensor:
        """Return class logits (batch, classes, H, W) from detected symbols (batch, K, D)."""
        return self.decode_grid(self.grid(symbols, data_symbols))

    def grid(self, symbols: Tensor, data_symbols: int) -> Tensor:
        """Return detected symbols (batch, K, D) by position, (batch, K, N_c, largest Q), zero beyond Q."""
        positions = symbols.reshape(*symbols.shape[:2], data_symbols, -1).transpose(2, 3)
        return pad_symbols(positions, self.capacity.data_symbols, 3)

    def decode_grid(self, grid: Tensor) -> Tensor:
        """Return class logits (batch, classes, H, W) from detected symbols by position; see `grid`."""
        return self.draw(to_pairs(grid.contiguous()).flatten(3))

    def draw(self, received: Tensor) -> Tensor:
        """Return class logits (batch, classes, H, W) from what was received of each UE, (batch, K, N_c, values)."""
        features = [from_symbols(received[:, user]) for user, from_symbols in enumerate(self.from_symbols)]
        # Normalised over both UEs together: their relative power shows which one is reliable, their
        # total does not.
        together = torch.cat(features, dim=-1)
        semantics = nn.functional.rms_norm(together, together.shape[1:]).transpose(1, 2)
        logits: Tensor = self.decoder(semantics.reshape(*semantics.shape[:2], *self.latent_shape))
        return logits


class AwgnLink(Link):
    """White noise: s_hat = rho / (1 + rho) (s + n), n ~ CN(0, 1 / rho), rho uniform in dB.

    rho is drawn for each UE of each image.
    """

    def __init__(self, codec: SourceCodec, snr_db: tuple[float, float]) -> None:
        super().__init__()
        self.codec = codec
        self.snr_db = snr_db

    def forward(
        self, images: Tensor, paths: PathDrops | None, point: OperatingPoint, generator: torch.Generator
    ) -> Transmission:
        """Transmit over white noise: paths, and the point's SNR, L and B, are unused."""
        point.within(self.codec.capacity)
        symbols = self.codec.encode(images, point.data_symbols)
        detected = self._detect(symbols, generator)
        sent = symbols.reshape(*symbols.shape[:2], point.data_symbols, -1, 1)
        return Transmission(self.codec.decode(detected, point.data_symbols), sent)

    def mixed(
        self,
        images: Tensor,
        paths: PathDrops | None,
        points: Sequence[OperatingPoint],
        generator: torch.Generator,
        channels: Sequence[ChannelParams] | None = None,
    ) -> Tensor:
        """Transmit in equal parts at several Q: paths, and the points' SNR, L and B, are unused."""
        symbols = self.codec.symbols(images)
        grids = []
        for part, point in zip(parts(len(images), len(points)), points, strict=True):
            block = self.codec.block(symbols[part], point.data_symbols)
            grids.append(self.codec.grid(self._detect(block, generator), point.data_symbols))
        return self.codec.decode_grid(torch.cat(grids))

    def _detect(self, symbols: Tensor, generator: torch.Generator) -> Tensor:
        """Return the symbols (batch, K, D) after noise of a random power and linear MMSE detection."""
        low, high = self.snr_db
        shape = (*symbols.shape[:2], 1)
        drawn = torch.rand(shape, generator=generator, device=generator.device).to(symbols.device)
        snr = 10 ** ((low + (high - low) * drawn) / 10)
        noise = complex_normal(tuple(symbols.shape), generator, symbols.device)
        return snr / (1 + snr) * (symbols + noise * torch.rsqrt(snr))
