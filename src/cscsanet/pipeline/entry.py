"""How a stage script and the command line start: parameters in, one-line errors out."""

import os
import platform
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

from cscsanet.errors import CscsanetError
from cscsanet.files import write_json
from cscsanet.params import Params, load_params
from cscsanet.pipeline.workspace import Workspace


def run_stage(stage: Callable[[Workspace, Params], None]) -> None:
    """Run one stage of dvc.yaml in the current folder."""
    with one_line_errors():
        workspace = Workspace(Path.cwd())
        params = load_params(workspace.params_file)
        limit_threads(params.threads)
        started = time.monotonic()
        stage(workspace, params)
        _note_the_time(workspace, params, time.monotonic() - started)


def _note_the_time(workspace: Workspace, params: Params, seconds: float) -> None:
    """Keep how long a stage ran, for the report. DVC does not know of it: it differs at every run."""
    content = {
        "seconds": round(seconds, 1),
        "threads": params.threads,
        "cores": os.cpu_count(),
        "processor": processor(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    write_json(workspace.reports / "times" / f"{Path(sys.argv[0]).stem}.json", content)


def processor() -> str:
    """Return what this machine's processor calls itself."""
    with suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


@contextmanager
def one_line_errors() -> Iterator[None]:
    """Print a user's error as one line and leave with exit code 1; anything else is a bug and keeps its trace."""
    try:
        yield
    except CscsanetError as error:
        print(f"error: {error}", file=sys.stderr)
        raise SystemExit(1) from None


def limit_threads(threads: int) -> None:
    """Give PyTorch and the numerical libraries that many CPU threads; equal threads give equal rounding."""
    os.environ["OMP_NUM_THREADS"] = str(threads)
    import torch

    torch.set_num_threads(threads)
