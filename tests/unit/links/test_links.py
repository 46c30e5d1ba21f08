"""The Links: power, shapes, prefixes, and what must not leak."""

import pytest
import torch

from cscsanet.channel.noise import complex_normal
from cscsanet.errors import CscsanetError
from cscsanet.evaluation.schemes import SCHEMES, scheme
from cscsanet.points import OperatingPoint

# The separated designs have a grid of their own (tests/unit/separated), and MFNet sends nothing.
SENDING = [name for name in SCHEMES if name.startswith(("ideal", "noma", "oma"))]


@pytest.fixture(scope="module")
def links(request):
    smoke = request.getfixturevalue("smoke")
    torch.manual_seed(5)
    return {name: SCHEMES[name].build(smoke).eval() for name in SENDING}


@pytest.mark.parametrize("name", SENDING)
@pytest.mark.parametrize("data_symbols", [1, 3, 4])
def test_every_scheme_segments_and_spends_exactly_its_energy(
    smoke, links, images, paths, seeded, name, data_symbols
):
    point = OperatingPoint(-10, 8, 64, data_symbols)
    sent = links[name](images, paths, point, seeded)
    assert sent.logits.shape == (3, 9, smoke.scenes.height, smoke.scenes.width)
    assert sent.streams.shape == (3, 2, data_symbols, smoke.channel.subcarriers, 2)
    radiated = (
        sent.streams
        if sent.precoder is None
        else torch.einsum("bkas,bkqns->bkqna", sent.precoder, sent.streams)
    )
    energy = radiated.abs().square().sum(dim=(2, 3, 4))
    # Over the air, an orthogonal UE has half of the resource elements, and the energy of those.
    used = smoke.channel.subcarriers // (2 if name in ("oma", "oma-aligned") else 1)
    expected = torch.full((3, 2), float(used * data_symbols))
    torch.testing.assert_close(energy, expected, rtol=1e-5, atol=1e-4)


def test_the_ideal_link_has_no_chance_in_it_and_needs_no_paths(links, images):
    point = OperatingPoint(-25, 8, 64, 4)
    first = links["ideal"](images, None, point, torch.Generator().manual_seed(1)).logits
    second = links["ideal"](images, None, point, torch.Generator().manual_seed(2)).logits
    assert torch.equal(first, second)


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


def test_an_aligned_ue_sends_its_streams_turned_by_minus_the_phases_it_foretells(smoke, links, images, paths):
    """The same block with and without the turn: the streams differ by it and by nothing else."""
    link = links["noma-aligned"]
    point = OperatingPoint(-10, 8, 64, 4)
    beams = link.physical(paths, point, torch.Generator().manual_seed(1))
    sent = link(images, paths, point, torch.Generator().manual_seed(1)).streams
    plain = link.semantic.encode(images, beams.ue_csi, 4)
    turned = plain * torch.exp(-1j * beams.alignment)
    scale = (sent / turned)[:, :, :1, :1, :1]
    torch.testing.assert_close(sent, scale.real * turned, rtol=1e-3, atol=1e-5)
    assert scale.real.min() > 0
