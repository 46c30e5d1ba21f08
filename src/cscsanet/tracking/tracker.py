"""The tracker: one MLflow run for each executed stage, under a parent for its configuration.

Runs are always addressed by their ids. MLflow's active run and MLFLOW_RUN_ID are not used, since
both would leak from one stage into the next.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cscsanet.config.params import digest
from cscsanet.config.run_params import RunParams
from cscsanet.errors import CscsanetError, Stopped
from cscsanet.tracking.provenance import provenance, workspace
from cscsanet.tracking.stage_run import StageRun
from cscsanet.tracking.store import Store, find_store, short_timeouts

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

# MLflow's limits for one call and for one value.
PARAMS_PER_CALL = 100
PARAM_CHARACTERS = 6000
TAG_CHARACTERS = 8000

NO_TAGS: Mapping[str, str] = MappingProxyType({})


def open_tracking(root: Path, experiment: str) -> "Tracker":
    """Open the tracking store of the project in `root` and an experiment; create what is missing.

    The store is the one that MLFLOW_TRACKING_URI names, else `mlflow.db` and `mlruns/` in `root`.

    Raises:
        CscsanetError: the store cannot be used; raised within about ten seconds.
    """
    store = find_store(root)
    client, experiment_id = store.connect(experiment)
    return Tracker(store, client, experiment_id)


class Tracker:
    """The runs of a project's pipeline in one experiment; made by `open_tracking`."""

    def __init__(self, store: Store, client: "MlflowClient", experiment_id: str) -> None:
        self.store = store
        self.experiment_id = experiment_id
        self._client = client

    @contextmanager
    def stage(
        self,
        name: str,
        params: RunParams,
        *,
        sections: Sequence[str],
        run_params: RunParams | None = None,
        tags: Mapping[str, str] = NO_TAGS,
        resume_id: str | None = None,
    ) -> Iterator[StageRun]:
        """Open a run of a stage, a child of the run of its configuration.

        It ends as FINISHED, as FAILED on an exception, or as KILLED on Ctrl-C or SIGTERM; the exception
        propagates. The parent is FINISHED from the start, so that a killed process leaves no parent
        RUNNING. Runs of this name in this checkout that are still RUNNING are marked KILLED: their
        process was killed, as the pipeline never executes a stage twice at once.

        name: of the run: the stage, as in dvc.yaml, or `stage/part` if the stage has several runs.
        params: the whole configuration; its digest identifies the parent.
        sections: the sections of the parameters that the stage reads, which the run shows.
        run_params: the parameters that the run shows, if they differ from `params`.
        tags: further tags of the run, for example digests of the data.
        resume_id: the run of a killed execution, to be continued. A new run is created if that run
        is missing or finished, or belongs to another name or configuration.

        Raises:
            CscsanetError: the store no longer answers.
        """
        with self.store.errors(), self.store.lock():
            parent_id = self._parent(params)
            previous = self._resumable(resume_id, name, parent_id)
            self._mark_killed(name, except_id=previous)
            stage_tags = {"stage": name, "profile": params.profile, "mlflow.parentRunId": parent_id}
            run_id = previous or self._create(name, {**tags, **stage_tags})
            self._client.update_run(run_id, status="RUNNING")
            self._complete_params(run_id, flatten_params(run_params or params, sections))
        try:
            yield StageRun(self.store, self._client, run_id, resumed=previous is not None)
        except BaseException as error:
            # An error of the store must not hide the error of the stage.
            with suppress(CscsanetError), short_timeouts():
                stopped = isinstance(error, KeyboardInterrupt | Stopped)
                self._end(run_id, parent_id, "KILLED" if stopped else "FAILED")
            raise
        self._end(run_id, parent_id, "FINISHED")

    def _parent(self, params: RunParams) -> str:
        params_digest = digest(params)
        runs = self._search(f"tags.stage = 'pipeline' and tags.params_digest = '{params_digest}'")
        if runs:
            parent_id = str(runs[0].info.run_id)
        else:
            tags = {"stage": "pipeline", "profile": params.profile, "params_digest": params_digest}
            parent_id = self._create(f"{params.profile}-{params_digest[:6]}", tags)
            self._client.set_terminated(parent_id, "FINISHED")
        # Also of an existing run, whose process may have been killed before it logged all.
        self._complete_params(parent_id, flatten_params(params))
        return parent_id

    def _resumable(self, run_id: str | None, name: str, parent_id: str) -> str | None:
        from mlflow.exceptions import MlflowException

        if run_id is None:
            return None
        try:
            run = self._client.get_run(run_id)
        except MlflowException as error:
            if error.error_code in {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}:
                return None
            raise
        same = run.info.run_name == name and run.data.tags.get("mlflow.parentRunId") == parent_id
        alive = run.info.lifecycle_stage == "active" and run.info.status != "FINISHED"
        return run_id if same and alive else None

    def _mark_killed(self, name: str, except_id: str | None) -> None:
        checkout = workspace(self.store.root)
        # A run name cannot be escaped in MLflow's filter language, so names are compared here.
        for run in self._search(f"attributes.status = 'RUNNING' and tags.workspace = '{checkout}'"):
            if run.info.run_name == name and run.info.run_id != except_id:
                self._client.set_terminated(run.info.run_id, "KILLED")

    def _search(self, condition: str) -> "list[Run]":
        return list(
            self._client.search_runs([self.experiment_id], condition, order_by=["attributes.start_time ASC"])
        )

    def _create(self, name: str, tags: Mapping[str, str]) -> str:
        source = {"mlflow.source.name": tags["stage"].partition("/")[0]}
        all_tags = {**provenance(self.store.root), **source, **tags}
        cut_tags = {key: _cut(value, TAG_CHARACTERS) for key, value in all_tags.items()}
        return str(self._client.create_run(self.experiment_id, tags=cut_tags, run_name=name).info.run_id)

    def _complete_params(self, run_id: str, flat: Mapping[str, str]) -> None:
        from mlflow.entities import Param

        logged = self._client.get_run(run_id).data.params
        missing = [Param(key, value) for key, value in flat.items() if key not in logged]
        for start in range(0, len(missing), PARAMS_PER_CALL):
            batch = missing[start : start + PARAMS_PER_CALL]
            self._client.log_batch(run_id, params=batch, synchronous=True)

    def _end(self, run_id: str, parent_id: str, status: str) -> None:
        with self.store.errors():
            self._client.set_terminated(run_id, status)
            self._client.set_terminated(parent_id, "FINISHED")


def flatten_params(params: RunParams, sections: Sequence[str] | None = None) -> dict[str, str]:
    """Return `section.key -> value` of the sections (default: all), and keys outside of sections.

    Lists are JSON. Values are cut to MLflow's 6000 characters, with an ellipsis at the end.
    """
    content = params.model_dump(mode="json")
    flat: dict[str, Any] = {}
    for key, value in content.items():
        if not isinstance(value, dict):
            flat[key] = value
        elif sections is None or key in sections:
            flat.update(_leaves(key, value))
    texts = {key: value if isinstance(value, str) else json.dumps(value) for key, value in flat.items()}
    return {key: _cut(text, PARAM_CHARACTERS) for key, text in texts.items()}


def _leaves(prefix: str, section: Mapping[str, Any]) -> dict[str, Any]:
    leaves: dict[str, Any] = {}
    for key, value in section.items():
        name = f"{prefix}.{key}"
        leaves.update(_leaves(name, value) if isinstance(value, dict) else {name: value})
    return leaves


def _cut(text: str, characters: int) -> str:
    return text if len(text) <= characters else text[: characters - 1] + "…"
