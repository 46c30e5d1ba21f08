"""The files of a specialist, and its stages.

A specialist has its parameters and its pipeline in `specialists/<name>/`. Its models, reports and runs are beside those of
the study of CSC-SA-Net, in one MLflow store.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from cscsanet.errors import CscsanetError
from cscsanet.workflow.stage import StageFunction, StageParams, run_stage_of
from cscsanet.workflow.workspace import Workspace


@dataclass(frozen=True)
class SpecialistWorkspace(Workspace):
    """The files of a specialist below the root of the project. Names of its trainings are `specialist/training`."""

    specialist: str

    @property
    def params_file(self) -> Path:
        """The parameters."""
        return self.root / "specialists" / self.specialist / "params.yaml"

    def trained(self, name: str) -> Path:
        """Return the trained weights to use, as `Workspace.trained`.

        Raises:
            CscsanetError: there are none.
        """
        path = super().trained(name)
        if not path.exists():
            raise CscsanetError(
                f"{path}: no such weights; run 'make specialist NAME={self.specialist}' to train them"
            )
        return path

    def run_name(self, stage: str) -> str:
        """Return the name of a stage or a training in MLflow."""
        return f"{self.specialist}/{stage}"

    @property
    def onnx(self) -> Path:
        """The exported graphs, beside the weights: a folder belongs to one stage."""
        return self.root / "models" / f"{self.specialist}_onnx"

    @property
    def measurements(self) -> Path:
        """The measurements, with the counts of every drop."""
        return self.root / "data" / "specialists" / self.specialist

    @property
    def reports(self) -> Path:
        """The results of all specialists, which are small and kept in git."""
        return self.root / "reports" / "specialists"

    def last_code(self, stage: str) -> Path:
        """Return the file that lists the code of a stage's last run in this checkout."""
        return super().last_code(f"{self.specialist}/{stage}")


def run_specialist(
    specialist: str,
    load: Callable[[Path], StageParams],
    script: str,
    work: StageFunction[StageParams] | Mapping[str, StageFunction[StageParams]],
) -> None:
    """Run a stage of a specialist's pipeline, in the root of the project. load, script, work: as of `run_stage_of`."""
    run_stage_of(SpecialistWorkspace(Path.cwd(), specialist), load, script, work)
