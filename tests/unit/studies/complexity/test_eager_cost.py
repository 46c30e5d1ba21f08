"""What eager PyTorch allocates and multiplies, by hand, and beside the graph of the same module."""

import pytest
import torch
from torch import nn

from cscsanet.studies.complexity.eager_cost import eager_cost
from cscsanet.studies.complexity.graph_cost import graph_cost


class Chain(nn.Module):
    def __init__(self):
        super().__init__()
        self.first, self.second, self.third = (
            nn.Linear(inputs, outputs, bias=False) for inputs, outputs in ((5, 10), (10, 40), (40, 3))
        )

    def forward(self, x):
        return self.third(self.second(self.first(x)))


def test_a_chain_holds_two_neighbours_beside_its_input():
    cost = eager_cost(Chain(), [torch.rand(1, 5)])
    assert cost.activation_bytes == 4 * (5 + 10 + 40)
    assert cost.multiply_additions == 50 + 400 + 120
    assert cost.parameters == 570


def test_views_take_nothing_and_elements_are_counted():
    class Views(nn.Module):
        def forward(self, x):
            return torch.relu(x.reshape(4, 5).transpose(0, 1))

    cost = eager_cost(Views(), [torch.rand(20)])
    assert cost.activation_bytes == 4 * 40
    assert cost.elementwise == 20


def test_the_graph_counts_the_attention_that_the_counter_passes_by():
    tokens, features = 6, 8
    layer = nn.TransformerEncoderLayer(features, 2, 16, dropout=0.0, batch_first=True, norm_first=True)
    x = torch.rand(1, tokens, features)
    eager = eager_cost(layer, [x])
    program = torch.onnx.export(layer.eval(), (x,), dynamo=True, verbose=False, optimize=False)
    graph = graph_cost(program.model_proto, learned=set(dict(layer.named_parameters())))
    assert graph.multiply_additions - eager.multiply_additions == 2 * tokens * tokens * features
    assert eager.multiply_additions == tokens * (4 * features * features + 2 * features * 16)
    assert graph.parameters == eager.parameters
    assert graph.activation_bytes == pytest.approx(eager.activation_bytes, rel=0.5)
