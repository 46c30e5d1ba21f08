"""The source codec of the separated designs: each modality to symbols and back, its features side by side at the BS.

    image of UE k -> source encoder = (d_s, H_s, W_s) -> per position linear -> N_c x Q symbols of unit mean energy
    s_hat of UE k -> per position linear = (d_s, H_s, W_s);  all UEs' features concatenated -> decoder -> class logits

The encoders and the decoder are those of `noma` (MFNet's, without its skip connections, which no radio link has), and
the decoder takes the features of both UEs, K d_s of them. It knows nothing of channels: symbols come to it detected.

Axes: K UEs, N_c = H_s x W_s positions, Q payload symbols of each, D = N_c Q.
"""

import torch
from torch import Tensor, nn

from cscsanet.links.semantic_layer import MODALITIES, SHOWN
from cscsanet.networks.bs_msf_net import SemanticDecoder
from cscsanet.networks.complex_pairs import to_complex, to_pairs
from cscsanet.networks.ue_msf_net import SourceEncoder
from cscsanet.params import Params


class SourceCodec(nn.Module):
    """One source encoder for each modality, and one decoder for all."""

    def __init__(self, params: Params) -> None:
        super().__init__()
        msf = params.msf
        self.capacity = params.points.capacity
        self.latent_shape = (msf.latent_height, msf.latent_width)
        shown = torch.tensor(SHOWN[params.semantic.modalities]).reshape(1, 4, 1, 1)
        self.register_buffer("shown", shown, persistent=False)
        symbols = self.capacity.data_symbols
        seen = MODALITIES.values()
        self.encoders = nn.ModuleList(
            SourceEncoder(part.stop - part.start, params.halvings, msf) for part in seen
        )
        self.to_symbols = nn.ModuleList(nn.Linear(msf.semantic_features, 2 * symbols) for _ in seen)
        self.from_symbols = nn.ModuleList(nn.Linear(2 * symbols, msf.semantic_features) for _ in seen)
        self.decoder = SemanticDecoder(len(MODALITIES) * msf.semantic_features, params.halvings, msf)

    def encode(self, images: Tensor, data_symbols: int) -> Tensor:
        """Return symbols (batch, K, D), complex, of unit mean energy in each block, the first symbol of all positions first.

        images: (batch, 4, H, W) in [0, 1].
        """
        images = images * self.get_buffer("shown")
        blocks = []
        for encoder, to_symbols, part in zip(
            self.encoders, self.to_symbols, MODALITIES.values(), strict=True
        ):
            positions = to_symbols(encoder(images[:, part]).flatten(2).transpose(1, 2))
            symbols = to_complex(positions.reshape(*positions.shape[:2], -1, 2))[..., :data_symbols]
            blocks.append(symbols.transpose(1, 2).flatten(1))
        block = torch.stack(blocks, dim=1)
        energy = to_pairs(block).square().sum(dim=-1).mean(dim=-1, keepdim=True)
        return block * torch.rsqrt(energy.clamp_min(1e-20))

    def decode(self, symbols: Tensor, data_symbols: int) -> Tensor:
        """Return class logits (batch, 9, H, W) of detected symbols (batch, K, D)."""
        missing = self.capacity.data_symbols - data_symbols
        features = []
        for user, from_symbols in enumerate(self.from_symbols):
            positions = symbols[:, user].reshape(symbols.shape[0], data_symbols, -1).transpose(1, 2)
            pairs = nn.functional.pad(to_pairs(positions.contiguous()), (0, 0, 0, missing))
            features.append(from_symbols(pairs.flatten(2)))
        # Levelled over both UEs together: how loud they are against each other says whom to believe, how loud they are does not.
        together = torch.cat(features, dim=-1)
        semantics = nn.functional.rms_norm(together, together.shape[1:]).transpose(1, 2)
        logits: Tensor = self.decoder(semantics.reshape(*semantics.shape[:2], *self.latent_shape))
        return logits
