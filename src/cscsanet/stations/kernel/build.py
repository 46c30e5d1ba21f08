"""Build the kernel once with the system's C compiler, and keep it in the user's cache.

    <cache>/csi-<key>-<digest>.so

The key is of the sources, the compiler and the processor, since it is compiled for this processor. The digest is of
the file, which is not loaded if it differs: a damaged library can end the process. Nor is one that others can write.
"""

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

from cscsanet.errors import CscsanetError

_SOURCES = ("search.c", "networks.c", "unit.c")
# Not -ffast-math, which would also make the whole process round small numbers to zero.
_FLAGS = (
    "-std=gnu11",
    "-O3",
    "-fPIC",
    "-shared",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-fno-signed-zeros",
    "-ffinite-math-only",
    "-fassociative-math",
    "-freciprocal-math",
)
_NATIVE = ("-march=native", "-mcpu=native", "")  # the first that the compiler knows
_TIMEOUT_S = 120


@functools.cache
def kernel() -> ctypes.CDLL:
    """Return the kernel, built at the first call on this machine.

    Without a cache that belongs to this user alone it is built for this process.

    Raises:
        CscsanetError: there is no C compiler, it fails, or the cache cannot be written.
    """
    compiler = _compiler()
    parts = [file.read_bytes() for file in (*_sources(), Path(__file__).parent / "csi.h")]
    parts += [" ".join(_FLAGS).encode(), compiler.encode(), _processor().encode()]
    name = f"csi-{_digest(b'|'.join(parts))}"
    cache = _cache()
    try:
        if cache is not None:
            cache.mkdir(parents=True, exist_ok=True, mode=0o700)
            if _private(cache):
                return _cached(cache, name) or ctypes.CDLL(str(_compile(compiler, cache, name)))
        # A library that is loaded needs its file no longer.
        with tempfile.TemporaryDirectory() as folder:
            return ctypes.CDLL(str(_compile(compiler, Path(folder), name)))
    except OSError as error:
        raise CscsanetError(
            f"{cache or tempfile.gettempdir()}: the compiled CSI unit cannot be written or loaded ({error}); set "
            f"XDG_CACHE_HOME to a folder of yours, or choose the search 'onnx'"
        ) from None


def _cached(cache: Path, name: str) -> ctypes.CDLL | None:
    """Return the kernel of the cache; None: there is none. One that is damaged or not of this user is removed."""
    for library in cache.glob(f"{name}-*.so"):
        try:
            if _private(library) and library.stem == f"{name}-{_digest(library.read_bytes())}":
                return ctypes.CDLL(str(library))
        except OSError:
            pass  # as one that another process has just removed, or that the loader refuses
        library.unlink(missing_ok=True)
    return None


def _private(path: Path) -> bool:
    """Whether a file or folder is of this user, and nobody else can write to it."""
    status = path.stat()
    return status.st_uid == os.geteuid() and not status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)


def _digest(content: bytes) -> str:
    """Return the first 80 bits of the SHA-256, for a name."""
    return hashlib.sha256(content).hexdigest()[:20]


def _sources() -> list[Path]:
    """Return the files that are compiled."""
    return [Path(__file__).parent / name for name in _SOURCES]


def _compiler() -> str:
    names = (os.environ.get("CC", ""), "cc", "gcc", "clang")
    for name in names:
        path = shutil.which(name) if name else None
        if path:
            return path
    raise CscsanetError(
        "compiled CSI unit: no C compiler (cc, gcc, clang, or the variable CC); install one, or choose the search 'onnx'"
    )


def _cache() -> Path | None:
    """Return the folder of the cache; None: this user has no home."""
    base = os.environ.get("XDG_CACHE_HOME")
    try:
        return (Path(base) if base else Path.home() / ".cache") / "cscsanet"
    except RuntimeError:
        return None


def _processor() -> str:
    """Return what determines the instructions of this machine."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    return "\n".join(sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))}))


def _compile(compiler: str, folder: Path, name: str) -> Path:
    """Build the kernel into a folder, and return its file.

    Raises:
        CscsanetError: the compiler fails or does not end.
        OSError: the folder cannot be written.
    """
    reason = ""
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        built = Path(scratch) / f"{name}.so"
        for native in _NATIVE:
            flags = [*_FLAGS, *filter(None, [native])]
            command = [compiler, *flags, "-o", str(built), *map(str, _sources()), "-lm"]
            try:
                done = subprocess.run(
                    command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
                )
            except subprocess.TimeoutExpired:
                reason = f"no end after {_TIMEOUT_S} s"
                break
            if done.returncode == 0:
                built.chmod(0o700)  # some users' files can be written by their group
                with built.open("rb") as file:
                    os.fsync(file.fileno())
                return built.replace(folder / f"{name}-{_digest(built.read_bytes())}.so")
            reason = " ".join(done.stderr.split())[:200]
    raise CscsanetError(
        f"compiled CSI unit: {compiler} failed ({reason}); name another compiler by CC, or choose the search 'onnx'"
    )
