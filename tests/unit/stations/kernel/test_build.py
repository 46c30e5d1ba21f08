"""The cache of the kernel: built once, never damaged, and of nobody else."""

import ctypes
import hashlib
import os
import shutil
from pathlib import Path

import pytest

from cscsanet.errors import CscsanetError
from cscsanet.stations.kernel import build

pytestmark = pytest.mark.skipif(
    not any(map(shutil.which, ("cc", "gcc", "clang"))), reason="there is no C compiler"
)


@pytest.fixture
def cache(monkeypatch, tmp_path):
    """An empty cache, for a kernel that compiles fast."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(build, "_FLAGS", ("-std=gnu11", "-O0", "-fPIC", "-shared"))
    build.kernel.cache_clear()
    yield tmp_path / "cscsanet"
    build.kernel.cache_clear()


@pytest.fixture
def loads(monkeypatch):
    """The files that are loaded as libraries."""
    paths, load = [], ctypes.CDLL
    monkeypatch.setattr(ctypes, "CDLL", lambda path: (paths.append(Path(path)), load(path))[1])
    return paths


def kernel():
    """Return the kernel as another process gets it."""
    build.kernel.cache_clear()
    library = build.kernel()
    assert library.run_unit
    return library


def test_the_kernel_is_built_once_and_a_failure_leaves_no_file(cache, monkeypatch):
    kernel()
    (library,) = cache.iterdir()
    written = library.stat().st_mtime_ns
    kernel()
    assert library.stat().st_mtime_ns == written
    monkeypatch.setattr(build, "_FLAGS", ("-no-such-flag",))
    with pytest.raises(CscsanetError, match="failed") as raised:
        kernel()
    assert "\n" not in str(raised.value)
    assert list(cache.iterdir()) == [library]


@pytest.mark.parametrize("damage", ["empty", "truncated", "other"])
def test_a_damaged_library_is_built_again_and_never_loaded(cache, loads, damage):
    kernel()
    (library,) = cache.iterdir()
    whole = library.read_bytes()
    # A new file: to write into one that is loaded would change this process.
    library.unlink()
    contents = {"empty": b"", "truncated": whole[: len(whole) // 2], "other": whole[:-1] + b"x"}
    library.write_bytes(contents[damage])
    library.chmod(0o700)
    loads.clear()
    kernel()
    (library,) = cache.iterdir()
    assert library.read_bytes() == whole
    assert len(loads) == 1


def test_a_whole_library_that_cannot_be_loaded_is_built_again(cache):
    """As one of another machine that shares the home."""
    kernel()
    (library,) = cache.iterdir()
    other = library.with_name(f"{library.stem.rpartition('-')[0]}-{hashlib.sha256(b'').hexdigest()[:20]}.so")
    library.unlink()
    other.touch(mode=0o700)
    kernel()
    assert list(cache.iterdir()) == [library]


@pytest.mark.parametrize("mode", [0o720, 0o702])
@pytest.mark.parametrize("what", ["folder", "file"])
def test_what_others_can_write_is_not_loaded(cache, loads, what, mode):
    kernel()
    (library,) = cache.iterdir()
    inode = library.stat().st_ino
    spare = library.with_name("spare")
    spare.hardlink_to(library)  # so that its inode is not used again
    (cache if what == "folder" else library).chmod(mode)
    loads.clear()
    kernel()
    (loaded,) = loads
    if what == "file":
        assert loaded.parent == cache
        assert loaded.stat().st_ino != inode
        assert loaded.stat().st_mode & 0o777 == 0o700
    else:
        assert cache not in loaded.parents
        assert not loaded.exists()
        assert set(cache.iterdir()) == {library, spare}


def test_a_cache_of_another_user_is_not_used(cache, loads, monkeypatch):
    kernel()
    before = set(cache.iterdir())
    loads.clear()
    monkeypatch.setattr(os, "geteuid", lambda: cache.stat().st_uid + 1)
    kernel()
    (loaded,) = loads
    assert cache not in loaded.parents
    assert set(cache.iterdir()) == before


def test_a_user_without_a_home_needs_no_cache(cache, loads, monkeypatch):
    def home():
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setattr(Path, "home", home)
    kernel()
    assert len(loads) == 1
    assert not loads[0].exists()


def test_a_cache_that_cannot_be_made_is_one_line(cache, fault):
    cache.parent.joinpath("cscsanet").touch()
    assert "cannot be written or loaded" in fault(build.kernel)
