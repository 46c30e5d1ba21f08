"""Precoding: PCA before training, and beams that cover the cell of the feedback."""

import torch

from cscsanet.baselines.feedback import FedBackPaths, perfect_feedback
from cscsanet.baselines.path_channel import true_channel
from cscsanet.baselines.precoding import DlPrecoding, PcaPrecoding
from cscsanet.networks.beamspace.beam_grid import array_response


def test_before_training_learned_precoding_is_pca(small, drops):
    torch.manual_seed(1)
    truth = true_channel(drops, 8, small.channel)
    feedback = perfect_feedback(truth)
    with torch.no_grad():
        for learned, pca in zip(
            DlPrecoding(small)(truth, feedback, -10.0),
            PcaPrecoding(small.channel)(truth, feedback, -10.0),
            strict=True,
        ):
            torch.testing.assert_close(learned, pca, atol=1e-4, rtol=0)


def test_a_beam_for_a_wide_cell_covers_it(small, drops):
    truth = true_channel(drops, 8, small.channel)
    precoding = PcaPrecoding(small.channel)
    strong_first = truth._replace(gain=truth.gain * torch.tensor([1.0, 0.0]).reshape(1, 2, 1))

    def worst(width):
        _, combiner = precoding(
            truth,
            FedBackPaths(strong_first, torch.full_like(truth.aoa, width), torch.zeros_like(truth.delay)),
            0.0,
        )
        offsets = torch.linspace(-1 / 16, 1 / 16, 41)
        directions = strong_first.aoa[:, :1].reshape(-1, 2, 1)[:, :, :] + offsets
        steering = array_response(directions, 64)
        response = torch.einsum("bkr,bkor->bko", combiner, torch.view_as_complex(steering.contiguous()))
        return float(response.abs().square().amin(dim=-1).mean())

    assert worst(2 / 16) > 20 * worst(0.0)
