"""Jobs on the nodes of a Ray cluster, or on a Ray that is started on this machine and ended with the jobs.

A node that dies loses its jobs, and Ray begins them again on another. Jobs read and write the project's folder, so
every node must see it at the same path, and must run the same code; a worker that does not says so.
"""

import hashlib
import logging
import os
import secrets
import socket
import sys
import uuid
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from cscsanet.errors import CscsanetError
from cscsanet.workflow.engines import (
    ADDRESS,
    ATTEMPTS,
    ENGINE,
    WORKERS,
    Choice,
    Engine,
    Job,
    Outcome,
    Result,
    attempt,
    lost_worker,
)

INSTALL = "pip install 'cscsanet[scale]'"
CONNECT_SECONDS = 10  # within which the address of a cluster must answer
NODE_SECONDS = 120  # within which each node must answer
# No reports of use and no notes on coming versions. Jobs run at this process's priority, as those of a pool do.
_QUIET = {
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
    "RAY_worker_niceness": "0",
    "RAY_task_oom_retries": str(ATTEMPTS),
}
# Of MLflow a worker has what this process has. Engines are for the outermost jobs alone.
_HANDED_ON = "MLFLOW_"
_NOT_FOR_WORKERS = (ENGINE, ADDRESS, WORKERS)


class Ground(NamedTuple):
    """What a worker must have: a file that it must see, the code of the package, and the versions that compute."""

    marker: Path | None
    code: str
    versions: str


class RayEngine(Engine):
    """Runs jobs by Ray. One job has one processor, and one GPU where this machine has one."""

    def __init__(self, choice: Choice, root: Path | None) -> None:
        """Connect to Ray or start it, and check every node.

        Raises:
            CscsanetError: Ray is not installed or not reached, or a node cannot run the jobs.
        """
        self._ray = _installed_ray()
        self._marker = root / "scratch" / f"seen-by-all-nodes-{uuid.uuid4().hex}" if root else None
        self._running: dict[Any, int] = {}
        self._started = 0
        self._connect(choice)
        try:
            unit = _unit_of_a_job()
            resources = self._ray.cluster_resources()
            self.workers = choice.workers or max(
                1, int(resources.get("GPU" if unit["num_gpus"] else "CPU", 1))
            )
            self._ground = Ground(self._marker, code_digest(), _versions())
            if self._marker is not None:
                self._marker.parent.mkdir(parents=True, exist_ok=True)
                self._marker.touch()
            remote = self._ray.remote(max_retries=ATTEMPTS - 1, retry_exceptions=False, **unit)
            self._attempt = remote(attempt_on_node)
            self._check_nodes()
        except BaseException:
            self.close()
            raise

    def _connect(self, choice: Choice) -> None:
        options: dict[str, Any] = {"logging_level": logging.ERROR, "log_to_driver": False}
        if choice.address is None:
            options |= {"num_cpus": choice.workers, "include_dashboard": False}
            # Ray listens on all addresses of the machine, and would run what anybody sends it.
            if "RAY_AUTH_MODE" not in os.environ:
                os.environ |= {"RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN": secrets.token_hex(32)}
        address = choice.address or "local"
        try:
            _knock(address)
            self._ray.init(address=address, **options)
        except Exception as error:
            reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
            raise CscsanetError(
                f"ray {address}: cannot be reached ({reason[:200]}); start it with 'ray start --head', or correct the address"
            ) from None

    def _check_nodes(self) -> None:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        check = self._ray.remote(num_cpus=0, max_retries=0)(_check)
        nodes = {
            check.options(
                scheduling_strategy=NodeAffinitySchedulingStrategy(node["NodeID"], soft=False)
            ).remote(self._ground): node["NodeManagerAddress"]
            for node in self._ray.nodes()
            if node["Alive"] and node["Resources"].get("CPU")
        }
        if not nodes:
            raise CscsanetError("ray: no node has a processor for jobs; start one with 'ray start --address'")
        done, late = self._ray.wait(list(nodes), num_returns=len(nodes), timeout=NODE_SECONDS)
        ready = [self._is_ready(answer, nodes[answer]) for answer in done]
        if late:
            raise CscsanetError(
                f"ray node {nodes[late[0]]}: no answer in {NODE_SECONDS} s; end it, or start it again"
            )
        if not any(ready):
            raise CscsanetError(
                "ray: every node with a processor has died; start one with 'ray start --address'"
            )

    def _is_ready(self, answer: Any, node: str) -> bool:
        """Return whether a node can run jobs, or False if it has died.

        Raises:
            CscsanetError: it cannot.
        """
        try:
            self._ray.get(answer)
        except self._ray.exceptions.RayTaskError as error:
            if isinstance(error.cause, CscsanetError):
                raise CscsanetError(f"ray node {node}: {error.cause}") from None
            reason = str(error).strip().splitlines()[-1]
            raise CscsanetError(
                f"ray node {node}: cannot run jobs ({reason[:300]}); install this version of cscsanet on it"
            ) from None
        except self._ray.exceptions.RayError:
            # It has died, which Ray notices some seconds later.
            return False
        return True

    def start(self, work: Callable[[Job], Result], job: Job) -> int:
        """Hand a job to Ray."""
        self._started += 1
        handed_on = {name: value for name, value in os.environ.items() if name.startswith(_HANDED_ON)}
        self._running[self._attempt.remote(self._ground, handed_on, work, job)] = self._started
        return self._started

    def ended(self) -> list[tuple[int, Outcome]]:
        """Wait until a job ends, in however many attempts."""
        if not self._running:
            return []
        self._ray.wait(list(self._running), num_returns=1)
        done, _ = self._ray.wait(list(self._running), num_returns=len(self._running), timeout=0)
        return [(self._running.pop(answer), self._outcome(answer)) for answer in done]

    def _outcome(self, answer: Any) -> Outcome:
        try:
            outcome: Outcome = self._ray.get(answer)
        except self._ray.exceptions.RayTaskError as error:
            # `attempt_on_node` raises nothing, so the job could not be sent to the node or be read there.
            return Outcome(error=RuntimeError(str(error)))
        except self._ray.exceptions.RayError as error:
            return Outcome(error=lost_worker(ATTEMPTS, type(error).__name__))
        return outcome

    def close(self) -> None:
        """End all jobs, and Ray if it was started by this process."""
        for answer in self._running:
            with suppress(Exception):
                self._ray.cancel(answer, force=True)
        self._running = {}
        if self._marker is not None:
            self._marker.unlink(missing_ok=True)
        self._ray.shutdown()


def attempt_on_node(
    ground: Ground, environment: dict[str, str], work: Callable[[Job], Result], job: Job
) -> Outcome:
    """Run a job in a worker of Ray; see `attempt`."""
    os.environ.update(environment)
    for name in _NOT_FOR_WORKERS:
        os.environ.pop(name, None)
    try:
        _check_once(ground)
    except CscsanetError as error:
        return Outcome(error=error)
    return attempt(work, job)


@cache
def _check_once(ground: Ground) -> None:
    """Check a worker before its first job, since its node may have joined after the others were checked."""
    _check(ground)


def _check(ground: Ground) -> None:
    if ground.marker is not None and not ground.marker.exists():
        raise CscsanetError(
            f"does not see {ground.marker.parent.parent}; mount the project's folder there, at the same path as on all nodes"
        )
    if (_versions(), code_digest()) != (ground.versions, ground.code):
        raise CscsanetError(
            f"runs other code ({_versions()}, {code_digest()}) than this process ({ground.versions}, {ground.code}); "
            "install the same version of cscsanet and of the libraries on all nodes"
        )


@cache
def code_digest() -> str:
    """Return a digest of the package's source code."""
    package = Path(sys.modules["cscsanet"].__file__ or "").parent
    digest = hashlib.sha256()
    for path in sorted(package.rglob("*.py")):
        digest.update(f"{path.relative_to(package).as_posix()} ".encode())
        digest.update(path.read_bytes())
    return digest.hexdigest()[:16]


def _versions() -> str:
    names = ("torch", "numpy")
    parts = [f"{name} {version(name).partition('+')[0]}" for name in names]
    return ", ".join([f"python {sys.version_info.major}.{sys.version_info.minor}", *parts])


def _unit_of_a_job() -> dict[str, int]:
    """Return what Ray sets aside for a job."""
    import torch

    return {"num_cpus": 1, "num_gpus": int(torch.cuda.is_available())}


def _knock(address: str) -> None:
    """Raise if nothing listens at an address with a port, since Ray would try again for minutes.

    Raises:
        OSError: as said, or the address is none.
    """
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), CONNECT_SECONDS).close()


def _installed_ray() -> Any:
    for name, value in _QUIET.items():
        os.environ.setdefault(name, value)
    try:
        import ray
        import ray.exceptions

        # A folder named `ray` can be imported, too.
        _ = ray.init
    except (ImportError, AttributeError):
        raise CscsanetError(
            f'the engine ray: needs the package ray; run "{INSTALL}", or choose local'
        ) from None
    return ray
