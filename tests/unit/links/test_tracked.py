"""Links with tracked phases: what the BS may use, what is sent, and what no impairment of the phase changes."""

import pytest
import torch
from fixtures.params import altered

from cscsanet.baselines.lean_link import lean_csi
from cscsanet.channel.paths import PathDrops, draw_paths
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.evaluation.budgets import budget
from cscsanet.links.shared_copy import with_channel
from cscsanet.links.tracked import TrackedOmaLink, noma_tracked, oma_tracked
from cscsanet.links.tracking import StreamMean

LINKS = {"noma-tracked": noma_tracked, "oma-tracked": oma_tracked, "dlcsi-pca-lean": lean_csi}
POINT = OperatingPoint(-10.0, 8, 64, 4)


@pytest.fixture(scope="module", params=LINKS)
def link(request):
    """A link with pilots: an untrained one has no mean of its symbols to track."""
    params = altered(request.getfixturevalue("smoke"), pilots={"share": 0.0625})
    torch.manual_seed(5)
    return LINKS[request.param](params).eval()


@pytest.fixture
def many(smoke):
    return draw_paths(6, smoke.channel, torch.Generator().manual_seed(2))


@pytest.fixture
def pictures(smoke):
    generator = torch.Generator().manual_seed(3)
    return torch.rand(6, 4, smoke.scenes.height, smoke.scenes.width, generator=generator)


def sent(link, pictures, drops, point=POINT, **changes):
    changed = with_channel(link, link.channel.model_copy(update=changes))
    with torch.inference_mode():
        return changed(pictures, drops, point, torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", LINKS)
@pytest.mark.parametrize("share", [0.0, 0.03125, 0.0625])
@pytest.mark.parametrize("data_symbols", [1, 2, 4])
def test_pilots_and_their_energy_come_out_of_the_block(smoke, name, share, pictures, many, data_symbols):
    torch.manual_seed(5)
    link = LINKS[name](altered(smoke, pilots={"share": share})).eval()
    point = OperatingPoint(-10.0, 8, 64, data_symbols)
    counted = budget(sent(link, pictures, many, point), point)
    orthogonal = isinstance(link, TrackedOmaLink)
    elements = data_symbols * smoke.channel.subcarriers // (2 if orthogonal else 1)
    assert counted["elements"] == elements
    # On half of the elements a UE has the energy of the whole block (joint.oma_energy: total).
    assert counted["energy"] == pytest.approx(elements * (2 if orthogonal else 1), rel=1e-3)
    assert counted["data_symbols"] == data_symbols
    pilots = counted["dmrs_elements"] * (1 if orthogonal else 2)
    least = 1 if orthogonal or share else 0  # of each UE
    expected = (
        max(least, round(share * elements)) if orthogonal else 2 * max(least, round(share * elements / 2))
    )
    assert pilots == expected
    assert counted["payload_elements"] == elements - pilots


def test_a_common_phase_of_each_ue_changes_nothing_without_noise(link, pictures, many):
    """One path from each UE, far apart at the BS. The oscillators' offsets are up to several rad."""
    aoa = torch.tensor([[0.4], [-0.7]]).expand(6, 2, 1)
    many = PathDrops(
        torch.ones(6, 2, 1) + 0j, many.aod[..., :1], aoa, many.delay[..., :1], many.doppler[..., :1]
    )
    clean = OperatingPoint(60.0, 8, 64, 4)
    plain = sent(link, pictures, many, clean, bs_power_offset_db=float("inf"))
    slipped = sent(link, pictures, many, clean, bs_power_offset_db=float("inf"), oscillator_rad=2.0)
    assert torch.equal(plain.bits, slipped.bits)
    others = plain.logits.roll(1, dims=0)
    assert (plain.logits - slipped.logits).std() < 0.05 * (plain.logits - others).std()


def knowing_its_mean(link, pictures, drops):
    """Give a link symbols that have a mean over images, and let it learn that mean."""
    source = torch.Generator().manual_seed(4)
    with torch.no_grad():
        for name, parameter in link.named_parameters():
            if "to_baseband.bias" in name or ("to_symbols" in name and name.endswith("bias")):
                parameter.copy_(torch.randn(parameter.shape, generator=source))
        means = [module for module in link.modules() if isinstance(module, StreamMean)]
        assert len(means) == 1
        means[0].restart()
        means[0].train()
        sent(link, pictures, drops)
        means[0].eval()
    assert float(means[0].reference(4).abs().square().mean()) > 0.05
    return link


@pytest.mark.parametrize("name", ["noma-tracked", "dlcsi-pca-lean"])
def test_without_pilots_the_mean_of_the_symbols_does_as_well(smoke, pictures, many, name):
    aoa = torch.tensor([[0.4], [-0.7]]).expand(6, 2, 1)
    many = PathDrops(
        torch.ones(6, 2, 1) + 0j, many.aod[..., :1], aoa, many.delay[..., :1], many.doppler[..., :1]
    )
    torch.manual_seed(5)
    link = knowing_its_mean(LINKS[name](altered(smoke, pilots={"share": 0.0})).eval(), pictures, many)
    clean = OperatingPoint(60.0, 8, 64, 4)
    free = {"bs_power_offset_db": float("inf")}
    plain = sent(link, pictures, many, clean, **free)
    assert budget(plain, clean)["dmrs_elements"] == 0
    slipped = sent(link, pictures, many, clean, **free, oscillator_rad=2.0)
    scale = (plain.logits - plain.logits.roll(1, dims=0)).std()
    assert (plain.logits - slipped.logits).std() < 0.1 * scale


def test_evaluation_leaves_the_mean_alone(link, pictures, many):
    if isinstance(link, TrackedOmaLink):
        return
    (mean,) = (module for module in link.modules() if isinstance(module, StreamMean))
    before = {name: value.clone() for name, value in mean.state_dict().items()}
    sent(link, pictures, many)
    assert all(torch.equal(value, before[name]) for name, value in mean.state_dict().items())
    kept = {name for name in link.state_dict() if "stream_mean" in name}
    assert len(kept) == len(before)


def test_without_tracking_a_slip_does_change_the_masks(smoke, pictures, many):
    """The case that must fail, so that the test above can."""
    from cscsanet.links.csc_sa_net import noma

    torch.manual_seed(5)
    link = noma(smoke, "learned").eval()
    clean = OperatingPoint(60.0, 8, 64, 4)
    plain = sent(link, pictures, many, clean, bs_power_offset_db=float("inf"))
    slipped = sent(link, pictures, many, clean, bs_power_offset_db=float("inf"), oscillator_rad=2.0)
    # As large as the masks differ between images.
    others = plain.logits.roll(1, dims=0)
    assert (plain.logits - slipped.logits).std() > 0.2 * (plain.logits - others).std()


def test_the_bs_uses_bits_and_received_samples_alone(link, pictures, many, monkeypatch):
    """Other paths, with the same bits and the same received block, give the same masks."""
    import cscsanet.baselines.lean_link as lean
    import cscsanet.links.tracked as tracked

    first = sent(link, pictures, many)
    block = {}
    original = tracked.uplink

    def keep(*arguments):
        block["received"] = original(*arguments)
        return block["received"]

    for module in (tracked, lean):
        monkeypatch.setattr(module, "uplink", keep)
    sent(link, pictures, many)
    # Now the air carries the recorded block, whatever the UEs send over other paths and images; their
    # bits are replaced by the recorded ones.
    for module in (tracked, lean):
        monkeypatch.setattr(module, "uplink", lambda *arguments: block["received"])
    with torch.inference_mode():
        if hasattr(link, "physical"):
            physical = link.physical
            view = physical._bs_view(first.bits, POINT)
            beams = physical(many, POINT, torch.Generator().manual_seed(9))
            from dataclasses import replace

            from cscsanet.networks.iq import unit_modulus

            beams = replace(beams, combiner=unit_modulus(view.combiner_phases), bs_csi=view.csi_features)
            streams = link.semantic.encode(1 - pictures, beams.ue_csi, POINT.data_symbols)
            _, received, csi = link._send(
                streams,
                beams,
                many[[1, 2, 3, 4, 5, 0]],
                POINT,
                torch.Generator().manual_seed(8),
                link.channel,
            )
            torch.testing.assert_close(
                link.semantic.decode(received, csi), first.logits, rtol=1e-4, atol=1e-4
            )
        else:
            beams = link.front(many, POINT, torch.Generator().manual_seed(1))
            payload = link.codec.encode(1 - pictures, POINT.data_symbols)
            _, detected = link.transport(
                payload, many[[1, 2, 3, 4, 5, 0]], beams, POINT, torch.Generator().manual_seed(8)
            )
            logits = link.codec.decode(detected, POINT.data_symbols)
            torch.testing.assert_close(logits, first.logits, rtol=1e-4, atol=1e-4)


def test_parts_over_channels_of_their_own_are_sent_as_if_each_was_alone(link, pictures, many):
    """Without noise: a delay of 0 in one half of the batch, of 56 in the other."""
    base = {"bs_power_offset_db": float("inf")}
    channels = [
        link.channel.model_copy(update={**base, "feedback_delay_symbols": delay}) for delay in (0, 56)
    ]
    clean = OperatingPoint(60.0, 8, 64, 4)
    noiseless = with_channel(link, link.channel.model_copy(update=base))
    with torch.inference_mode():
        mixed = noiseless.mixed(pictures, many, [clean, clean], torch.Generator().manual_seed(1), channels)
    for part, channel in zip((slice(0, 3), slice(3, 6)), channels, strict=True):
        alone = sent(link, pictures[part], many[part], clean, **dict(channel))
        torch.testing.assert_close(mixed[part], alone.logits, rtol=0.02, atol=0.05)


@pytest.mark.parametrize(("limit", "peak"), [("element", 1.0), ("peak3db", 2.0)])
def test_no_element_of_a_block_with_pilots_exceeds_its_limit(link, pictures, many, limit, peak):
    def strongest(element_power):
        block = sent(link, pictures, many, element_power=element_power)
        radiated = torch.einsum("bkts,bkqns->bkqnt", block.precoder, block.streams)
        return float(radiated.abs().square().sum(dim=-1).max())

    assert strongest(limit) <= peak * (1 + 1e-4)
    # Without a limit an element may have any power.
    assert strongest("block") > 1.1
