"""The convolutional blocks: shapes, widths and receptive fields."""

import pytest
import torch

from cscsanet.networks.convolutions import MiniInception
from cscsanet.networks.mfnet_codec import widths


def test_widths_are_even_and_scale_with_the_multiplier():
    assert widths(1.0) == (16, 48, 96, 192, 96)
    assert widths(0.25) == (4, 12, 24, 48, 24)
    assert min(widths(1e-3)) == 2


@pytest.mark.parametrize("outputs", [6, 7])
def test_one_branch_sees_a_wider_context_than_the_other(outputs):
    torch.manual_seed(1)
    block = MiniInception(3, outputs).eval()
    features = torch.randn(1, 3, 15, 15, requires_grad=True)
    result = block(features)
    assert result.shape == (1, outputs, 15, 15)
    half = outputs // 2
    reach = []
    for branch in (result[:, :half], result[:, half:]):
        (gradient,) = torch.autograd.grad(branch[0, :, 7, 7].sum(), features, retain_graph=True)
        reach.append(int(gradient.abs().sum(dim=(0, 1, 2)).count_nonzero()))
    # Two 3x3 convolutions span 5 pixels; with the second one dilated by two, 7.
    assert reach == [5, 7]
