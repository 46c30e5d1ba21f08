"""CSC-SA-Net as links: power, shapes, noise, and the separation of the UEs."""

import pytest
import torch
from fixtures.params import altered

from cscsanet.channel.noise import complex_normal
from cscsanet.channel.transmission import uplink
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.schemes import SCHEMES, scheme
from cscsanet.errors import CscsanetError
from cscsanet.evaluation.schemes import BUILD
from cscsanet.links.alignment import stream_gains
from cscsanet.links.csc_sa_net import JOINT, OmaLink, oma
from cscsanet.links.physical_layer import PhysicalLayer
from cscsanet.links.semantic_layer import OrthogonalLayer

# The separated designs have a different grid (tests/unit/baselines), and MFNet sends nothing.
SENDING = [name for name in SCHEMES if name.startswith(("ideal", "noma", "oma"))]
POINT = OperatingPoint(-10, 8, 64, 4)
# The subcarriers of each UE in orthogonal access.
SHARES = (slice(0, None, 2), slice(1, None, 2))


@pytest.fixture(scope="module")
def smoke(request):
    """Without a feedback delay, so that data follow the CSI-RS at once."""
    return altered(request.getfixturevalue("smoke"), channel={"feedback_delay_symbols": 0})


@pytest.fixture(scope="module")
def links(request):
    smoke = request.getfixturevalue("smoke")
    torch.manual_seed(5)
    return {name: BUILD[name](smoke).eval() for name in SENDING}


@pytest.mark.parametrize("name", SENDING)
@pytest.mark.parametrize("data_symbols", [1, 3, 4])
def test_every_scheme_segments_and_spends_exactly_its_energy(
    smoke, links, images, paths, seeded, name, data_symbols
):
    point = OperatingPoint(-10, 8, 64, data_symbols)
    sent = links[name](images, paths, point, seeded)
    assert sent.logits.shape == (3, 9, smoke.scenes.height, smoke.scenes.width)
    streams = 1 if name == "noma-tracked" else 2
    assert sent.streams.shape == (3, 2, data_symbols, smoke.channel.subcarriers, streams)
    radiated = (
        sent.streams
        if sent.precoder is None
        else torch.einsum("bkas,bkqns->bkqna", sent.precoder, sent.streams)
    )
    energy = radiated.abs().square().sum(dim=(2, 3, 4))
    # Over the air, an orthogonal UE has half of the resource elements, and the energy of the whole block.
    used = (radiated.abs().amax(dim=(0, -1)) > 0).sum(dim=(1, 2))
    half = 2 if SCHEMES[name].access == "oma" else 1
    assert used.tolist() == [smoke.channel.subcarriers * data_symbols // half] * 2
    expected = torch.full((3, 2), float(smoke.channel.subcarriers * data_symbols))
    torch.testing.assert_close(energy, expected, rtol=1e-5, atol=1e-4)


def test_noma_depends_on_noise_and_drops_but_not_on_more_than_the_seed(links, images, paths):
    point = OperatingPoint(0, 8, 64, 4)

    def logits(seed, drops=paths):
        return links["noma"](images, drops, point, torch.Generator().manual_seed(seed)).logits

    assert torch.equal(logits(1), logits(1))
    assert not torch.allclose(logits(1), logits(2))
    assert not torch.allclose(logits(1), logits(1, paths[[1, 2, 0]]))


def test_without_power_the_image_does_not_reach_the_bs(links, images, paths):
    """At -60 dB the received block is noise: other images give (nearly) the same logits."""
    point = OperatingPoint(-60, 8, 64, 4)

    def logits(pixels):
        return links["noma"](pixels, paths, point, torch.Generator().manual_seed(1)).logits

    moved = (logits(images) - logits(images.flip(0))).abs().mean()
    high = OperatingPoint(40, 8, 64, 4)
    clear = (
        links["noma"](images, paths, high, torch.Generator().manual_seed(1)).logits
        - links["noma"](images.flip(0), paths, high, torch.Generator().manual_seed(1)).logits
    )
    assert moved < 0.02 * clear.abs().mean()


def test_each_ue_sees_its_own_modality_only(links, images, paths, seeded):
    """Changing the thermal image moves UE 2's streams and leaves UE 1's as they were."""
    point = OperatingPoint(0, 8, 64, 4)
    other = images.clone()
    other[:, 3] = 1 - other[:, 3]
    before = links["noma"](images, paths, point, torch.Generator().manual_seed(1)).streams
    after = links["noma"](other, paths, point, torch.Generator().manual_seed(1)).streams
    assert torch.equal(before[:, 0], after[:, 0])
    assert not torch.allclose(before[:, 1], after[:, 1])


def test_superposition_adds_what_the_two_ues_would_deliver_alone(links, paths, smoke, seeded):
    """The uplink without noise is linear in the UEs' streams."""
    from cscsanet.channel.transmission import uplink

    streams = complex_normal((3, 2, 4, smoke.channel.subcarriers, 2), seeded)
    beams = links["noma"].physical(paths, OperatingPoint(0, 8, 64, 4), seeded)
    symbols = torch.arange(8, 12)

    def receive(signal):
        return uplink(
            paths, beams.precoder, beams.combiner, signal, symbols, 0.0, smoke.channel, torch.Generator()
        )

    alone = [streams * torch.eye(2)[user].reshape(1, 2, 1, 1, 1) for user in range(2)]
    torch.testing.assert_close(receive(streams), receive(alone[0]) + receive(alone[1]), rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("name", ["ideal", "noma"])
def test_a_point_beyond_the_model_is_refused(links, images, paths, seeded, name):
    with pytest.raises(CscsanetError, match="data_symbols = 5: the model was built for at most 4"):
        links[name](images, paths, OperatingPoint(0, 8, 64, 5), seeded)


def test_an_unknown_scheme_is_named():
    with pytest.raises(CscsanetError, match=r"scheme 'tdma'.*choose one of ideal, noma"):
        scheme("tdma")


def test_an_aligned_ue_rotates_its_streams_by_minus_the_predicted_phases(smoke, links, images, paths):
    """Streams with and without alignment differ by the rotation alone."""
    link = links["noma-aligned"]
    point = OperatingPoint(-10, 8, 64, 4)
    beams = link.physical(paths, point, torch.Generator().manual_seed(1))
    sent = link(images, paths, point, torch.Generator().manual_seed(1)).streams
    plain = link.semantic.encode(images, beams.ue_csi, 4)
    rotated = plain * torch.exp(-1j * beams.alignment)
    scale = (sent / rotated)[:, :, :1, :1, :1]
    torch.testing.assert_close(sent, scale.real * rotated, rtol=1e-3, atol=1e-5)
    assert scale.real.min() > 0


@pytest.fixture(scope="module")
def oma_link(request):
    smoke = request.getfixturevalue("smoke")
    torch.manual_seed(5)
    return JOINT["oma"](smoke, "none").eval()


def transmit(link, images, paths, point=POINT):
    """Return the transmission of a link, and the grid that its BS received."""
    received_grids = []
    decode = link.semantic.decode
    link.semantic.decode = lambda received, csi: received_grids.append(received) or decode(received, csi)
    try:
        with torch.no_grad():
            sent = link(images, paths, point, torch.Generator().manual_seed(1))
    finally:
        del link.semantic.decode
    return sent, received_grids[0]


def with_other_thermal(images):
    other = images.clone()
    other[:, 3] = 1 - other[:, 3]
    return other


@pytest.mark.parametrize(("energy", "expected"), [("element", 1.0), ("total", 2.0)])
@pytest.mark.parametrize("data_symbols", [1, 4])
def test_the_energy_of_a_used_resource_element(smoke, images, paths, energy, expected, data_symbols):
    torch.manual_seed(5)
    oma_link = oma(altered(smoke, joint={"oma_energy": energy})).eval()
    sent, _ = transmit(oma_link, images, paths, OperatingPoint(-10, 8, 64, data_symbols))
    radiated = torch.einsum("bkas,bkqns->bkqna", sent.precoder, sent.streams).abs().square().sum(dim=4)
    for user, share in enumerate(SHARES):
        mean = radiated[:, user, :, share].mean(dim=(1, 2))
        torch.testing.assert_close(mean, torch.full((3,), expected), rtol=1e-5, atol=1e-5)


def test_nothing_is_sent_on_the_other_ue_s_subcarriers(smoke, oma_link, images, paths):
    streams = transmit(oma_link, images, paths)[0].streams
    assert streams.shape == (3, 2, 4, smoke.channel.subcarriers, smoke.channel.rf_chains)
    for user in range(2):
        assert torch.all(streams[:, user, :, SHARES[1 - user]] == 0)
        assert torch.all(streams[:, user, :, SHARES[user]].abs().sum(dim=3) > 0)


def test_another_image_of_ue_2_does_not_reach_ue_1_s_subcarriers(oma_link, images, paths):
    _, before = transmit(oma_link, images, paths)
    _, after = transmit(oma_link, with_other_thermal(images), paths)
    assert torch.equal(before[:, :, SHARES[0]], after[:, :, SHARES[0]])
    assert not torch.allclose(before[:, :, SHARES[1]], after[:, :, SHARES[1]])


def test_another_channel_of_ue_2_does_not_reach_ue_1_s_subcarriers(smoke, oma_link, images, paths):
    """At the same beams: the combiner itself follows the feedback of both UEs."""
    sent, _ = transmit(oma_link, images, paths)
    other = paths[[0, 1, 2]]
    other.gain[:, 1] *= 2j

    def receive(drops):
        noise = torch.Generator().manual_seed(3)
        symbols = torch.arange(8, 12)
        return uplink(drops, sent.precoder, sent.combiner, sent.streams, symbols, 0.1, smoke.channel, noise)

    before, after = receive(paths), receive(other)
    assert torch.equal(before[:, :, SHARES[0]], after[:, :, SHARES[0]])
    assert not torch.allclose(before[:, :, SHARES[1]], after[:, :, SHARES[1]])


@pytest.mark.parametrize(("alignment", "in_phase"), [("genie-all", True), ("none", False)])
def test_aligned_streams_arrive_in_phase(smoke, images, paths, alignment, in_phase):
    """Received and unrotated streams are coherent over the whole block if a genie predicts the phases."""
    torch.manual_seed(5)
    oma_link = OmaLink(PhysicalLayer(smoke, alignment), OrthogonalLayer(smoke), "element").eval()
    sent, _ = transmit(oma_link, images, paths)
    beams = oma_link.physical(paths, POINT, torch.Generator().manual_seed(1))
    meant = oma_link.semantic.encode(images, beams.ue_csi, 4)
    arrived = sent.streams * stream_gains(
        paths, sent.precoder, sent.combiner, torch.arange(8, 12), smoke.channel
    )
    product = arrived * meant.conj()
    coherence = product.sum(dim=(2, 3, 4)).real / product.abs().sum(dim=(2, 3, 4))
    if in_phase:
        torch.testing.assert_close(coherence, torch.ones(3, 2), rtol=1e-4, atol=1e-4)
    else:
        assert coherence.mean() < 0.5


def test_the_aligned_scheme_rotates_by_the_predicted_phases(smoke, images, paths):
    torch.manual_seed(5)
    oma_link = JOINT["oma"](smoke, "learned").eval()
    sent, _ = transmit(oma_link, images, paths)
    beams = oma_link.physical(paths, POINT, torch.Generator().manual_seed(1))
    rotated = oma_link.semantic.encode(images, beams.ue_csi, 4) * torch.exp(-1j * beams.alignment)
    for user, share in enumerate(SHARES):
        scale = sent.streams[:, user, :, share] / rotated[:, user, :, share]
        torch.testing.assert_close(scale.imag, torch.zeros_like(scale.imag), rtol=0, atol=1e-3)
        assert scale.real.min() > 0


def test_the_gradient_reaches_every_network(smoke, images, paths, seeded):
    torch.manual_seed(5)
    oma_link = oma(smoke).train()
    oma_link(images, paths, POINT, seeded).logits.square().mean().backward()
    parts = [
        *oma_link.semantic.ue,
        *oma_link.semantic.bs.from_baseband.ue,
        oma_link.physical.csirs,
        *oma_link.physical.ue,
    ]
    for part in parts:
        assert sum(float(p.grad.abs().sum()) for p in part.parameters() if p.grad is not None) > 0
