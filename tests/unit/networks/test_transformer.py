"""The Transformers: position embedding, and the start of a PathTransformer."""

import math

import torch

from cscsanet.networks.transformer import PathTransformer, sine_positions


def test_positions_are_the_sines_and_cosines_of_the_original_transformer():
    positions = sine_positions(5, 6)
    for token in range(5):
        for pair in range(3):
            angle = token / 10_000 ** (2 * pair / 6)
            expected = torch.tensor([math.sin(angle), math.cos(angle)])
            torch.testing.assert_close(positions[token, 2 * pair : 2 * pair + 2], expected)


def test_a_path_transformer_starts_at_zero_and_is_equivariant_to_the_order_of_paths(smoke):
    torch.manual_seed(1)
    net = PathTransformer(7, smoke.csa, 2, 3).eval()
    tokens = torch.randn(4, 5, 7)
    assert not net(tokens).any()
    torch.nn.init.normal_(net.head.weight)
    order = torch.tensor([3, 0, 4, 1, 2])
    torch.testing.assert_close(net(tokens[:, order]), net(tokens)[:, order])
