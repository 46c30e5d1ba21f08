"""Muon beside Adam: which weights each takes, and what each does to them."""

from copy import deepcopy

import pytest
import torch
from torch import nn

from cscsanet.links.ideal import IdealLink
from cscsanet.links.semantic_layer import SemanticLayer
from cscsanet.networks.semantic_codec import SemanticDecoder, SourceEncoder
from cscsanet.training.muon import MuonWithAdam, as_kernel, as_matrix, muon_with_adam, orthogonalised


@pytest.mark.parametrize("shape", [(8, 8), (8, 30), (30, 8)])
def test_orthogonalised_matrices_keep_their_singular_vectors(shape):
    torch.manual_seed(1)
    matrices = torch.randn(3, *shape)
    result = orthogonalised(matrices)
    values = torch.linalg.svdvals(result)
    assert values.min() > 0.6
    assert values.max() < 1.25
    left, _, right = torch.linalg.svd(matrices, full_matrices=False)
    in_their_basis = left.mT @ result @ right.mT
    off = in_their_basis - torch.diag_embed(in_their_basis.diagonal(dim1=1, dim2=2))
    assert off.abs().max() < 1e-3


def test_a_matrix_of_zeros_stays_finite():
    assert not orthogonalised(torch.zeros(1, 4, 6)).any()


def test_a_kernel_is_the_matrix_that_maps_its_inputs():
    kernel = torch.randn(5, 3, 2, 2)
    assert torch.equal(as_kernel(as_matrix(kernel, transposed=False), kernel.shape, transposed=False), kernel)
    assert torch.equal(as_kernel(as_matrix(kernel, transposed=True), kernel.shape, transposed=True), kernel)
    window = torch.randn(1, 3, 2, 2)
    direct = nn.functional.conv2d(window, kernel).flatten()
    torch.testing.assert_close(as_matrix(kernel, transposed=False) @ window.flatten(), direct)
    point = torch.randn(1, 5, 1, 1)
    direct = nn.functional.conv_transpose2d(point, kernel).flatten()
    torch.testing.assert_close(as_matrix(kernel, transposed=True) @ point.flatten(), direct)


def test_without_convolutions_it_is_adam():
    torch.manual_seed(2)
    ours, theirs = nn.Linear(4, 3), nn.Linear(4, 3)
    theirs.load_state_dict(ours.state_dict())
    optimisers = (
        MuonWithAdam(ours.parameters(), [], 0.01, 6.7),
        torch.optim.Adam(theirs.parameters(), 0.01),
    )
    for step in range(20):
        inputs = torch.randn(8, 4, generator=torch.Generator().manual_seed(step))
        for net, optimiser in zip((ours, theirs), optimisers, strict=True):
            optimiser.zero_grad()
            (net(inputs) - 1).square().mean().backward()
            optimiser.step()
    torch.testing.assert_close(ours.weight, theirs.weight, rtol=1e-4, atol=1e-6)


def test_muon_is_torch_s_for_a_matrix():
    torch.manual_seed(2)
    kernel = nn.Parameter(torch.randn(12, 10, 1, 1))
    matrix = nn.Parameter(kernel.detach().clone().flatten(1))
    ours = MuonWithAdam([], [(kernel, False)], 0.01, 2.0)
    theirs = torch.optim.Muon([matrix], lr=0.02, weight_decay=0.0, adjust_lr_fn="original")
    for step in range(5):
        gradient = torch.randn(12, 10, generator=torch.Generator().manual_seed(step))
        kernel.grad, matrix.grad = gradient.reshape(12, 10, 1, 1).clone(), gradient.clone()
        ours.step()
        theirs.step()
    # Torch computes in bfloat16.
    torch.testing.assert_close(kernel.detach().flatten(1), matrix.detach(), rtol=0.02, atol=0.005)


def test_convolutions_of_the_codec_are_left_to_muon_and_all_else_to_adam(smoke):
    link = IdealLink(SemanticLayer(smoke))
    optimiser = muon_with_adam(link, 1e-3, 10.0)
    groups = {group["transposed"]: group for group in optimiser.param_groups}
    assert groups[False]["lr"] == groups[True]["lr"] == pytest.approx(1e-2)
    assert groups[None]["lr"] == 1e-3
    counted = sum(len(group["params"]) for group in groups.values())
    assert counted == len(list(link.parameters()))
    kernels = {weight for kind in (False, True) for weight in groups[kind]["params"]}
    of_codec = {
        weight
        for net in link.modules()
        if isinstance(net, SourceEncoder | SemanticDecoder)
        for weight in net.parameters()
        if weight.dim() == 4
    }
    assert kernels < of_codec
    # The first convolutions, from three channels and from one.
    assert {weight.shape[1] for weight in of_codec - kernels} == {3, 1}


def test_its_state_survives_a_checkpoint(smoke):
    torch.manual_seed(3)
    nets = [IdealLink(SemanticLayer(smoke)) for _ in range(2)]
    nets[1].load_state_dict(nets[0].state_dict())
    optimisers = [muon_with_adam(net, 1e-3, 5.0) for net in nets]

    def step(index, seed):
        source = torch.Generator().manual_seed(seed)
        for weight in nets[index].parameters():
            weight.grad = torch.randn(weight.shape, generator=source)
        optimisers[index].step()

    step(0, 1)
    nets[1].load_state_dict(nets[0].state_dict())
    optimisers[1].load_state_dict(deepcopy(optimisers[0].state_dict()))
    for index in range(2):
        step(index, 2)
    for first, second in zip(nets[0].parameters(), nets[1].parameters(), strict=True):
        assert torch.equal(first, second)
