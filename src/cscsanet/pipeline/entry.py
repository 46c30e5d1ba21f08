"""How a stage script and the command line start: parameters in, one-line errors out."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from cscsanet.errors import CscsanetError
from cscsanet.params import Params, load_params
from cscsanet.pipeline.workspace import Workspace


def run_stage(stage: Callable[[Workspace, Params], None]) -> None:
    """Run one stage of dvc.yaml in the current folder."""
    with one_line_errors():
        workspace = Workspace(Path.cwd())
        params = load_params(workspace.params_file)
        limit_threads(params.threads)
        stage(workspace, params)


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
