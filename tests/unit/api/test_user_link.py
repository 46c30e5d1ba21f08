"""A scheme of a user is measured as the trained ones are, and within the same budget."""

from dataclasses import replace

import pytest
import torch

import cscsanet
from cscsanet import phy


@pytest.fixture(scope="module")
def scenes():
    return cscsanet.render_scenes(2, seed=78)


@pytest.fixture(scope="module")
def link():
    return cscsanet.load("noma-stage2")


class Changed(cscsanet.Link):
    """A trained network whose transmission is changed before it is returned."""

    def __init__(self, network, change):
        super().__init__()
        self.network = network
        self.change = change

    def forward(self, images, paths, point, generator):
        return self.change(self.network(images, paths, point, generator))


class Blank(cscsanet.Link):
    """Sends nothing, and has no parameters: every pixel is unlabelled."""

    def forward(self, images, paths, point, generator):
        logits = torch.zeros(len(images), 9, *images.shape[-2:])
        logits[:, 0] = 1
        return cscsanet.Transmission(logits)


def test_a_trained_network_gets_the_result_of_its_own_evaluation(link, scenes):
    point = {"snr_db": -10, "data_symbols": 2, "draws": 2}
    trained = link.evaluate(scenes, **point)
    user = cscsanet.evaluate_link(Changed(link.network, lambda sent: sent), scenes, name="mine", **point)
    assert user.confusion.equal(trained.confusion)
    assert user.spectral_efficiencies == trained.spectral_efficiencies
    assert (user.scheme, user.point) == ("mine", trained.point)
    assert (user.miou, user.low, user.high) == (trained.miou, trained.low, trained.high)


def test_modules_keep_the_mode_that_they_had(link, scenes):
    user = Changed(link.network, lambda sent: sent).train()
    user.network.eval()
    cscsanet.evaluate_link(user, scenes, snr_db=-10)
    assert user.training
    assert not user.network.training


def test_drops_that_are_given_are_used(link, scenes):
    channels = cscsanet.draw_channels(2, seed=5)
    first, second = (
        cscsanet.evaluate_link(link.network, scenes, snr_db=-10, channels=drops)
        for drops in (channels, cscsanet.draw_channels(2, seed=6))
    )
    assert first.spectral_efficiencies != second.spectral_efficiencies
    assert link.evaluate(scenes, snr_db=-10, channels=channels).spectral_efficiencies == (
        first.spectral_efficiencies
    )


def test_a_scheme_without_parameters_and_channel_is_the_floor(scenes):
    user = Blank().train()
    outcome = cscsanet.evaluate_link(user, scenes)
    assert outcome.miou == outcome.floor
    assert outcome.point is None
    assert outcome.scheme == "Blank"
    assert user.training


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda sent: sent.logits, "returns Tensor; return a cscsanet.Transmission"),
        (lambda sent: replace(sent, logits=sent.logits[:, :3]), r"logits of shape \(2, 3, 96, 128\)"),
        (lambda sent: replace(sent, logits=sent.logits / 0), "logits that are not finite"),
        (lambda sent: replace(sent, streams=2 * sent.streams), "4 times the energy of a block"),
        (lambda sent: replace(sent, streams=sent.streams * float("nan")), "nan times the energy of a block"),
        (
            lambda sent: replace(sent, streams=sent.streams[0]),
            r"streams of shape \(2, 4, 64, 2\); it must be",
        ),
        (lambda sent: replace(sent, streams=sent.streams.repeat(1, 1, 1, 2, 1)), "streams of shape .* 128"),
        (
            lambda sent: replace(sent, precoder=sent.precoder.mT),
            r"precoder of shape .*must be \(2, 2, 8, 2\)",
        ),
        (lambda sent: replace(sent, combiner=sent.combiner.mT), r"combiner of shape .*must be \(2, 64, 64\)"),
        (lambda sent: replace(sent, combiner=None), "give streams, precoder and combiner"),
        (lambda sent: replace(sent, bits=sent.bits.repeat(1, 1, 2)), "2048 bits of feedback"),
        (
            lambda sent: replace(sent, streams=sent.streams.repeat(1, 1, 2, 1, 1) / 2),
            "sends 8 OFDM symbols, and the point has data_symbols = 4",
        ),
    ],
)
def test_what_a_scheme_may_not_do_is_one_line(link, scenes, change, message):
    user = Changed(link.network, change)
    with pytest.raises(cscsanet.CscsanetError, match=f"Changed: .*{message}"):
        cscsanet.evaluate_link(user, scenes, snr_db=-10)


def test_streams_are_scaled_to_the_energy_that_is_allowed():
    precoder = torch.ones(8, 2) + 0j
    streams = phy.normalise_block(torch.randn(4, 16, 2) + 0j, precoder)
    assert float((streams @ precoder.mT).abs().square().sum()) == pytest.approx(64)
