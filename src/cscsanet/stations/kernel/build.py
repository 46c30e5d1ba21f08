"""Build the kernel once with the system's C compiler, and keep it in the user's cache.

The file is named after its sources, the compiler and the processor, since it is compiled for this processor.
"""

import ctypes
import functools
import hashlib
import os
import platform
import shutil
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

    Raises:
        CscsanetError: there is no C compiler, it fails, or the cache cannot be written.
    """
    compiler = _compiler()
    folder = Path(__file__).parent
    sources = [folder / name for name in _SOURCES]
    parts = [file.read_bytes() for file in (*sources, folder / "csi.h")]
    parts += [" ".join(_FLAGS).encode(), compiler.encode(), _processor().encode()]
    library = _cache() / f"csi-{hashlib.sha256(b'|'.join(parts)).hexdigest()[:20]}.so"
    try:
        if not library.is_file():
            _compile(compiler, sources, library)
        return ctypes.CDLL(str(library))
    except OSError as error:
        raise CscsanetError(
            f"{library}: the compiled CSI unit cannot be written or loaded ({error}); set XDG_CACHE_HOME to a "
            f"folder of yours, or choose the search 'onnx'"
        ) from None


def _compiler() -> str:
    names = (os.environ.get("CC", ""), "cc", "gcc", "clang")
    for name in names:
        path = shutil.which(name) if name else None
        if path:
            return path
    raise CscsanetError(
        "compiled CSI unit: no C compiler (cc, gcc, clang, or the variable CC); install one, or choose the search 'onnx'"
    )


def _cache() -> Path:
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "cscsanet"


def _processor() -> str:
    """Return what determines the instructions of this machine."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return f"{platform.machine()} {platform.processor()}"
    return "\n".join(sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))}))


def _compile(compiler: str, sources: list[Path], library: Path) -> None:
    library.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    reason = ""
    with tempfile.TemporaryDirectory(dir=library.parent) as scratch:
        built = Path(scratch) / library.name
        for native in _NATIVE:
            flags = [*_FLAGS, *filter(None, [native])]
            command = [compiler, *flags, "-o", str(built), *map(str, sources), "-lm"]
            try:
                done = subprocess.run(
                    command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=False
                )
            except subprocess.TimeoutExpired:
                reason = f"no end after {_TIMEOUT_S} s"
                break
            if done.returncode == 0:
                built.replace(library)
                return
            reason = " ".join(done.stderr.split())[:200]
    raise CscsanetError(
        f"compiled CSI unit: {compiler} failed ({reason}); name another compiler by CC, or choose the search 'onnx'"
    )
