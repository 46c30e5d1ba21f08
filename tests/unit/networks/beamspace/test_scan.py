"""Loops: their value, and that an exported graph holds their step once."""

import torch
from torch import nn

from cscsanet.networks.beamspace.scan import no_grad_unless_exporting, scan


class Doubling(nn.Module):
    def __init__(self, times):
        super().__init__()
        self.times = times

    def forward(self, start):
        with no_grad_unless_exporting():
            (last,), (steps,) = scan(lambda state: ((2 * state[0],), (state[0] + 1,)), (start,), self.times)
        return last, steps


def test_the_state_and_the_stacked_outputs_of_a_loop():
    last, steps = Doubling(4)(torch.tensor([1.0, 3.0], requires_grad=True))
    assert last.tolist() == [16, 48]
    assert steps.tolist() == [[2, 4], [3, 7], [5, 13], [9, 25]]
    assert not last.requires_grad


def test_an_exported_graph_has_the_same_values_and_as_many_nodes_for_any_number_of_steps():
    start, sizes = torch.tensor([1.0, 3.0]), []
    for times in (2, 5):
        program = torch.export.export(Doubling(times), (start,), strict=False)
        graph = program.graph_module
        assert [node for node in graph.graph.nodes if "scan" in str(node.target)]
        # torch.ops.aten.mul of the step is inside the loop's body, not in the graph around it.
        assert not [node for node in graph.graph.nodes if "mul" in str(node.target)]
        sizes.append(len(graph.graph.nodes))
        for exported, eager in zip(program.module()(start), Doubling(times)(start), strict=True):
            torch.testing.assert_close(exported, eager)
    assert sizes[0] == sizes[1]
