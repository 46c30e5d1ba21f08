"""What DVC runs again after an edit: the stages that depend on it, and no others."""

import contextlib
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from fixtures.project import Project, noted_params

from cscsanet.pipeline.stage3 import TRAININGS
from cscsanet.workflow.pipeline_file import read_pipeline

if TYPE_CHECKING:
    from dvc.repo import Repo

pytestmark = [pytest.mark.pipeline, pytest.mark.timeout(3000)]

# The profile's name for the runs, their experiment, the hardware, and the number of threads. Stages whose results depend on the
# threads watch them; `test_stage_dependencies` compares these.
READ_BY_ALL = ("profile", "tracking.experiment", "threads", "compute")
# The stages of the data watch these; trainings and `measure` only refuse data of others.
_DATA = ("scenes", "split")
READ_WITHOUT_EFFECT = {
    **dict.fromkeys((*TRAININGS, "codec_link", "codec_lean", "repeats", "alignment"), _DATA),
    # Schemes that are left out are removed from all lists of the section at once.
    "measure": (*_DATA, "evaluation.pictured"),
    # The changed sections of a variant are checked.
    "claims": ("evaluation.pictured", "joint.batch_size", "joint.points_per_batch"),
    # Its schemes are those of the claims that are swept, of one training each.
    "assumptions": (*_DATA, "evaluation.schemes", "evaluation.pictured", "repeats"),
    # A point is drawn for every batch. A link without a channel uses at most its Q.
    **dict.fromkeys(
        ("semantic", "semantic_oma", "mfnet", "codec", "digital", "digital_prior"), ("points", *_DATA)
    ),
    # They scale and place amplitudes, which costs no operation.
    "complexity": ("joint.oma_energy", "pilots"),
    # The section is that of the weights' metadata, of which the classes are taken; weights are an input.
    "export": ("scenes",),
    # They are in the metadata of the units, which are an input.
    "latency": ("channel", "points", "csa", "msf", "scenes.height", "scenes.width", "semantic.modalities"),
}


@pytest.fixture(scope="module")
def tracked(finished, tmp_path_factory) -> Project:
    """A copy of the finished project to ask DVC about."""
    return finished.copy_to(tmp_path_factory.mktemp("tracked"))


@contextlib.contextmanager
def edited(project: Project, name: str, old: str, new: str) -> Iterator["Repo"]:
    """Edit a file, open the project in DVC, and undo the edit; DVC as a command takes seconds to start."""
    from dvc.repo import Repo

    path = project.root / name
    before = path.read_text()
    assert before.count(old) == 1
    path.write_text(before.replace(old, new))
    try:
        with contextlib.chdir(project.root), Repo() as repo:
            yield repo
    finally:
        path.write_text(before)


def changed_by_params(project: Project, old: str, new: str) -> set[str]:
    """Return the stages whose parameters have changed for DVC after an edit of params.yaml."""
    from dvc.dependency import ParamsDependency

    with edited(project, "params.yaml", old, new) as repo:
        return {
            stage.addressing
            for stage in repo.index.stages
            if any(isinstance(dep, ParamsDependency) and dep.status() for dep in stage.deps)
        }


def changed_by_code(project: Project, module: str, old: str, new: str) -> set[str]:
    """Return the stages that `dvc status` lists after an edit of a module, once the digests are made again."""
    digests = project.root / "code.yaml"
    before = digests.read_bytes()
    try:
        with edited(project, f"src/cscsanet/{module}", old, new) as repo:
            project.run("python", "stages/code.py")
            return set(repo.status())
    finally:
        digests.write_bytes(before)


@pytest.mark.parametrize(
    ("old", "new", "stages"),
    [
        ("channel_draws: 1", "channel_draws: 2", {"measure", "evaluate", "digital_report", "assumptions"}),
        ("pictures: 4", "pictures: 2", {"evaluate"}),
        ("seeds: [2]", "seeds: [3]", {"repeats", "measure", "evaluate", "claims", "report"}),
        ("aged_symbols: 4", "aged_symbols: 5", {"physical_report"}),
        ("home_snr_db: -25.0", "home_snr_db: -20.0", {"alignment_report"}),
        ("parity_images: 2", "parity_images: 3", {"export"}),
        ("latency_rounds: 5", "latency_rounds: 6", {"latency"}),
        ("snr_db: [0.0, 25.0]", "snr_db: [0.0, 20.0]", {"codec", "repeats", "assumptions"}),
    ],
)
def test_a_changed_parameter_reruns_what_depends_on_it_and_no_more(tracked, old, new, stages):
    assert changed_by_params(tracked, old, new) == stages


def test_a_changed_number_of_drops_reruns_what_reads_drops_but_not_what_reads_frames_alone(tracked):
    stages = changed_by_params(tracked, "val_drops: 40", "val_drops: 41")
    assert {"channels", "stage2@physical", "physical_variants", "stage3@noma", "measure"} <= stages
    assert not stages & {"scenes", "split", "stage1@semantic", "codec", "mfnet"}


@pytest.mark.parametrize(
    ("module", "old", "new", "stages"),
    [
        ("scene_sources/renderer/vehicles.py", "import numpy as np\n", "import numpy as np  # fast\n", set()),
        ("scene_sources/renderer/vehicles.py", "y + radius * sine", "y + 2 * radius * sine", {"scenes"}),
        ("studies/claims/claim.py", "HIGH_SNR_DB = -30.0,", "HIGH_SNR_DB = -31.0,", {"claims"}),
    ],
)
def test_a_comment_reruns_nothing_and_changed_code_what_runs_it(tracked, module, old, new, stages):
    """An edit of the package runs the stage `code`, and then only the stages whose digest has changed."""
    assert changed_by_code(tracked, module, old, new) == {"code", *stages}


def test_a_stage_reads_no_parameter_that_dvc_does_not_watch_for_it(finished, shared_folder):
    """The pipeline noted what its stages read (`fixtures/noted_params`)."""
    unwatched = {
        (stage, " or ".join(keys))
        for stage, entry in read_pipeline(finished.root).items()
        for keys in json.loads((noted_params(shared_folder) / f"{stage}.json").read_text())
        if not any(
            f"{key}.".startswith(f"{watched}.")
            for key in keys
            for watched in (*entry.params, *READ_WITHOUT_EFFECT.get(stage, ()), *READ_BY_ALL)
        )
    }
    assert unwatched == set()


def test_the_noted_parameters_are_those_of_the_stage(shared_folder, finished):
    noted = {
        stage: json.loads((noted_params(shared_folder) / f"{stage}.json").read_text())
        for stage in ("split", "measure")
    }
    assert ["split.train"] in noted["split"]
    assert ["evaluation.channel_draws"] in noted["measure"]
    assert ["channel.users"] not in noted["split"]
