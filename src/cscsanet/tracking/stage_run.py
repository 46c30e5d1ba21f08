"""The MLflow run of a stage while it is executed: curves, metrics, datasets and artifacts."""

import json
import math
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cscsanet.errors import CscsanetError
from cscsanet.tracking.registry import Arrays, register_onnx
from cscsanet.tracking.store import Store

if TYPE_CHECKING:
    from mlflow import MlflowClient

# MLflow's limits for one call and for one value.
METRICS_PER_CALL = 1000
DIGEST_CHARACTERS = 36


class StageRun:
    """The MLflow run of a stage while it is executed; an `EpochLog` of `training.task`.

    Every method raises CscsanetError if the store no longer answers.
    """

    def __init__(self, store: Store, client: "MlflowClient", run_id: str, resumed: bool) -> None:
        self.run_id = run_id
        self._store = store
        self._client = client
        self._resumed = resumed
        self._logged_steps: dict[str, set[int]] = {}

    def log_epoch(self, epoch: int, metrics: Mapping[str, float]) -> None:
        """Log the metrics of one epoch in one call.

        Values that are not finite are dropped and leave a gap in the curve: MLflow would draw
        infinity as 1.8e308. In a resumed run, values that are already logged for this epoch stay.
        """
        with self._store.errors():
            if self._resumed:
                metrics = {key: value for key, value in metrics.items() if epoch not in self._steps_of(key)}
            self._log([(key, value, epoch) for key, value in metrics.items()])

    def log_curves(self, rows: Sequence[Mapping[str, float]], step_key: str) -> None:
        """Log rows as curves over the column `step_key`, in few calls.

        MLflow's steps are whole numbers. If the values of the column are not, the number of the row
        is the step, and the column is logged as another curve. Values that are not finite are
        dropped.
        """
        whole = all(float(row[step_key]).is_integer() for row in rows)
        points = [
            (key, value, int(row[step_key]) if whole else number)
            for number, row in enumerate(rows)
            for key, value in row.items()
            if not (whole and key == step_key)
        ]
        with self._store.errors():
            self._log(points)

    def log_metrics(self, metrics: Mapping[str, float]) -> None:
        """Log the stage's final metrics; values that are not finite are dropped."""
        with self._store.errors():
            self._log([(key, value, 0) for key, value in metrics.items()])

    def log_params(self, params: Mapping[str, object]) -> None:
        """Log parameters of this run besides those of the configuration, in one call."""
        from mlflow.entities import Param

        entities = [Param(key, str(value)) for key, value in params.items()]
        with self._store.errors():
            self._client.log_batch(self.run_id, params=entities, synchronous=True)

    def log_dataset(self, name: str, digest: str, source: str, context: str) -> None:
        """Log a dataset as an input of the stage; nothing is read.

        digest: is cut to MLflow's 36 characters. source: a path or an address. context: the use,
        for example 'training'.
        """
        from mlflow.entities import Dataset, DatasetInput, InputTag

        dataset = Dataset(name, digest[:DIGEST_CHARACTERS], "local", json.dumps({"uri": source}))
        with self._store.errors():
            entry = DatasetInput(dataset, tags=[InputTag("mlflow.data.context", context)])
            self._client.log_inputs(self.run_id, datasets=[entry])

    def log_artifact(self, path: Path, folder: str | None = None) -> None:
        """Copy a file or a folder to the folder `folder` of the run's artifacts."""
        if not path.exists():
            raise CscsanetError(
                f"{path}: does not exist, so it cannot be logged; run the stage that writes it"
            )
        with self._store.errors():
            self._client.log_artifact(self.run_id, str(path), folder)

    def register(
        self, name: str, path: Path, digest: str, example: Arrays, gives: Arrays, tags: Mapping[str, str]
    ) -> str:
        """Make an ONNX file the current version of a model; see `registry.register_onnx`."""
        with self._store.errors():
            return register_onnx(self._client, self.run_id, name, path, digest, example, gives, tags)

    def _log(self, points: Sequence[tuple[str, float, int]]) -> None:
        from mlflow.entities import Metric

        now = time.time_ns() // 1_000_000
        entities = [
            Metric(key, float(value), now, step) for key, value, step in points if math.isfinite(value)
        ]
        for start in range(0, len(entities), METRICS_PER_CALL):
            batch = entities[start : start + METRICS_PER_CALL]
            self._client.log_batch(self.run_id, metrics=batch, synchronous=True)

    def _steps_of(self, key: str) -> set[int]:
        if key not in self._logged_steps:
            history = self._client.get_metric_history(self.run_id, key)
            self._logged_steps[key] = {point.step for point in history}
        return self._logged_steps[key]
