import errno
import json
import os
import pickle
import re
import warnings
import weakref
from collections import namedtuple
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from cscsanet.channel import dataset, response_file, sources
from cscsanet.channel.blocks import UNITS, Drawn
from cscsanet.channel.dataset import open_drops, part_seed, write_drops
from cscsanet.channel.response import materialise
from cscsanet.channel.response_file import export_response
from cscsanet.config.system import ChannelParams
from cscsanet.errors import CscsanetError

Channel = Callable[..., ChannelParams]


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset, "BLOCK", 16)


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in sorted(folder.iterdir())}


def fault(folder: Path, *, verify: bool = False) -> str:
    with pytest.raises(CscsanetError) as caught:
        open_drops(folder, verify=verify)
    message = str(caught.value)
    assert "\n" not in message
    assert str(folder) in message
    return message


@pytest.fixture
def folder(tmp_path: Path, channel: Channel) -> Path:
    write_drops(tmp_path / "drops", 50, 7, channel())
    return tmp_path / "drops"


def test_what_is_written_is_read_back(folder: Path, channel: Channel) -> None:
    store = open_drops(folder, verify=True)
    assert len(store) == 50
    drops = store.all()
    assert drops.gain.shape == (50, 2, 2)
    assert drops.gain.dtype == torch.complex64
    for index in ([3, 49, 3], np.array([3, 49, 3]), torch.tensor([3, 49, 3])):
        batch = store.batch(index)
        assert torch.equal(batch.gain, drops.gain[[3, 49, 3]])
        assert torch.equal(batch.doppler, drops.doppler[[3, 49, 3]])
    assert float(drops.aoa.abs().max()) > 2
    assert 5 < float(drops.delay.max()) <= 10
    assert float(drops.doppler.abs().max()) > 1000


def test_bytes_do_not_depend_on_who_draws_the_blocks(folder: Path, tmp_path: Path, channel: Channel) -> None:
    def elsewhere(draw: Callable[[int], Drawn], blocks: Iterable[int]) -> Iterator[Drawn]:
        """Draw the blocks from the last to the first, each as another process would."""
        drawn = {block: pickle.loads(pickle.dumps(draw))(block) for block in reversed(list(blocks))}
        yield from (drawn[block] for block in sorted(drawn))

    write_drops(tmp_path / "elsewhere", 50, 7, channel(), mapped=elsewhere)
    assert contents(tmp_path / "elsewhere") == contents(folder)


def test_a_block_at_a_time_is_in_memory(tmp_path: Path, channel: Channel) -> None:
    seen: list[weakref.ref[np.ndarray]] = []
    most = 0

    def watched(draw: Callable[[int], Drawn], blocks: Iterable[int]) -> Iterator[Drawn]:
        nonlocal most
        for block in blocks:
            drawn = draw(block)
            seen.extend(weakref.ref(values) for values in drawn[0].values())
            most = max(most, sum(reference() is not None for reference in seen))
            yield drawn

    write_drops(tmp_path / "drops", 90, 7, channel(), mapped=watched)
    assert len(seen) == 6 * len(UNITS)
    assert most <= 2 * len(UNITS)


def test_a_longer_dataset_begins_with_the_shorter_one(folder: Path, tmp_path: Path, channel: Channel) -> None:
    write_drops(tmp_path / "long", 90, 7, channel())
    short, long = open_drops(folder).all(), open_drops(tmp_path / "long").all()
    for name in ("gain", "aod", "aoa", "delay", "doppler"):
        assert torch.equal(getattr(long, name)[:50], getattr(short, name))


def test_blocks_seeds_and_parts_share_no_drop(folder: Path, tmp_path: Path, channel: Channel) -> None:
    write_drops(tmp_path / "other", 50, 8, channel())
    angles = torch.cat([open_drops(drops).all().aoa.flatten() for drops in (folder, tmp_path / "other")])
    assert len(angles.unique()) == len(angles)
    seeds = [part_seed(seed, part) for seed in range(200) for part in ("train", "val", "test")]
    assert len(set(seeds)) == len(seeds)
    assert all(0 <= seed < 2**63 for seed in seeds)
    # A snapshot: drops that were drawn before must be drawn in the same way again.
    assert part_seed(1, "train") == 5888507485274647164


def test_manifest_describes_the_drops(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    assert manifest["count"] == 50
    assert manifest["seed"] == 7
    assert manifest["block"] == 16
    assert manifest["shape"] == [50, 2, 2]
    assert manifest["units"]["doppler"] == "Hz"
    assert manifest["channel"]["max_speed_kmh"] == 120.0
    assert set(manifest["sha256"]) == set(UNITS)
    assert sorted(file.name for file in folder.iterdir()) == sorted(
        ["manifest.json", *(f"{name}.npy" for name in UNITS)]
    )


def test_power_and_part_sizes_do_not_change_a_byte(folder: Path, tmp_path: Path, channel: Channel) -> None:
    write_drops(tmp_path / "same", 50, 7, channel(bs_power_offset_db=float("inf"), train_drops=3))
    assert contents(tmp_path / "same") == contents(folder)


def test_an_older_drop_folder_is_replaced_whole(folder: Path, channel: Channel) -> None:
    write_drops(folder, 20, 9, channel())
    assert len(open_drops(folder, verify=True)) == 20
    assert [entry.name for entry in folder.parent.iterdir()] == ["drops"]


def test_a_failed_run_leaves_nothing(
    tmp_path: Path, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(sources, "draw_paths", fail)
    with pytest.raises(KeyboardInterrupt):
        write_drops(tmp_path / "drops", 20, 9, channel())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_of_other_files_is_not_replaced(tmp_path: Path, channel: Channel) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(CscsanetError, match=r"exists without manifest\.json"):
        write_drops(tmp_path, 5, 1, channel())
    assert (tmp_path / "thesis.tex").exists()


@pytest.mark.parametrize(("count", "seed"), [(0, 1), (1, -1)])
def test_numbers_out_of_range_are_refused(tmp_path: Path, channel: Channel, count: int, seed: int) -> None:
    with pytest.raises(CscsanetError, match="must be at least"):
        write_drops(tmp_path / "drops", count, seed, channel())


def test_damage_is_reported_with_the_file(folder: Path) -> None:
    manifest = (folder / "manifest.json").read_text()
    aod = (folder / "aod.npy").read_bytes()

    (folder / "aod.npy").unlink()
    assert "aod.npy: missing" in fault(folder)
    for length in (0, 40, len(aod) - 4):
        (folder / "aod.npy").write_bytes(aod[:length])
        assert "aod.npy: truncated" in fault(folder)
    np.save(folder / "aod.npy", np.zeros((50, 2, 3), np.float32))
    assert "aod.npy: float32 [50, 2, 3]" in fault(folder)
    np.save(folder / "aod.npy", np.zeros((50, 2, 2), np.float64))
    assert "aod.npy: float64" in fault(folder)
    (folder / "aod.npy").write_bytes(aod[:-1] + bytes([aod[-1] ^ 1]))
    open_drops(folder)
    assert "aod.npy: its SHA-256" in fault(folder, verify=True)
    (folder / "aod.npy").write_bytes(aod)

    (folder / "manifest.json").write_text(manifest[:-20])
    assert "not valid JSON" in fault(folder)
    (folder / "manifest.json").write_text(manifest.replace(dataset.SCHEMA, "drops-0"))
    assert "schema" in fault(folder)
    (folder / "manifest.json").write_text(json.dumps({"schema": dataset.SCHEMA, "count": 50}))
    assert "channel: missing" in fault(folder)
    (folder / "manifest.json").unlink()
    assert "manifest.json is missing" in fault(folder)
    assert "manifest.json is missing" in fault(folder / "nowhere")


def test_other_parameters_are_reported_with_the_key(folder: Path, channel: Channel) -> None:
    store = open_drops(folder)
    store.check_matches(channel())
    store.check_matches(channel(subcarriers=100, bs_power_offset_db=0.0))
    for key, value in (
        ("paths", 3),
        ("max_delay", 4.0),
        ("max_speed_kmh", 30.0),
        ("carrier_ghz", 3.5),
        ("doppler", "uniform"),
    ):
        with pytest.raises(CscsanetError, match=rf"channel\.{key} = .* but params.yaml says {value}"):
            store.check_matches(channel(**{key: value}))


@pytest.mark.parametrize("chunk_bytes", [1, 10**9])
def test_export_is_the_channel_matrix(
    tmp_path: Path, channel: Channel, monkeypatch: pytest.MonkeyPatch, chunk_bytes: int
) -> None:
    monkeypatch.setattr(response_file, "EXPORT_CHUNK_BYTES", chunk_bytes)
    params = channel(bs_antennas=4, ue_antennas=3, subcarriers=5)
    write_drops(tmp_path / "drops", 7, 3, params)
    seen: list[int] = []
    export_response(
        tmp_path / "drops",
        range(2, 5),
        tmp_path / "new" / "h.npy",
        progress=seen.append,
    )
    h = np.load(tmp_path / "new" / "h.npy")
    assert h.dtype == np.complex64
    assert h.shape == (7, 2, 3, 5, 4, 3)
    wanted = materialise(open_drops(tmp_path / "drops").all(), torch.arange(2, 5), params)
    np.testing.assert_allclose(h, wanted.numpy(), rtol=1e-5, atol=1e-6)
    assert sum(seen) == 7
    assert len(seen) == (7 if chunk_bytes == 1 else 1)
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["h.npy"]


@pytest.mark.parametrize("symbols", [range(3, 3), range(-1, 2), range(5, 2)])
def test_export_refuses_senseless_ranges(folder: Path, tmp_path: Path, symbols: range) -> None:
    with pytest.raises(CscsanetError, match="symbols = "):
        export_response(folder, symbols, tmp_path / "h.npy")


def test_export_needs_room(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(response_file.shutil, "disk_usage", lambda _: usage(2_000_000, 1_000_000, 1_000_000))
    with pytest.raises(CscsanetError, match=r"needs \d+ MB, but only 1 MB are free"):
        export_response(folder, range(40), tmp_path / "h.npy")
    assert not (tmp_path / "h.npy").exists()


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        ("count", "50", "count = '50'"),
        ("count", True, "count = True"),
        ("count", 49, r"shape = \[50, 2, 2\]: must be \[49, 2, 2\]"),
        ("shape", None, "shape = None"),
        ("channel", {}, "channel: not the parameters"),
        ("channel", [], "channel: not the parameters"),
        ("sha256", {"aod": "ab"}, "sha256: not a digest for each file"),
    ],
)
def test_a_manifest_of_other_values_is_reported_with_the_key(
    folder: Path, key: str, value: object, says: str
) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, key: value}))
    assert re.search(says, fault(folder))
    (folder / "manifest.json").write_text('{"schema": "' + dataset.SCHEMA + '", "count": 1, "count": 2}')
    assert "key 'count' occurs twice" in fault(folder)


def test_other_files_under_the_name_of_an_array_are_damaged(folder: Path) -> None:
    aod = (folder / "aod.npy").read_bytes()
    np.savez(folder / "other.npz", aod=np.zeros((50, 2, 2), np.float32))
    archive = (folder / "other.npz").read_bytes()
    # The second and the third have headers that make numpy warn, and that its parser stumbles over.
    for content in (
        archive,
        aod.replace(b"(50, 2, 2)", b"(50L,2,2)"),
        aod.replace(b"{'descr'", b"(('descr'"),
    ):
        (folder / "aod.npy").write_bytes(content)
        with warnings.catch_warnings(action="error"):
            assert "aod.npy: truncated or not a .npy file" in fault(folder)


def test_the_disk_is_asked_for_the_whole_length_first(
    folder: Path, channel: Channel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A memory map on a full disk would kill the process."""

    def full(_file: int, _start: int, _length: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "posix_fallocate", full)
    before = sorted(path.read_bytes() for path in folder.iterdir())
    with pytest.raises(CscsanetError, match=r"cannot be written \(No space left on device\)"):
        write_drops(folder, 5, 1, channel())
    assert sorted(path.read_bytes() for path in folder.iterdir()) == before
