"""The source encoder and the decoder, of both kinds of blocks: shapes, and what an untrained block does."""

import pytest
import torch

from cscsanet.networks.residual_codec import Residual, level_widths
from cscsanet.networks.semantic_codec import SemanticDecoder, SourceEncoder, latent_shape

SIZES = [((96, 128), (8, 8), 2), ((144, 192), (12, 12), 2), ((480, 640), (10, 10), 4), ((24, 32), (4, 4), 1)]


@pytest.fixture(params=["mfnet", "residual"])
def msf(request, smoke):
    return smoke.msf.model_copy(update={"blocks": request.param, "width_multiplier": 0.1})


@pytest.mark.parametrize(("size", "latent", "halvings"), SIZES)
@pytest.mark.parametrize("last_pool", [(3, 4), (6, 4)])
def test_an_image_becomes_latent_positions_and_these_become_an_image(msf, size, latent, halvings, last_pool):
    params = msf.model_copy(update={"latent_height": latent[0], "latent_width": latent[1]})
    encoder = SourceEncoder(3, halvings, params, last_pool)
    features = encoder(torch.rand(2, 3, *size))
    assert features.shape == (2, params.semantic_features, *latent_shape(params, last_pool))
    decoder = SemanticDecoder(2 * params.semantic_features, halvings, params, 9, last_pool)
    assert decoder(torch.cat((features, features), dim=1)).shape == (2, 9, *size)


def test_a_black_image_stays_finite(msf, smoke):
    encoder = SourceEncoder(3, smoke.halvings, msf)
    image = torch.zeros(2, 3, smoke.scenes.height, smoke.scenes.width)
    features = encoder(image)
    features.square().sum().backward()
    assert features.isfinite().all()
    assert all(weight.grad.isfinite().all() for weight in encoder.parameters())


def test_an_untrained_residual_block_passes_positive_features_on():
    features = torch.rand(2, 8, 4, 4)
    assert torch.equal(Residual(8)(features), features)


def test_residual_layers_have_the_same_shapes_for_both_kinds_of_access(smoke):
    """So a training for orthogonal access can start from one for non-orthogonal access."""
    params = smoke.msf.model_copy(update={"blocks": "residual"})
    whole, halved = (SourceEncoder(1, 2, params, pool).state_dict() for pool in ((3, 4), (6, 4)))
    assert {name for name in halved if name not in whole} == {
        name for name in halved if name.startswith("merge")
    }
    assert all(halved[name].shape == weight.shape for name, weight in whole.items())


def test_widths_are_multiples_of_eight_and_do_not_grow_for_ever():
    assert level_widths(2, 0.3333) == [32, 96]
    assert level_widths(4, 1.0) == [96, 192, 288, 288]
    assert level_widths(1, 0.001) == [8, 8]


@pytest.mark.parametrize("precision", [None, torch.bfloat16])
def test_reduced_precision_returns_float32_and_about_the_same(msf, smoke, precision):
    torch.manual_seed(1)
    encoder = SourceEncoder(3, smoke.halvings, msf).eval()
    image = torch.rand(2, 3, smoke.scenes.height, smoke.scenes.width)
    exact = encoder(image)
    encoder.autocast_to = precision
    features = encoder(image)
    assert features.dtype == torch.float32
    assert torch.equal(features, exact) == (precision is None)
    torch.testing.assert_close(features, exact, rtol=0.1, atol=0.05)
