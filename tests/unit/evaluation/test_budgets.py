"""The budget of every scheme, counted from the transmitted tensors; equal where a comparison has to be fair."""

import pytest
import torch

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.schemes import DMRS_ROLES, SCHEMES, schemes_of
from cscsanet.evaluation.budgets import budget
from cscsanet.evaluation.equal_elements import Blocks
from cscsanet.evaluation.schemes import BUILD
from cscsanet.networks import bs_csirs_net

OVER_AIR = [name for name, row in SCHEMES.items() if row.over_air]
PERFECT = schemes_of("perfect")
TRACKED = schemes_of("tracked", "lean")
POINT = OperatingPoint(-10.0, 8, 64, 4)


@pytest.fixture(scope="module")
def links(smoke):
    torch.manual_seed(1)
    return {name: BUILD[name](smoke).eval() for name in OVER_AIR}


def pilots_of(smoke, orthogonal):
    """Return how many pilots a UE's block has; without superposition it needs one at least."""
    assert smoke.pilots.share == 0
    return 1 if orthogonal else 0


def transmit(links, name, images, paths, point=POINT):
    with torch.no_grad():
        return links[name](images, paths, point, torch.Generator().manual_seed(1))


@pytest.mark.parametrize("name", OVER_AIR)
@pytest.mark.parametrize("data_symbols", [1, 4])
def test_the_energy_of_every_block_is_that_of_its_elements_on_the_air(
    links, images, paths, name, data_symbols, smoke
):
    point = OperatingPoint(-10.0, 8, 64, data_symbols)
    sent = transmit(links, name, images, paths, point)
    # F s antenna by antenna, as it leaves the array.
    radiated = torch.einsum("bkts,bkqns->bkqnt", sent.precoder, sent.streams).abs().square().sum(dim=-1)
    # A UE with subcarriers of its own has nothing to leave to the pilots of the other.
    alone = sent.pilots is None or SCHEMES[name].access == "oma"
    silent = torch.zeros_like(radiated[0], dtype=torch.bool) if alone else sent.pilots.flip(0)
    elements = ((radiated[0] > 0) | silent).sum(dim=(1, 2))
    # A UE of orthogonal access has the energy of the whole block on its half of the elements.
    assert smoke.joint.oma_energy == "total"
    on_one = 2 if SCHEMES[name].access == "oma" else 1
    energy = on_one * elements.expand(len(images), 2).float()
    torch.testing.assert_close(radiated.sum(dim=(2, 3)), energy, rtol=1e-4, atol=1e-2)
    spent = budget(sent, point)
    assert spent["energy_per_element"] == pytest.approx(on_one, abs=1e-3)
    assert spent["elements"] == int(elements[0])
    # The energy of every block is that of its elements on the air, and these are what comparisons count.
    blocks = Blocks(smoke.channel.subcarriers, smoke.channel.users, (1, 4))
    assert spent["energy"] == pytest.approx(spent["air_elements"], rel=1e-3)
    assert spent["air_elements"] == blocks.elements(name, data_symbols)


@pytest.mark.parametrize("name", OVER_AIR)
@pytest.mark.parametrize("data_symbols", [1, 4])
def test_every_scheme_has_the_same_payload_and_feedback(links, images, paths, name, data_symbols, smoke):
    point = OperatingPoint(-10.0, 8, 64, data_symbols)
    spent = budget(transmit(links, name, images, paths, point), point)
    whole = smoke.channel.subcarriers * data_symbols
    shared = SCHEMES[name].access == "oma"
    assert spent["feedback_bits"] == 64
    if name in TRACKED:
        # Pilots take elements of the payload's own.
        pilots = spent["dmrs_elements"] * (1 if shared else 2)
        assert spent["payload_elements"] + pilots == spent["elements"] == (whole // 2 if shared else whole)
        assert pilots == pilots_of(smoke, shared)
        assert spent["air_elements"] == whole
        return
    assert spent["payload_elements"] == (whole // 2 if shared else whole)
    separated = SCHEMES[name].role in DMRS_ROLES
    # A third as many elements again are DMRS, half of them a UE's own; joint designs have none.
    assert (spent["dmrs_elements"] > 0) == separated
    assert spent["air_elements"] == whole + 2 * spent["dmrs_elements"]
    assert 0 <= 2 * spent["dmrs_elements"] - (whole / 3 if separated else 0) < 2


@pytest.mark.parametrize("name", OVER_AIR)
def test_every_scheme_uses_the_same_csirs_budget(links, images, paths, name, monkeypatch):
    radiated = []
    original = bs_csirs_net.downlink_csirs

    def record(drops, analog, digital, *others):
        radiated.append((digital @ analog.transpose(-1, -2)).abs().square().sum(dim=-1))
        return original(drops, analog, digital, *others)

    monkeypatch.setattr(bs_csirs_net, "downlink_csirs", record)
    transmit(links, name, images, paths)
    if name in PERFECT:
        assert radiated == [], "perfect CSI needs no CSI-RS"
        return
    (energy,) = radiated
    assert energy.shape[0] == POINT.csirs_symbols
    torch.testing.assert_close(energy, torch.ones_like(energy), rtol=1e-4, atol=1e-4)


def test_a_link_without_a_channel_spends_nothing(smoke, images):
    torch.manual_seed(1)
    link = BUILD["ideal"](smoke).eval()
    with torch.no_grad():
        sent = link(images, None, POINT, torch.Generator())
    assert set(budget(sent, POINT).values()) == {None}
