"""The runs: one for each executed stage, under a parent for its configuration.

Runs are always addressed by their ids. MLflow's active run and MLFLOW_RUN_ID are left alone: both would leak
from one stage into the next.
"""

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from cscsanet.errors import CscsanetError
from cscsanet.params import Params, digest
from cscsanet.tracking.provenance import provenance, workspace
from cscsanet.tracking.stage_run import StageRun
from cscsanet.tracking.store import Store, find_store, impatient

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

# MLflow's limits for one call and for one value.
PARAMS_PER_CALL = 100
PARAM_CHARACTERS = 6000
TAG_CHARACTERS = 8000

NO_TAGS: Mapping[str, str] = MappingProxyType({})


def open_tracking(root: Path, experiment: str) -> "Tracker":
    """Open the store of the project in `root`, and the experiment in it; make what is missing.

    The store is the one that MLFLOW_TRACKING_URI names, else `mlflow.db` and `mlruns/` in `root`.

    Raises:
        CscsanetError: the store cannot be used; known within about ten seconds.
    """
    store = find_store(root)
    client, experiment_id = store.connect(experiment)
    return Tracker(store, client, experiment_id)


class Tracker:
    """Files the stages of one project's pipeline in one experiment; made by `open_tracking`."""

    def __init__(self, store: Store, client: "MlflowClient", experiment_id: str) -> None:
        self.store = store
        self.experiment_id = experiment_id
        self._client = client

    @contextmanager
    def stage(
        self,
        stage: str,
        params: Params,
        *,
        sections: Sequence[str],
        tags: Mapping[str, str] = NO_TAGS,
        resume_id: str | None = None,
        variant: Params | None = None,
    ) -> Iterator[StageRun]:
        """Open the run of one stage, a child of the run of its whole configuration.

        It ends FINISHED, FAILED on an exception or KILLED on Ctrl-C; the exception goes on. The parent is
        FINISHED all along, so that a killed process leaves none that runs for ever. Runs of the same stage in
        this checkout that never ended, since their process was killed, are marked KILLED: a pipeline executes
        a stage once at a time.

        Args:
            stage: name of the stage, as in dvc.yaml.
            params: the whole configuration; its digest finds the parent.
            sections: the sections of `params` that the stage reads; its run holds them by the parent's keys.
            tags: further tags: `scheme` (becomes part of the run's name), digests of the data, ...
            resume_id: the run of a killed execution of this stage, to be continued. A new run is made where
                it is gone, has finished, or belongs to another stage or configuration.
            variant: the parameters that the run goes by, where a stage varies those of `params` itself.

        Raises:
            CscsanetError: the store no longer answers.
        """
        name = "-".join(part for part in (stage, tags.get("scheme")) if part)
        with self.store.errors(), self.store.lock():
            parent_id = self._parent(params)
            previous = self._resumable(resume_id, name, parent_id)
            self._bury_the_dead(name, spared=previous)
            run_id = previous or self._create(
                name,
                {**tags, "stage": stage, "profile": params.profile, "mlflow.parentRunId": parent_id},
            )
            self._client.update_run(run_id, status="RUNNING")
            self._complete_params(run_id, flatten_params(variant or params, sections))
        try:
            yield StageRun(self.store, self._client, run_id, resumed=previous is not None)
        except BaseException as error:
            # The stage's own error is the one to read, even where the store is gone as well.
            with suppress(CscsanetError), impatient():
                self._end(run_id, parent_id, "KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED")
            raise
        self._end(run_id, parent_id, "FINISHED")

    def _parent(self, params: Params) -> str:
        whole = digest(params)
        found = self._search(f"tags.stage = 'pipeline' and tags.params_digest = '{whole}'")
        if found:
            parent_id = str(found[0].info.run_id)
        else:
            tags = {"stage": "pipeline", "profile": params.profile, "params_digest": whole}
            parent_id = self._create(f"{params.profile}-{whole[:6]}", tags)
            self._client.set_terminated(parent_id, "FINISHED")
        # Also where it was found: its maker may have been killed before it wrote them all.
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

    def _bury_the_dead(self, name: str, spared: str | None) -> None:
        here = workspace(self.store.root)
        # A run name cannot be escaped in MLflow's filter language, so names are compared here.
        for run in self._search(f"attributes.status = 'RUNNING' and tags.workspace = '{here}'"):
            if run.info.run_name == name and run.info.run_id != spared:
                self._client.set_terminated(run.info.run_id, "KILLED")

    def _search(self, condition: str) -> "list[Run]":
        return list(
            self._client.search_runs([self.experiment_id], condition, order_by=["attributes.start_time ASC"])
        )

    def _create(self, name: str, tags: Mapping[str, str]) -> str:
        source = {"mlflow.source.name": Path(sys.argv[0]).name or "python"}
        every = {**provenance(self.store.root), **source, **tags}
        cut = {key: _cut(value, TAG_CHARACTERS) for key, value in every.items()}
        return str(self._client.create_run(self.experiment_id, tags=cut, run_name=name).info.run_id)

    def _complete_params(self, run_id: str, flat: Mapping[str, str]) -> None:
        from mlflow.entities import Param

        known = self._client.get_run(run_id).data.params
        missing = [Param(key, value) for key, value in flat.items() if key not in known]
        for start in range(0, len(missing), PARAMS_PER_CALL):
            batch = missing[start : start + PARAMS_PER_CALL]
            self._client.log_batch(run_id, params=batch, synchronous=True)

    def _end(self, run_id: str, parent_id: str, status: str) -> None:
        with self.store.errors():
            self._client.set_terminated(run_id, status)
            self._client.set_terminated(parent_id, "FINISHED")


def flatten_params(params: Params, sections: Sequence[str] | None = None) -> dict[str, str]:
    """Return `section.key -> value` of the sections (default: all), and the keys outside of any section.

    Lists are JSON. Values are cut to MLflow's 6000 characters, ending in an ellipsis.
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
