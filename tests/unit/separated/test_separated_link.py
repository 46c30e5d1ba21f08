"""The separated designs as whole links: what they send, what they may know, and that the chain hides no loss."""

from dataclasses import replace

import pytest
import torch

from cscsanet.channel.response import effective_channel
from cscsanet.evaluation.schemes import SCHEMES
from cscsanet.networks.beam_grid import array_response
from cscsanet.networks.bs_csirs_net import BsCsirsNet
from cscsanet.points import OperatingPoint
from cscsanet.separated import fronts, separated_link
from cscsanet.separated.codec import SourceCodec
from cscsanet.separated.delay_prior import InformedBeams
from cscsanet.separated.designs import codebook, learned_csi, perfect_csi
from cscsanet.separated.feedback import ToldPaths, told_truly
from cscsanet.separated.known_channel import true_channel
from cscsanet.separated.precoding import DlPrecoding, PcaPrecoding
from cscsanet.separated.rates import detected_se

POINT = OperatingPoint(-10.0, 8, 1024, 4)
DESIGNS = ("dlcsi-dl", "dlcsi-pca", "perfect-dl", "perfect-pca", "codebook")


@pytest.fixture(scope="module")
def links(small):
    torch.manual_seed(0)
    return {name: SCHEMES[name].build(small).eval() for name in DESIGNS}


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
    own = len(grid.data) + len(grid.pilots[0])
    assert used.sum(dim=(1, 2)).tolist() == [own, own]
    assert torch.equal(sent.pilots, grid.pilot_mask)
    # Nobody sends where another UE has its DMRS.
    assert not (used[0] & sent.pilots[1]).any()
    assert sent.bits.shape == (4, 2, 1024)
    assert sent.precoder.shape == (4, 2, 8, 1)
    torch.testing.assert_close(sent.combiner.abs(), torch.ones(4, 2, 64))


@pytest.mark.parametrize("data_symbols", range(1, 9))
def test_a_partly_loaded_grid_delivers_every_symbol_in_its_place(small, links, still, data_symbols):
    link, point = links["perfect-pca"], replace(POINT, snr_db=60.0, data_symbols=data_symbols)
    payload = symbols(link, point, len(still))
    with torch.no_grad():
        _, found = link.transport(payload, still, link.front(still, point, noise()), point, noise())
    error = (found - payload).abs().square().mean(dim=(1, 2))
    assert error.median() < 1e-3


def test_without_noise_and_motion_the_link_is_free_of_error(links, still, pictures):
    link, point = links["perfect-pca"], replace(POINT, snr_db=60.0)
    payload = symbols(link, point, len(still))
    with torch.no_grad():
        _, found = link.transport(payload, still, link.front(still, point, noise()), point, noise())
        assert (found - payload).abs().square().mean() < 1e-3
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
            _, found = link.transport(payload, drops, used, point, noise())
        return float((found - payload).abs().square().mean())

    errors = [error(snr) for snr in (20.0, 0.0, -10.0, -25.0, -50.0)]
    assert errors == sorted(errors)
    assert errors[-1] == pytest.approx(1, abs=0.02), "symbols that are not heard are taken for zero"
    right = link.front(drops, POINT, noise())
    wrong = InformedBeams(right.precoder.roll(1, dims=0), right.combiner.roll(1, dims=0), right.bits)
    assert error(-10.0, wrong) > 3 * error(-10.0)


def test_perfect_csi_never_reads_an_estimate(small, drops, monkeypatch):
    def listened(*_):
        raise AssertionError("CSI-RS were received")

    monkeypatch.setattr(BsCsirsNet, "forward", listened)
    torch.manual_seed(3)
    link = perfect_csi(small, "dl").eval()
    # Learned precoding that has learned something, so that it is not PCA.
    for net in (link.front.precoding.ue, link.front.precoding.bs):
        torch.nn.init.normal_(net.head.weight, std=0.2)
    assert not hasattr(link.front, "acquisition")
    before = link.front(drops, POINT, noise())
    # Neither the noise on the CSI-RS nor their power, nor the number of bits, changes a beam.
    louder = small.model_copy(
        update={"channel": small.channel.model_copy(update={"bs_power_offset_db": -20.0})}
    )
    other = perfect_csi(louder, "dl")
    other.load_state_dict(link.state_dict())
    after = other.front(drops, replace(POINT, feedback_bits=4), torch.Generator().manual_seed(99))
    torch.testing.assert_close(after.precoder, before.precoder)
    torch.testing.assert_close(after.combiner, before.combiner)
    assert before.bits.abs().sum() == 0


def test_perfect_csi_is_of_the_last_csirs_symbol_and_the_payload_begins_at_the_next(
    links, drops, monkeypatch
):
    asked, sent = [], []
    truth, air = fronts.true_channel, separated_link.uplink
    monkeypatch.setattr(fronts, "true_channel", lambda *given: asked.append(given[1]) or truth(*given))
    monkeypatch.setattr(
        separated_link, "uplink", lambda *given: sent.append(given[4].tolist()) or air(*given)
    )
    link = links["perfect-pca"]
    with torch.no_grad():
        link.transport(symbols(link, POINT, 40), drops, link.front(drops, POINT, noise()), POINT, noise())
    # `true_channel` takes L and means symbol L - 1 (test_acquisition, test_pca).
    assert asked == [POINT.csirs_symbols]
    assert sent == [list(range(8, 8 + link.grid(POINT).symbols))]


@pytest.mark.parametrize("name", ["perfect-pca", "codebook"])
def test_detection_and_tracking_are_told_the_noise_behind_the_combiner(links, drops, monkeypatch, name):
    """Coloured by W, also where its rows are nearly one; white noise of the same power is another."""
    told = []
    original = separated_link.detect
    monkeypatch.setattr(separated_link, "detect", lambda *given: told.append(given[3]) or original(*given))
    link = links[name]
    beams = link.front(drops, POINT, noise())
    near = beams.combiner.clone()
    near[:, 1] = near[:, 0] * torch.polar(torch.tensor(1.0), torch.tensor(0.3))
    near[:, 1, :8] *= -1
    with torch.no_grad():
        link.transport(
            symbols(link, POINT, 40),
            drops,
            InformedBeams(beams.precoder, near, beams.bits, beams.prior),
            POINT,
            noise(),
        )
    torch.testing.assert_close(told[0], POINT.noise_power * near @ near.mH)
    assert told[0][:, 0, 1].abs().min() > 0.5 * told[0][:, 0, 0].real.max()


def test_the_csirs_meet_the_noise_of_the_downlink(links, drops, monkeypatch):
    heard = []
    original = BsCsirsNet.forward
    monkeypatch.setattr(BsCsirsNet, "forward", lambda *given: heard.append(given[3]) or original(*given))
    for name in ("dlcsi-pca", "codebook"):
        links[name].front(drops, POINT, noise())
    # -10 dB in the uplink, and a BS that sends with 20 dB more.
    assert heard == pytest.approx([0.1, 0.1])


@pytest.mark.parametrize("name", ["dlcsi-dl", "dlcsi-pca"])
def test_the_bs_knows_the_bits_that_are_fed_back_and_no_more(links, drops, name):
    """What the B bits do not hold moves no beam of the BS, and whatever they hold, other drops change nothing."""
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
        front.acquisition, kept = _Told(finer, front.acquisition.channel), front.acquisition
        try:
            other = front(drops[torch.arange(39, -1, -1)], point, noise())
        finally:
            front.acquisition = kept
        beams = front(drops, point, noise())
    assert torch.equal(other.combiner, beams.combiner)
    assert torch.equal(other.prior.delay, beams.prior.delay)
    assert not torch.equal(other.precoder, beams.precoder), "a UE goes by its whole estimate"


class _Told(torch.nn.Module):
    """An acquisition whose outcome is given."""

    def __init__(self, estimate, channel):
        super().__init__()
        self.estimate, self.channel = estimate, channel

    def forward(self, paths, point, generator):
        return self.estimate


def test_learned_csi_reads_no_true_channel(small, links, drops):
    """Where the CSI-RS are not heard, beams are no better than chance."""
    link = links["dlcsi-pca"]
    deaf = replace(POINT, snr_db=-60.0)
    with torch.no_grad():
        heard, unheard = (link.front(drops, point, noise()) for point in (POINT, deaf))
        gain = [
            effective_channel(drops, beams.precoder, beams.combiner, torch.tensor([8]), small.channel)
            .abs()
            .square()
            .mean()
            for beams in (heard, unheard)
        ]
    assert gain[0] > 20 * gain[1]


@pytest.mark.parametrize("name", ["dlcsi-dl", "dlcsi-pca"])
def test_shuffled_feedback_bits_cost_the_beams(small, links, drops, name):
    front = links[name].front
    with torch.no_grad():
        estimate, told, _ = front.csi(drops, POINT, noise())
        shuffled = ToldPaths(
            told.paths._replace(
                **{field: getattr(told.paths, field).roll(2, dims=0) for field in told.paths._fields}
            ),
            told.width,
            told.delay_width,
        )
        rates = [
            detected_se(
                drops, *front.precoding(estimate, word, -10.0), 0.1, torch.tensor([8]), small.channel
            ).sum(1)
            for word in (told, shuffled)
        ]
    assert rates[0].mean() > 3 * rates[1].mean()


def test_before_training_learned_precoding_is_pca(small, drops):
    torch.manual_seed(1)
    truth = true_channel(drops, 8, small.channel)
    told = told_truly(truth)
    with torch.no_grad():
        for learned, pca in zip(
            DlPrecoding(small)(truth, told, -10.0),
            PcaPrecoding(small.channel)(truth, told, -10.0),
            strict=True,
        ):
            torch.testing.assert_close(learned, pca, atol=1e-4, rtol=0)


def test_a_beam_that_is_told_a_wide_cell_covers_it(small, drops):
    truth = true_channel(drops, 8, small.channel)
    precoding = PcaPrecoding(small.channel)
    aimed = truth._replace(gain=truth.gain * torch.tensor([1.0, 0.0]).reshape(1, 2, 1))

    def worst(width):
        _, combiner = precoding(
            truth, ToldPaths(aimed, torch.full_like(truth.aoa, width), torch.zeros_like(truth.delay)), 0.0
        )
        offsets = torch.linspace(-1 / 16, 1 / 16, 41)
        directions = aimed.aoa[:, :1].reshape(-1, 2, 1)[:, :, :] + offsets
        heard = array_response(directions, 64)
        response = torch.einsum("bkr,bkor->bko", combiner, torch.view_as_complex(heard.contiguous()))
        return float(response.abs().square().amin(dim=-1).mean())

    assert worst(2 / 16) > 20 * worst(0.0)


def test_rates_after_detection_count_what_ues_do_to_each_other(small, drops):
    """A brute-force SINR at one subcarrier, and never more than each UE would have alone."""
    channel = small.channel
    beams = perfect_csi(small, "pca").front(drops, POINT, noise())
    one = channel.model_copy(update={"subcarriers": 1})
    rates = detected_se(drops, beams.precoder, beams.combiner, 10.0, torch.tensor([8]), one)
    effective = effective_channel(drops, beams.precoder, beams.combiner, torch.tensor([8]), one)
    columns = effective[:, :, 0, 0, :, 0].to(torch.complex128) * (10.0 / 8) ** 0.5
    white = (beams.combiner @ beams.combiner.mH).to(torch.complex128)
    for user in range(2):
        mine, theirs = columns[:, user].unsqueeze(-1), columns[:, 1 - user].unsqueeze(-1)
        sinr = (mine.mH @ torch.linalg.inv(white + theirs @ theirs.mH) @ mine).real.flatten()
        torch.testing.assert_close(rates[:, user].double(), torch.log2(1 + sinr), rtol=1e-2, atol=1e-2)
        alone = (mine.mH @ torch.linalg.inv(white) @ mine).real.flatten()
        assert (rates[:, user].double() <= torch.log2(1 + alone) + 1e-3).all()


def test_only_the_codec_is_trained_over_the_link(small, pictures, drops):
    torch.manual_seed(0)
    link = learned_csi(small, "dl")
    link(pictures, drops[:4], POINT, noise()).logits.square().mean().backward()
    assert all(weight.grad is None for weight in link.front.parameters())
    assert all(weight.grad is not None and weight.grad.isfinite().all() for weight in link.codec.parameters())


def test_a_link_that_was_evaluated_first_can_be_trained(small, pictures, drops):
    """The filter that is kept was made under inference mode, and must not stop a gradient."""
    # A channel of its own, so that no other test has made its filter.
    channel = small.channel.model_copy(update={"max_speed_kmh": 77.0})
    link = codebook(small.model_copy(update={"channel": channel}))
    with torch.inference_mode():
        link(pictures, drops[:4], POINT, noise())
    link(pictures, drops[:4], POINT, noise()).logits.square().mean().backward()
    assert all(weight.grad is not None for weight in link.codec.parameters())


def test_the_codec_uses_a_prefix_of_its_symbols(small, pictures):
    torch.manual_seed(0)
    codec = SourceCodec(small).eval()
    with torch.no_grad():
        whole, half = codec.encode(pictures, 4), codec.encode(pictures, 2)
        ratio = half / whole[..., :128]
    assert whole.shape == (4, 2, 256)
    torch.testing.assert_close(whole.abs().square().mean(dim=-1), torch.ones(4, 2))
    # The same symbols, scaled as a block.
    torch.testing.assert_close(ratio, ratio[..., :1].expand_as(ratio), rtol=1e-3, atol=1e-3)


def test_each_ue_encodes_its_own_modality(small, pictures):
    torch.manual_seed(0)
    codec = SourceCodec(small).eval()
    other = pictures.clone()
    other[:, 3] = 0.5
    with torch.no_grad():
        one, two = codec.encode(pictures, 4), codec.encode(other, 4)
    assert torch.equal(one[:, 0], two[:, 0])
    assert not torch.equal(one[:, 1], two[:, 1])


def test_the_codebook_s_csirs_come_from_the_seed(small):
    first, second = codebook(small).state_dict(), codebook(small).state_dict()
    name = "front.layer.csirs.transmit_phases"
    assert torch.equal(first[name], second[name])
    other = codebook(small.model_copy(update={"seed": 2})).state_dict()
    assert not torch.equal(first[name], other[name])
