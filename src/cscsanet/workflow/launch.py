"""Start a stage in several processes that share one training (DDP), as `compute` in params.yaml asks for.

On one machine the stage starts them itself. On several, torchrun or srun starts the script on each. Every process runs
the whole script; the first alone writes files and MLflow runs.
"""

import logging
import os
import signal
import sys
import threading
import time
from pathlib import Path

from cscsanet import processes
from cscsanet.config.run_params import RunParams
from cscsanet.errors import CscsanetError, Stopped
from cscsanet.workflow import stopping
from cscsanet.workflow.code import StageCode

_FIT, _JOBS = "cscsanet.training.fit:fit", "cscsanet.workflow.fan_out:fan_out"


def shares_training(code: StageCode) -> bool:
    """Whether a stage has one training. Stages of several run these side by side, each in one process."""
    return _FIT in code.definitions and _JOBS not in code.definitions


def launch(params: RunParams, name: str, code: StageCode) -> None:
    """Run the stage in several processes and exit, unless it is to have one or this is one of them.

    name: of the stage. code: what it runs.

    Raises:
        CscsanetError: the processes that there are, or the parts of a batch, do not fit what params.yaml asks for.
        SystemExit: the processes have ended, with the exit code of the stage.
    """
    compute = params.compute
    running, wanted = processes.count(), compute.processes * compute.machines
    if not shares_training(code):
        if running > 1:
            raise CscsanetError(
                f"stage {name}: started in {running} processes, but its work is not one training; start it without torchrun"
            )
        return
    if params.recipe.shards % wanted:
        raise CscsanetError(
            f"params.yaml: recipe.shards = {params.recipe.shards}: must be a multiple of the {wanted} processes of "
            "compute.processes x compute.machines"
        )
    if running == wanted:
        if running > 1:
            threading.Thread(target=_exit_with_parent, args=(os.getppid(),), daemon=True).start()
        return
    if running > 1:
        raise CscsanetError(
            f"stage {name}: started in {running} processes, but compute.processes x compute.machines = {wanted}; "
            "start as many, or change params.yaml"
        )
    if compute.machines > 1:
        raise CscsanetError(
            f"params.yaml: compute.machines = {compute.machines}: start the stage on each of them, as with 'torchrun "
            f"--nnodes {compute.machines} --nproc-per-node {compute.processes} ... {' '.join(sys.argv)}' or with 'srun'"
        )
    raise SystemExit(_run(compute.processes, Path(sys.argv[0]).name))


def _run(count: int, name: str) -> int:
    """Run this command line in so many processes, and return the exit code. The first failure ends all.

    Raises:
        CscsanetError: a process was killed.
        Stopped: SIGTERM came.
    """
    from torch.distributed.elastic.multiprocessing.api import SignalException
    from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
    from torch.distributed.launcher.api import LaunchConfig, elastic_launch

    # What failed is on standard error already, in one line.
    for logger in list(logging.root.manager.loggerDict):
        if logger.startswith("torch.distributed.elastic"):
            logging.getLogger(logger).setLevel(logging.CRITICAL)
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=count,
        run_id=name,
        rdzv_backend="c10d",
        rdzv_endpoint="127.0.0.1:0",
        max_restarts=0,
    )
    # They are ended by SIGTERM where one of them fails; this process says why.
    os.environ[stopping.SILENT] = "1"
    try:
        elastic_launch(config, sys.executable)(*sys.argv)
    except SignalException as error:
        if error.sigval == signal.SIGTERM:
            raise Stopped from None
        raise KeyboardInterrupt from None
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        if failure.exitcode < 0:
            killed_by = signal.Signals(-failure.exitcode).name
            raise CscsanetError(
                f"stage {name}: its process {rank} was ended by {killed_by}; run it again to go on, with fewer "
                "compute.processes if memory is short"
            ) from None
        return failure.exitcode
    finally:
        del os.environ[stopping.SILENT]
    return 0


def _exit_with_parent(parent: int) -> None:
    """Exit when the process that started this one has ended, so that none goes on beside a run that resumes."""
    while os.getppid() == parent:
        time.sleep(0.2)
    os._exit(1)
