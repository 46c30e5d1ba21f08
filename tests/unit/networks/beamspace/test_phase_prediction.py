"""The rule that both ends follow, and predicted phases against those of the channel."""

import math

import torch

from cscsanet.channel.paths import PathDrops, draw_paths
from cscsanet.channel.response import effective_channel
from cscsanet.networks import iq
from cscsanet.networks.beamspace.beam_grid import array_response
from cscsanet.networks.beamspace.phase_prediction import (
    apply_phase_reference,
    chain_response,
    stream_responses,
)
from cscsanet.networks.interfaces import PathEstimates, ReportedBeams
from cscsanet.networks.iq import to_complex, to_pairs


def test_a_chain_is_real_and_positive_towards_its_reported_directions(seeded):
    phases = (torch.rand(5, 2, 64, generator=seeded) * 2 - 1) * math.pi
    direction = torch.rand(5, 3, generator=seeded) * 2 - 1
    weights = torch.rand(5, 2, 3, generator=seeded)
    referenced = apply_phase_reference(phases, direction, weights)
    steered = array_response(direction, 64, centred=True)
    response = to_complex(iq.matmul(iq.cis(referenced), steered.transpose(1, 2)))
    total = (weights * response).sum(dim=2)
    torch.testing.assert_close(total.angle(), torch.zeros(5, 2), atol=1e-3, rtol=0)
    # A chain is rotated as a whole, so its beam stays the same.
    rotation = (referenced - phases)[..., :1].expand_as(phases)
    torch.testing.assert_close(referenced - phases, rotation)


def test_a_chain_s_response_is_the_array_s():
    """W a(u) of a conjugate steering vector W with a chirp, rotated to be positive at v."""
    u, v, chirp = torch.tensor([0.31]), torch.tensor([0.3]), torch.tensor([0.002])
    elements = torch.arange(64) - 31.5
    weights = torch.exp(-1j * math.pi * (v * elements + chirp * elements.square()))
    weights = weights * torch.exp(-1j * (weights * torch.exp(1j * math.pi * v * elements)).sum().angle())
    expected = (weights * torch.exp(1j * math.pi * u * elements)).mean()
    response = to_complex(chain_response(u, v, chirp, 64))[0]
    torch.testing.assert_close(response, expected.to(torch.complex64), rtol=1e-4, atol=1e-5)


def test_with_perfect_csi_and_one_path_the_predicted_phases_are_exact(smoke, seeded):
    channel = smoke.channel.model_copy(update={"paths": 1})
    drops = draw_paths(16, channel, seeded)
    aoa, aod = torch.sin(drops.aoa[:, 0]), torch.sin(drops.aod[:, 0])
    centred = array_response(aoa[:, :1], 64, centred=True)
    combiner = to_complex(iq.conj(centred))
    precoder = to_complex(array_response(aod, 8)).mT
    doppler = drops.doppler[:, 0] * channel.symbol_duration_us * 1e-6
    paths = PathEstimates(aoa, aod, drops.delay[:, 0], doppler, to_pairs(drops.gain[:, 0]))
    zero = torch.zeros(16, 1)
    reported_beams = ReportedBeams(aoa, zero, zero + 1)
    symbols, frequency = torch.arange(8, 12), torch.arange(channel.subcarriers) / channel.subcarriers
    predicted = to_complex(stream_responses(paths, reported_beams, precoder.angle(), symbols, frequency, 64))
    fields = (drops.gain, drops.aod, drops.aoa, drops.delay, drops.doppler)
    first_user = PathDrops(*(field[:, :1] for field in fields))
    effective = effective_channel(first_user, precoder.unsqueeze(1), combiner, symbols, channel)
    residual = (effective[:, 0, :, :, 0] * torch.exp(-1j * predicted.angle())).angle()
    assert residual.abs().max() < 1e-3
