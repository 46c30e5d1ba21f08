"""The separated designs as whole links: energy, symbols, detection, and gradients."""

from dataclasses import replace

import pytest
import torch

from cscsanet.baselines import front_ends as front_ends_module
from cscsanet.baselines import separated_link
from cscsanet.baselines.delay_prior import BeamsWithPrior
from cscsanet.baselines.front_ends import codebook, learned_csi
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.evaluation.schemes import BUILD

POINT = OperatingPoint(-10.0, 8, 1024, 4)
DESIGNS = ("dlcsi-dl", "dlcsi-pca", "perfect-dl", "perfect-pca", "codebook")


@pytest.fixture(scope="module")
def links(small):
    torch.manual_seed(0)
    return {name: BUILD[name](small).eval() for name in DESIGNS}


@pytest.fixture
def pictures(small):
    source = torch.Generator().manual_seed(6)
    return torch.rand(4, 4, small.scenes.height, small.scenes.width, generator=source)


def noise():
    return torch.Generator().manual_seed(11)


def symbols(link, point, count, seed=8):
    drawn = torch.randn(
        count,
        2,
        64 * point.data_symbols,
        generator=torch.Generator().manual_seed(seed),
        dtype=torch.complex64,
    )
    return drawn / drawn.abs().square().mean(dim=-1, keepdim=True).sqrt()


@pytest.mark.parametrize("name", DESIGNS)
@pytest.mark.parametrize("data_symbols", [1, 3, 4])
def test_energy_and_symbols_are_those_of_the_grid(links, pictures, drops, name, data_symbols):
    with torch.no_grad():
        sent = links[name](pictures, drops[:4], replace(POINT, data_symbols=data_symbols), noise())
    radiated = (sent.streams @ sent.precoder.transpose(2, 3).unsqueeze(2)).abs().square().sum(dim=-1)
    grid = links[name].grid(replace(POINT, data_symbols=data_symbols))
    torch.testing.assert_close(
        radiated.sum(dim=(2, 3)), torch.full((4, 2), float(grid.elements)), rtol=1e-4, atol=1e-2
    )
    assert sent.streams.shape == (4, 2, grid.symbols, 64, 1)
    used = radiated[0] > 0
    of_one_ue = len(grid.data) + len(grid.pilots[0])
    assert used.sum(dim=(1, 2)).tolist() == [of_one_ue, of_one_ue]
    assert torch.equal(sent.pilots, grid.pilot_mask)
    # No UE sends in another UE's DMRS elements.
    assert not (used[0] & sent.pilots[1]).any()
    assert sent.bits.shape == (4, 2, 1024)
    assert sent.precoder.shape == (4, 2, 8, 1)
    torch.testing.assert_close(sent.combiner.abs(), torch.ones(4, 2, 64))


@pytest.mark.parametrize("data_symbols", range(1, 9))
def test_a_partly_loaded_grid_delivers_every_symbol_in_its_place(small, links, still, data_symbols):
    link, point = links["perfect-pca"], replace(POINT, snr_db=60.0, data_symbols=data_symbols)
    payload = symbols(link, point, len(still))
    with torch.no_grad():
        _, detected = link.transport(payload, still, link.front(still, point, noise()), point, noise())
    error = (detected - payload).abs().square().mean(dim=(1, 2))
    assert error.median() < 1e-3


def test_without_noise_and_motion_the_link_is_free_of_error(links, still, pictures):
    link, point = links["perfect-pca"], replace(POINT, snr_db=60.0)
    payload = symbols(link, point, len(still))
    with torch.no_grad():
        _, detected = link.transport(payload, still, link.front(still, point, noise()), point, noise())
        assert (detected - payload).abs().square().mean() < 1e-3
        over_air = link(pictures, still[:4], point, noise()).logits
        wired = link.codec.decode(link.codec.encode(pictures, 4), 4)
    assert (over_air.argmax(dim=1) == wired.argmax(dim=1)).float().mean() > 0.99


def test_detection_degrades_with_noise_and_fails_without_beams(links, drops):
    link = links["perfect-pca"]
    payload = symbols(link, POINT, len(drops))

    def error(snr_db, beams=None):
        point = replace(POINT, snr_db=snr_db)
        with torch.no_grad():
            used = beams or link.front(drops, point, noise())
            _, detected = link.transport(payload, drops, used, point, noise())
        return float((detected - payload).abs().square().mean())

    errors = [error(snr) for snr in (20.0, 0.0, -10.0, -25.0, -50.0)]
    assert errors == sorted(errors)
    assert errors[-1] == pytest.approx(1, abs=0.02), "symbols in pure noise are estimated as zero"
    right = link.front(drops, POINT, noise())
    wrong = BeamsWithPrior(right.precoder.roll(1, dims=0), right.combiner.roll(1, dims=0), right.bits)
    assert error(-10.0, wrong) > 3 * error(-10.0)


def test_perfect_csi_is_of_the_last_csirs_symbol_and_the_payload_begins_after_the_delay(
    links, drops, monkeypatch
):
    lengths, sent = [], []
    truth, air = front_ends_module.true_channel, separated_link.uplink
    monkeypatch.setattr(
        front_ends_module, "true_channel", lambda *given: lengths.append(given[1]) or truth(*given)
    )
    monkeypatch.setattr(
        separated_link, "uplink", lambda *given: sent.append(given[4].tolist()) or air(*given)
    )
    link = links["perfect-pca"]
    with torch.no_grad():
        link.transport(symbols(link, POINT, 40), drops, link.front(drops, POINT, noise()), POINT, noise())
    # `true_channel` takes L and means symbol L - 1 (test_acquisition, test_pca).
    assert lengths == [POINT.csirs_symbols]
    first = POINT.csirs_symbols + link.channel.feedback_delay_symbols
    assert sent == [list(range(first, first + link.grid(POINT).symbols))]


@pytest.mark.parametrize("name", ["perfect-pca", "codebook"])
def test_detection_gets_the_noise_after_the_combiner(links, drops, monkeypatch, name):
    """Coloured by W, also where its rows are nearly one; white noise of the same power is another."""
    variances = []
    original = separated_link.detect
    monkeypatch.setattr(
        separated_link, "detect", lambda *given: variances.append(given[3]) or original(*given)
    )
    link = links[name]
    beams = link.front(drops, POINT, noise())
    near = beams.combiner.clone()
    near[:, 1] = near[:, 0] * torch.polar(torch.tensor(1.0), torch.tensor(0.3))
    near[:, 1, :8] *= -1
    with torch.no_grad():
        link.transport(
            symbols(link, POINT, 40),
            drops,
            BeamsWithPrior(beams.precoder, near, beams.bits, beams.prior),
            POINT,
            noise(),
        )
    torch.testing.assert_close(variances[0], POINT.noise_power * near @ near.mH)
    assert variances[0][:, 0, 1].abs().min() > 0.5 * variances[0][:, 0, 0].real.max()


def test_only_the_codec_is_trained_over_the_link(small, pictures, drops):
    torch.manual_seed(0)
    link = learned_csi(small, "dl")
    link(pictures, drops[:4], POINT, noise()).logits.square().mean().backward()
    assert all(weight.grad is None for weight in link.front.parameters())
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in link.codec.parameters())


def test_a_link_that_was_evaluated_first_can_be_trained(small, pictures, drops):
    """The cached filter was made in inference mode, and must not stop a gradient."""
    # A separate channel, so that no other test has cached its filter.
    channel = small.channel.model_copy(update={"max_speed_kmh": 77.0})
    link = codebook(small.model_copy(update={"channel": channel}))
    with torch.inference_mode():
        link(pictures, drops[:4], POINT, noise())
    link(pictures, drops[:4], POINT, noise()).logits.square().mean().backward()
    assert all(weight.grad is not None for weight in link.codec.parameters())
