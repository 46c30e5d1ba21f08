"""The report of a channel's strength: what it costs, what it says, and that rates at small B are by it."""

from dataclasses import replace

import pytest
import torch
from fixtures.params import altered

from cscsanet.baselines.digital.channel_quality import report, report_bits, reported_power
from cscsanet.baselines.digital.digital_link import DigitalLink, RateRule, digital
from cscsanet.baselines.feedback_code import feedback_code
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.networks import iq

FEW = OperatingPoint(-10.0, 8, 16, 3)


@pytest.fixture(scope="module")
def link(small):
    torch.manual_seed(0)
    return digital(altered(small, digital={"quality_bits": 4}), "coded").eval()


def csi(link, drops, point):
    with torch.no_grad():
        return link.front.csi(drops, point, torch.Generator().manual_seed(5))


@pytest.mark.parametrize("bits", [2, 4])
def test_a_power_comes_back_within_half_a_cell(bits):
    """24 dB in 4 or 16 cells; beyond them the last one."""
    levels = torch.linspace(-19.9, 3.9, 200)
    back = 10 * torch.log10(reported_power(report(10 ** (levels / 10), bits)))
    assert (back - levels).abs().max() <= 24 / 2**bits / 2 + 1e-4
    ends = 10 * torch.log10(reported_power(report(torch.tensor([0.0, 1e6]), bits)))
    torch.testing.assert_close(ends, torch.tensor([-20 + 12 / 2**bits, 4 - 12 / 2**bits]))


def test_the_report_is_part_of_the_b_bits_and_only_where_the_strength_is_not(link, drops):
    code = feedback_code(2)
    given = {4: 0, 12: 0, 14: 2, 16: 4, 42: 4, 44: 0, 64: 0, 1024: 0}
    assert {bits: report_bits(bits, 4, code) for bits in given} == given
    assert [report_bits(bits, 2, code) for bits in (4, 16, 64)] == [0, 2, 0]
    assert report_bits(16, 0, code) == 0
    for bits in (4, 16, 64):
        sent = csi(link, drops, replace(FEW, feedback_bits=bits))[2]
        assert sent.shape == (len(drops) * 2, bits)
        assert set(sent.unique().tolist()) <= {0.0, 1.0}


def test_the_bs_knows_the_strength_of_every_ue_to_a_cell(link, drops):
    estimate, decoded, _ = csi(link, drops, FEW)
    known, true = (10 * torch.log10(iq.abs2(each.gain).amax(dim=-1)) for each in (decoded.paths, estimate))
    inside = (true > -20) & (true < 4)
    assert inside.float().mean() > 0.8
    assert (known - true)[inside].abs().max() <= 0.75 + 1e-3


def test_enough_feedback_bits_change_nothing(link, drops):
    bare = super(type(link.front), link.front)
    point = replace(FEW, feedback_bits=64)
    with torch.no_grad():
        expected = bare.csi(drops, point, torch.Generator().manual_seed(5))
    for ours, theirs in zip(csi(link, drops, point), expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=0)


def test_capacity_spends_no_bits_on_it(small, drops):
    torch.manual_seed(0)
    ideal: DigitalLink = digital(altered(small, digital={"quality_bits": 4}), "ideal").eval()
    expected = ideal.front.feedback.encode(csi(ideal, drops, FEW)[0], FEW.snr_db)[:, :16]
    torch.testing.assert_close(csi(ideal, drops, FEW)[2], expected)


@pytest.mark.parametrize(("bits", "assumed"), [(16, "short_csi_error"), (64, "csi_error")])
def test_a_bs_with_a_report_assumes_another_csi_error(link, drops, bits, assumed):
    point = replace(FEW, feedback_bits=bits)
    with torch.no_grad():
        beams = link.front(drops, point, torch.Generator().manual_seed(5))

    def predicted(**rule):
        link.rule = RateRule(**{"csi_error": 0.3, "short_csi_error": 0.3, **rule})
        return link.predicted_sinr(beams, point)

    try:
        lower = predicted(**{assumed: 0.01})
        assert (lower > predicted()).all()
        other = ({"csi_error", "short_csi_error"} - {assumed}).pop()
        torch.testing.assert_close(predicted(**{other: 0.01}), predicted())
    finally:
        link.rule = RateRule()
