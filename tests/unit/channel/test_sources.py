"""Sources of drops: selection and scaling of paths, and drop folders that they make."""

import json

import pytest
import torch
from fixtures.paths import write_paths

from cscsanet.channel.dataset import open_drops, write_drops
from cscsanet.channel.paths import draw_paths
from cscsanet.channel.sources import late_power, open_source, strongest, unit_power
from cscsanet.config.channel_notes import channel_notes, source_notes
from cscsanet.errors import CscsanetError


@pytest.fixture
def traced(tmp_path, channel):
    """The channel of a file of 30 positions with up to five paths, one position without any."""
    write_paths(tmp_path / "city.npz")
    return channel(source="paths", file="city.npz")


def test_drawn_drops_are_those_of_draw_paths(channel):
    params = channel(paths=3)
    drops = open_source(params).draw(4, torch.Generator().manual_seed(1), speed_kmh=20.0)
    wanted = draw_paths(4, params, torch.Generator().manual_seed(1), speed_kmh=20.0)
    for name in ("gain", "aod", "aoa", "delay", "doppler"):
        assert torch.equal(getattr(drops, name), getattr(wanted, name))


def test_the_strongest_paths_are_kept_with_their_share(channel, generator):
    drops = draw_paths(20, channel(paths=6), generator)
    kept, share = strongest(drops, 2)
    power = drops.gain.abs().square().sort(dim=-1, descending=True).values
    torch.testing.assert_close(kept.gain.abs().square(), power[..., :2])
    torch.testing.assert_close(share, power[..., :2].sum(dim=-1) / power.sum(dim=-1))
    # The other parameters stay with their gain.
    at = (drops.gain.unsqueeze(-1) == kept.gain.unsqueeze(-2)).float().argmax(dim=-2)
    torch.testing.assert_close(kept.delay, drops.delay.gather(-1, at))
    for count in (None, 6, 9):
        assert strongest(drops, count)[0] is drops


def test_unit_power_is_of_eq_6(channel, generator):
    drops = unit_power(draw_paths(20, channel(paths=6), generator))
    torch.testing.assert_close(drops.gain.abs().square().mean(dim=-1), torch.ones(20, 2))


def test_late_power_is_of_the_prefix_the_longest_delay_and_the_grid(channel, generator):
    params = channel(paths=4, subcarriers=14, max_delay=5.0)  # a prefix of one sample
    drops = draw_paths(1, params, generator)
    drops = unit_power(drops)
    drops.gain[:] = 1
    drops.delay[:] = torch.tensor([0.5, 1.5, 5.5, 14.0])
    torch.testing.assert_close(late_power(drops, params), torch.tensor([0.75, 0.5, 0.25]).double())


def test_a_folder_of_a_file_s_drops_has_its_paths_and_says_where_they_are_from(tmp_path, traced):
    write_drops(tmp_path / "drops", 40, 3, traced, root=tmp_path, part="train")
    store = open_drops(tmp_path / "drops", verify=True)
    assert store.num_paths == 5
    assert store.all().gain.shape == (40, 2, 5)
    facts = store.manifest["source"]
    assert (facts["names"], facts["positions"], facts["positions_without_a_path"]) == ("DeepMIMO", 18, 1)
    assert (facts["doppler"], facts["kept_power"]) == ("drawn", 1.0)
    assert store.channel.source == "paths"
    store.check_matches(traced)
    notes = source_notes(traced, store.num_paths, facts)
    assert notes[0].startswith(
        "channel.source = paths: 5 paths for each UE, of unit power together; channel.paths = 2"
    )
    assert notes[1] == "channel.file = city.npz: 1 positions have no path and are left out"
    # A sample lasts 520.8 ns, so up to 5.6 samples: after the prefix of 1.1, before max_delay.
    assert "of the power comes after a normal cyclic prefix of 1.1 samples" in notes[2]
    assert len(notes) == 3
    # The notes of drawn delays are not of these.
    assert channel_notes(traced) == []


def test_parts_of_a_file_have_drops_of_other_positions(tmp_path, traced):
    gains = []
    for part in ("train", "val", "test"):
        write_drops(tmp_path / part, 200, 3, traced, root=tmp_path, part=part)
        gains.append(open_drops(tmp_path / part).all().gain.flatten(0, 1).abs()[:, 0].unique())
    assert [len(values) for values in gains] == [18, 6, 5]
    assert len(torch.cat(gains).unique()) == 29


def test_kept_paths_are_noted_with_the_share_of_the_power(tmp_path, traced):
    params = traced.model_copy(update={"strongest_paths": 2})
    write_drops(tmp_path / "drops", 40, 3, params, root=tmp_path)
    store = open_drops(tmp_path / "drops")
    assert store.num_paths == 2
    share = store.manifest["source"]["kept_power"]
    assert 0.5 < share < 1
    assert f"channel.strongest_paths = 2: these paths have {share:.1%} of the power" in source_notes(
        params, 2, store.manifest["source"]
    )
    with pytest.raises(CscsanetError, match=r"channel\.strongest_paths = 2, but params.yaml says None"):
        store.check_matches(traced)


def test_drops_of_another_source_are_refused_by_its_name(tmp_path, traced, channel):
    write_drops(tmp_path / "traced", 4, 3, traced, root=tmp_path)
    write_drops(tmp_path / "drawn", 4, 3, channel())
    with pytest.raises(CscsanetError, match=r"channel\.source = paths, but params.yaml says drawn"):
        open_drops(tmp_path / "traced").check_matches(channel())
    with pytest.raises(CscsanetError, match=r"channel\.source = drawn, but params.yaml says paths"):
        open_drops(tmp_path / "drawn").check_matches(traced)


def test_drawn_drops_say_nothing_of_sources(tmp_path, channel):
    """Their manifest is byte for byte that of versions without sources."""
    write_drops(tmp_path / "drawn", 4, 3, channel())
    manifest = json.loads((tmp_path / "drawn" / "manifest.json").read_text())
    assert "source" not in manifest
    assert not {"source", "file", "tr38901_model", "strongest_paths"} & set(manifest["channel"])
    assert source_notes(channel(), 2, {}) == []


def test_a_manifest_of_a_file_s_drops_must_name_a_number_of_paths(tmp_path, traced):
    write_drops(tmp_path / "drops", 4, 3, traced, root=tmp_path)
    path = tmp_path / "drops" / "manifest.json"
    manifest = json.loads(path.read_text())
    for shape in ([4, 2, 0], [4, 2], [4, 2, "5"], [4, 2, True], [], None, [4, 2, 5, 5]):
        path.write_text(json.dumps({**manifest, "shape": shape}))
        with pytest.raises(CscsanetError, match="shape = "):
            open_drops(tmp_path / "drops")


def test_drops_of_tr_38901_do_not_depend_on_who_draws_them_and_a_longer_set_begins_with_a_shorter_one(
    tmp_path, channel, monkeypatch
):
    pytest.importorskip("sionna.phy", reason="the extra tr38901 is not installed")
    monkeypatch.setattr("cscsanet.channel.sources.DROPS_AT_ONCE", 4)
    params = channel(source="tr38901", tr38901_model="UMi", strongest_paths=32)
    for name, count, mapped in (("one", 10, map), ("two", 10, last_first), ("short", 5, map)):
        write_drops(tmp_path / name, count, 3, params, mapped=mapped)
    one, two, short = (open_drops(tmp_path / name).all() for name in ("one", "two", "short"))
    assert torch.equal(one.gain, two.gain)
    assert torch.equal(one.doppler[:5], short.doppler)
    facts = open_drops(tmp_path / "one").manifest["source"]
    assert facts["package"].startswith("sionna-no-rt 2.")
    assert 0.3 < facts["kept_power"] < 1


def last_first(draw, blocks):
    """Draw the blocks from the last to the first."""
    drawn = {block: draw(block) for block in reversed(list(blocks))}
    return [drawn[block] for block in sorted(drawn)]
