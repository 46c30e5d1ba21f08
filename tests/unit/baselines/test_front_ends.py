"""Front ends of the separated designs: the CSI that each end uses, and no more."""

from dataclasses import replace

import pytest
import torch

from cscsanet.baselines.feedback import FedBackPaths
from cscsanet.baselines.front_ends import codebook, perfect_csi
from cscsanet.baselines.mmse_detection import detected_se
from cscsanet.channel.response import effective_channel
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.evaluation.schemes import BUILD
from cscsanet.networks.bs_csirs_net import BsCsirsNet

POINT = OperatingPoint(-10.0, 8, 1024, 4)
DESIGNS = ("dlcsi-dl", "dlcsi-pca", "perfect-dl", "perfect-pca", "codebook")


@pytest.fixture(scope="module")
def links(small):
    torch.manual_seed(0)
    return {name: BUILD[name](small).eval() for name in DESIGNS}


def noise():
    return torch.Generator().manual_seed(11)


def test_perfect_csi_never_reads_an_estimate(small, drops, monkeypatch):
    def refuse(*_):
        raise AssertionError("CSI-RS were received")

    monkeypatch.setattr(BsCsirsNet, "forward", refuse)
    torch.manual_seed(3)
    link = perfect_csi(small, "dl").eval()
    # With weights other than zero, so that the learned precoding is not PCA.
    for net in (link.front.precoding.ue, link.front.precoding.bs):
        torch.nn.init.normal_(net.head.weight, std=0.2)
    assert not hasattr(link.front, "acquisition")
    before = link.front(drops, POINT, noise())
    # Neither the noise on the CSI-RS nor their power, nor the number of bits, changes a beam.
    louder = small.model_copy(
        update={"channel": small.channel.model_copy(update={"bs_power_offset_db": -20.0})}
    )
    other = perfect_csi(louder, "dl").eval()
    other.load_state_dict(link.state_dict())
    after = other.front(drops, replace(POINT, feedback_bits=4), torch.Generator().manual_seed(99))
    torch.testing.assert_close(after.precoder, before.precoder)
    torch.testing.assert_close(after.combiner, before.combiner)
    assert before.bits.abs().sum() == 0


def test_the_csirs_have_the_noise_of_the_downlink(links, drops, monkeypatch):
    noise_powers = []
    original = BsCsirsNet.forward
    monkeypatch.setattr(
        BsCsirsNet, "forward", lambda *given: noise_powers.append(given[3]) or original(*given)
    )
    for name in ("dlcsi-pca", "codebook"):
        links[name].front(drops, POINT, noise())
    # -10 dB in the uplink, and a BS that sends with 20 dB more.
    assert noise_powers == pytest.approx([0.1, 0.1])


@pytest.mark.parametrize("name", ["dlcsi-dl", "dlcsi-pca"])
def test_the_bs_uses_the_fed_back_bits_and_nothing_else(links, drops, name):
    """Neither differences beyond the B bits nor other drops change a beam of the BS."""
    front = links[name].front
    point = replace(POINT, feedback_bits=4)
    with torch.no_grad():
        estimate, _, bits = front.csi(drops, point, noise())
        assert bits.shape[-1] == 4
        finer = estimate._replace(
            delay=estimate.delay * 0.5, aod=-estimate.aod, gain=0.7 * estimate.gain.roll(1, dims=-1)
        )
        again = front.feedback.encode(finer, point.snr_db)
        assert torch.equal(again[:, :4], bits)
        assert not torch.equal(again, front.feedback.encode(estimate, point.snr_db))
        front.acquisition, original_acquisition = (
            _FixedAcquisition(finer, front.acquisition.channel),
            front.acquisition,
        )
        try:
            other = front(drops[torch.arange(39, -1, -1)], point, noise())
        finally:
            front.acquisition = original_acquisition
        beams = front(drops, point, noise())
    assert torch.equal(other.combiner, beams.combiner)
    assert torch.equal(other.prior.delay, beams.prior.delay)
    assert not torch.equal(other.precoder, beams.precoder), "a UE uses its whole estimate"


class _FixedAcquisition(torch.nn.Module):
    """An acquisition with a fixed result."""

    def __init__(self, estimate, channel):
        super().__init__()
        self.estimate, self.channel = estimate, channel

    def forward(self, paths, point, generator):
        return self.estimate


def test_learned_csi_does_not_use_the_true_channel(small, links, drops):
    """Without received CSI-RS, beams are no better than random."""
    link = links["dlcsi-pca"]
    without_csirs = replace(POINT, snr_db=-60.0)
    with torch.no_grad():
        beams_at_points = (link.front(drops, point, noise()) for point in (POINT, without_csirs))
        gain = [
            effective_channel(drops, beams.precoder, beams.combiner, torch.tensor([8]), small.channel)
            .abs()
            .square()
            .mean()
            for beams in beams_at_points
        ]
    assert gain[0] > 20 * gain[1]


@pytest.mark.parametrize("name", ["dlcsi-dl", "dlcsi-pca"])
def test_shuffled_feedback_bits_cost_the_beams(small, links, drops, name):
    front = links[name].front
    with torch.no_grad():
        estimate, feedback, _ = front.csi(drops, POINT, noise())
        shuffled = FedBackPaths(
            feedback.paths._replace(
                **{field: getattr(feedback.paths, field).roll(2, dims=0) for field in feedback.paths._fields}
            ),
            feedback.width,
            feedback.delay_width,
        )
        rates = [
            detected_se(
                drops, *front.precoding(estimate, word, -10.0), 0.1, torch.tensor([8]), small.channel
            ).sum(1)
            for word in (feedback, shuffled)
        ]
    assert rates[0].mean() > 3 * rates[1].mean()


def test_the_codebook_s_csirs_come_from_the_seed(small):
    first, second = codebook(small).state_dict(), codebook(small).state_dict()
    name = "front.layer.csirs.transmit_phases"
    assert torch.equal(first[name], second[name])
    other = codebook(small.model_copy(update={"seed": 2})).state_dict()
    assert not torch.equal(first[name], other[name])
