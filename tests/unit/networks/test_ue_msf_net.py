"""The source encoder and UE-MSFNet: shapes."""

import math

import pytest
import torch

from cscsanet.config.system import MsfParams
from cscsanet.networks.semantic_codec import SourceEncoder, latent_shape
from cscsanet.networks.ue_msf_net import UeMsfNet


@pytest.mark.parametrize(
    ("size", "latent", "halvings"), [((48, 64), (4, 4), 2), ((96, 128), (4, 4), 3), ((144, 96), (6, 3), 3)]
)
@pytest.mark.parametrize("blocks", ["mfnet", "residual"])
def test_the_encoder_maps_an_image_to_the_latent_positions(size, latent, halvings, blocks):
    params = MsfParams(
        blocks=blocks,
        latent_height=latent[0],
        latent_width=latent[1],
        width_multiplier=0.25,
        semantic_features=12,
        context_features=4,
    )
    encoder = SourceEncoder(3, halvings, params)
    assert encoder(torch.rand(2, 3, *size)).shape == (2, 12, *latent)


@pytest.mark.parametrize(("last_pool", "divisor"), [((3, 4), 1), ((6, 4), 2)])
def test_a_ue_sends_one_latent_position_on_each_of_its_subcarriers(smoke, last_pool, divisor):
    positions = math.prod(latent_shape(smoke.msf, last_pool))
    assert positions == smoke.channel.subcarriers // divisor
    csi_features, chains, symbols = smoke.csa.csi_features, smoke.channel.rf_chains, 4
    net = UeMsfNet(3, smoke.halvings, smoke.msf, csi_features, chains, symbols, last_pool).eval()
    image = torch.rand(2, 3, smoke.scenes.height, smoke.scenes.width)
    signal = net(image, torch.randn(2, positions, csi_features))
    assert signal.shape == (2, positions, symbols, chains, 2)
