"""The error-free link: no randomness, no paths, and gradients for Stage I."""

import torch

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.links.ideal import IdealLink
from cscsanet.links.semantic_layer import OrthogonalLayer, SemanticLayer

POINT = OperatingPoint(-10, 8, 64, 4)
SHARES = (slice(0, None, 2), slice(1, None, 2))


def with_other_thermal(images):
    other = images.clone()
    other[:, 3] = 1 - other[:, 3]
    return other


def test_stage_one_trains_it_over_the_error_free_link(smoke, images, seeded):
    torch.manual_seed(5)
    ideal = IdealLink(OrthogonalLayer(smoke)).train()
    sent = ideal(images, None, POINT, seeded)
    sent.logits.square().mean().backward()
    for net in ideal.semantic.ue:
        assert net.to_baseband.weight.grad.abs().sum() > 0
    assert torch.all(sent.streams[:, 0, :, SHARES[1]] == 0)
    shown = ideal(with_other_thermal(images), None, POINT, seeded)
    assert not torch.allclose(shown.logits, sent.logits)


def test_it_is_deterministic_and_needs_no_paths(smoke, images):
    torch.manual_seed(5)
    link = IdealLink(SemanticLayer(smoke)).eval()
    point = OperatingPoint(-25, 8, 64, 4)
    first = link(images, None, point, torch.Generator().manual_seed(1)).logits
    second = link(images, None, point, torch.Generator().manual_seed(2)).logits
    assert torch.equal(first, second)
