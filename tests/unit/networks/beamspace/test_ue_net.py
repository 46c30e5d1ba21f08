"""UE-CSANet over beams: its codeword, and the refusal of too many bits."""

import pytest
import torch

from cscsanet.channel.paths import draw_paths
from cscsanet.config.operating_point import Capacity
from cscsanet.errors import CscsanetError
from cscsanet.networks.beamspace.beam_grid import wrap_direction
from cscsanet.networks.beamspace.bs_net import BeamspaceBs
from cscsanet.networks.beamspace.direction_code import DIGITS
from cscsanet.networks.beamspace.ue_net import BeamspaceUe
from cscsanet.networks.quantiser import dequantise

CAPACITY = Capacity(8, 64, 4)


@pytest.mark.parametrize("snr_db", [-25.0, 10.0])
def test_the_directions_that_the_bs_decodes_are_those_that_the_ue_detected(
    smoke, csirs, signals, seeded, snr_db
):
    """Both ends use the same order of the codeword, which depends on the SNR."""
    torch.manual_seed(4)
    ue, bs = (net(smoke.channel, smoke.csa, CAPACITY) for net in (BeamspaceUe, BeamspaceBs))
    paths = draw_paths(32, smoke.channel, seeded)
    snr, active = torch.full((32, 1), snr_db), torch.ones(bs.features)
    with torch.no_grad():
        detected = ue.search(csirs(paths, 8, 0.0, seeded)[:, 0], signals)
        view = ue(detected, signals, snr, active, float("inf"), torch.arange(8, 12))
        missing = bs.order.length - bs.features
        codeword = torch.nn.functional.pad(dequantise(view.bits), (0, missing), value=0.5)
        fed_back = torch.nn.functional.pad(active, (0, missing)).expand(32, -1)
        low_snr = snr < -5
        aoa, _ = bs.order.directions(
            bs.order.from_feedback_order(codeword, low_snr), bs.order.from_feedback_order(fed_back, low_snr)
        )
    # A cell of the last digit, and the small shift that an untrained network adds.
    assert wrap_direction(aoa - detected.aoa).abs().max() < 2 * 4.0**-DIGITS + 0.2 * 2 / 64
    torch.testing.assert_close(view.reported_beams.direction, aoa)
    assert torch.equal(view.strongest[0], detected.aoa[:, 0])


def test_more_bits_than_the_codeword_has_are_refused(smoke):
    with pytest.raises(CscsanetError, match=r"points\.feedback_bits = 2048: .* fills at most 1024"):
        BeamspaceUe(smoke.channel, smoke.csa, Capacity(8, 2048, 4))
