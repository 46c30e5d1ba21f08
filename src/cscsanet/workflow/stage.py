"""One stage of dvc.yaml: its inputs are parameters and files, its outputs are files and an MLflow run.

A script in `stages/` names the function that does the work. `run_stage` loads the parameters, hands
the function a `Stage`, turns a user's error into one line, and notes how long it took.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic

from filelock import FileLock, Timeout
from typing_extensions import TypeVar

from cscsanet import processes
from cscsanet.config.params import Params, load_params
from cscsanet.config.run_params import RunParams
from cscsanet.errors import CscsanetError, one_line_errors
from cscsanet.files import disk_errors, write_by_rename, write_json, write_rows
from cscsanet.tracking import StageRun, open_tracking
from cscsanet.workflow.code import StageCode, stage_code
from cscsanet.workflow.kept import RESTORED, KeptResults, kept_results
from cscsanet.workflow.launch import launch
from cscsanet.workflow.machine import limit_threads, processor
from cscsanet.workflow.stopping import one_line_on_sigterm
from cscsanet.workflow.workspace import SOURCE, Workspace

if TYPE_CHECKING:
    from matplotlib.figure import Figure

StageParams = TypeVar("StageParams", bound=RunParams, default=Params)


@dataclass
class Stage(Generic[StageParams]):
    """What a stage function receives: its workspace, its parameters, and its MLflow run.

    name: of the stage in dvc.yaml and in MLflow. code: digest of the stage's code. project: the parameters of params.yaml,
    if `params` are a variant of them.
    """

    name: str
    workspace: Workspace
    params: StageParams
    code: str
    project: StageParams | None = None
    _run: StageRun | None = field(default=None, repr=False)

    @contextmanager
    def tracked(
        self,
        *sections: str,
        name: str | None = None,
        params: RunParams | None = None,
        tags: Mapping[str, str] | None = None,
        resume_id: str | None = None,
    ) -> Iterator[StageRun]:
        """Open the MLflow run of this stage; files that are saved while it is open are logged to it.

        sections: of the parameters, to log. name: of the run, if the stage has several:
        `stage/part`. params: to log instead of the stage's. tags: of the run.
        resume_id: the run of a killed execution, to continue it (see `Tracker.stage`).

        Raises:
            CscsanetError: the store cannot be used.
        """
        tracker = open_tracking(self.workspace.root, self.params.tracking.experiment)
        opened = tracker.stage(
            name or self.name,
            self.project or self.params,
            sections=sections,
            run_params=params or self.params,
            tags=tags or {},
            resume_id=resume_id,
        )
        with opened as run:
            outer, self._run = self._run, run
            try:
                yield run
            finally:
                self._run = outer

    @property
    def run(self) -> StageRun:
        """The MLflow run that is open."""
        assert self._run is not None, "a stage saves and logs while its run is open"
        return self._run

    def save(self, name: str, write: Callable[[Path], None]) -> Path:
        """Write a file in reports/ with `write`, log it, and return its path."""
        path = self.workspace.reports / name
        write(path)
        self.run.log_artifact(path)
        return path

    def save_json(self, name: str, content: Any) -> None:
        """Write a JSON file into reports/, and log it."""
        self.save(name, lambda path: write_json(path, content))

    def save_rows(self, name: str, rows: Sequence[Mapping[str, Any]]) -> None:
        """Write result rows as JSON into reports/, one row a line, and log the file."""
        self.save(name, lambda path: write_rows(path, rows))

    def save_figures(self, folder: str, figures: "Mapping[str, Figure]") -> None:
        """Write figures as PNG into a folder of reports/, and log them. figures: name -> figure."""
        for name, figure in figures.items():
            path = self.workspace.reports / folder / f"{name}.png"
            write_by_rename(path, lambda partial, figure=figure: figure.savefig(partial, dpi=120))  # type: ignore[misc]
            self.run.log_artifact(path, "figures")

    def log_inputs(self, digests: Mapping[str, str], context: str) -> None:
        """Log the digests of the inputs of the stage. context: their use, "training" or "test"."""
        for name, digest in digests.items():
            self.run.log_dataset(name, digest, source=name, context=context)

    def __getstate__(self) -> dict[str, Any]:
        """Return the state without the open run, since a worker process opens separate runs."""
        return {**self.__dict__, "_run": None}


StageFunction = Callable[[Stage[StageParams]], None]


def run_stage(script: str, work: StageFunction | Mapping[str, StageFunction]) -> None:
    """Run a stage of dvc.yaml in the current folder.

    script: `__file__` of the script. work: the function of the stage. If one script serves several
    stages: stage -> function, and the command line names the stage.
    """
    run_stage_of(Workspace(Path.cwd()), load_params, script, work)


def run_stage_of(
    workspace: Workspace,
    load: Callable[[Path], StageParams],
    script: str,
    work: StageFunction[StageParams] | Mapping[str, StageFunction[StageParams]],
) -> None:
    """Run a stage of any pipeline. workspace: its files. load: reads its parameters. script, work: as of `run_stage`.

    On SIGTERM it ends within ten seconds, with a line and exit code 143, and the next run goes on.
    """
    what = " ".join([Path(script).name, *sys.argv[1:]])
    with one_line_errors(), one_line_on_sigterm(what), disk_errors(workspace.root):
        name, function = _select(Path(script), work)
        params = load(workspace.params_file)
        code = stage_code(Path(script), name, SOURCE)
        kept = _kept(workspace, name, code)
        # Processes that others started do not know what the first does.
        if kept and processes.count() == 1 and _restored(workspace, name, kept, code):
            return
        launch(params, workspace.run_name(name), code)
        # The processes of a machine share its cores.
        limit_threads(max(1, params.threads // min(processes.count(), params.compute.processes)))
        with _alone(workspace, workspace.run_name(name)):
            started = time.monotonic()
            function(Stage(workspace.run_name(name), workspace, params, code.digest))
            if processes.is_first():
                _write_time(workspace, params, workspace.run_name(name), time.monotonic() - started)
                _write_code(workspace, name, code)
                if kept:
                    kept.keep()


def _kept(workspace: Workspace, name: str, code: StageCode) -> KeptResults | None:
    """Return where the results of a stage are kept, by what it depends on now; None if dvc.yaml does not have it."""
    if not processes.is_first():
        return None
    label = workspace.run_name(name)
    times = _times_file(workspace, label)
    return kept_results(workspace.root, workspace.params_file, name, label, code.digest, times)


def _restored(workspace: Workspace, name: str, kept: KeptResults, code: StageCode) -> bool:
    """Restore the results of an earlier run with the same parameters, inputs and code; return whether there was one."""
    with _alone(workspace, workspace.run_name(name)):
        if not kept.restore():
            return False
        _write_code(workspace, name, code)
    where = kept.entry.relative_to(workspace.root)
    print(f"{workspace.run_name(name)}: {RESTORED} of the same parameters, inputs and code ({where})")
    return True


@contextmanager
def _alone(workspace: Workspace, name: str) -> Iterator[None]:
    """Hold the lock of a stage in this workspace. The system frees it when the process ends, however it does.

    Two processes of one stage would write to one checkpoint.

    Raises:
        CscsanetError: another process runs the stage here.
    """
    # Of a training on several processes, the first holds it for all.
    if not processes.is_first():
        yield
        return
    path = workspace.lock(name)
    path.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(path)
    try:
        lock.acquire(timeout=0)
    except Timeout:
        raise CscsanetError(
            f"{name}: another process runs this stage in {workspace.root}; wait until it ends, or end it"
        ) from None
    try:
        yield
    finally:
        lock.release()


def _select(
    script: Path, work: StageFunction[StageParams] | Mapping[str, StageFunction[StageParams]]
) -> tuple[str, StageFunction[StageParams]]:
    if callable(work):
        return script.stem, work
    arguments = sys.argv[1:]
    if len(arguments) != 1 or arguments[0] not in work:
        raise CscsanetError(f"{script.name} {' '.join(arguments)}: name one stage of {', '.join(work)}")
    return arguments[0], work[arguments[0]]


def _write_time(workspace: Workspace, params: RunParams, name: str, seconds: float) -> None:
    """Write the duration of a stage, for the report. It differs at each run, so dvc.yaml does not name the file."""
    content = {
        "seconds": round(seconds, 1),
        "processor_seconds": round(_processor_seconds(), 1),
        "threads": params.threads,
        "cores": os.cpu_count(),
        "processor": processor(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    write_json(_times_file(workspace, name), content)


def _times_file(workspace: Workspace, name: str) -> Path:
    return workspace.reports / "times" / f"{name}.json"


def _processor_seconds() -> float:
    """Return the processor time of this process, with its start, and of its children that have ended [s]."""
    spent = os.times()
    return spent.user + spent.system + spent.children_user + spent.children_system


def _write_code(workspace: Workspace, name: str, code: StageCode) -> None:
    """Write which code a stage ran, for `cscsanet why`."""
    write_json(workspace.last_code(name), {"definitions": code.definitions, "libraries": code.libraries})
