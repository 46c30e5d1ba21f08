"""dvc.yaml names all that a stage depends on: its code, its parameters, and the files that it reads."""

import ast
from functools import cache
from pathlib import Path

import pytest
import yaml

from cscsanet.config.params import Params, profile_text, select
from cscsanet.pipeline import codec, csi, digital, mfnet, repeats, stage1, stage2, stage3
from cscsanet.studies.alignment import variants as alignment_variants
from cscsanet.studies.physical import variants as physical_variants
from cscsanet.studies.sweeps import measure
from cscsanet.workflow.code import StageCode, scripts, stage_code, stages_in
from cscsanet.workflow.pipeline_file import read_pipeline

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "src" / "cscsanet"
STAGES = read_pipeline(ROOT)
FAMILIES = yaml.safe_load((ROOT / "dvc.yaml").read_text())["stages"]
# Stage -> the parameters that its resumable state is bound to.
DEPENDS = {
    "semantic": stage1.DEPENDS,
    "semantic_oma": stage1.OMA_DEPENDS,
    "physical": stage2.DEPENDS,
    **{
        name: stage3.TRACKED_DEPENDS if joint.tracked else stage3.DEPENDS
        for name, joint in stage3.TRAININGS.items()
    },
    "mfnet": mfnet.DEPENDS,
    **{name: (*csi.DEPENDS, name) for name in ("acquisition", "feedback", "precoding")},
    "codec": codec.AWGN_DEPENDS,
    "codec_link": codec.LINK_DEPENDS,
    "codec_lean": codec.LEAN_DEPENDS,
    "digital": digital.DEPENDS,
    "digital_prior": digital.PRIOR_DEPENDS,
    "repeats": repeats.DEPENDS,
    "physical_variants": physical_variants.DEPENDS,
    "alignment": alignment_variants.DEPENDS,
}


@pytest.fixture(scope="module")
def params() -> Params:
    return Params.model_validate(yaml.safe_load(profile_text("smoke")))


def test_every_stage_names_its_own_line_of_the_code_file():
    for family, stage in FAMILIES.items():
        if family == "code":
            continue
        keys = [entry for entry in stage.get("do", stage)["params"] if isinstance(entry, dict)]
        own_line = {str: family, list: "${item}", dict: "${key}"}[type(stage.get("foreach", family))]
        assert keys == [{"code.yaml": [own_line]}], family


def test_the_digests_are_made_again_for_other_code_and_other_versions_of_the_libraries():
    assert set(STAGES["code"].inputs) == {"stages", "src/cscsanet", "constraints.txt"}
    pinned = {line.partition("==")[0] for line in (ROOT / "constraints.txt").read_text().splitlines()}
    used = {name for stage in STAGES if stage != "code" for name in code_of(stage).libraries}
    assert used - {"python"} <= pinned


@cache
def code_of(stage: str) -> StageCode:
    return stage_code(ROOT / STAGES[stage].command.split()[1], stage, ROOT / "src")


def test_every_script_is_used_and_a_family_shares_one():
    used = {stage.command.split()[1] for stage in STAGES.values()}
    assert used == {f"stages/{path.name}" for path in (ROOT / "stages").glob("*.py")}
    for script in scripts(ROOT / "stages"):
        served = [
            stage.name for stage in STAGES.values() if stage.command.split()[1] == f"stages/{script.name}"
        ]
        assert served == stages_in(script)
        if len(served) > 1:
            assert len({STAGES[name].address.partition("@")[0] for name in served}) == 1


def test_the_pipeline_file_stays_short():
    assert len((ROOT / "dvc.yaml").read_text().splitlines()) <= 350
    assert len(STAGES) < 40


def test_make_clean_removes_all_data_and_models_that_stages_make():
    (line,) = [line for line in (ROOT / "Makefile").read_text().splitlines() if line.startswith("\trm -rf")]
    removed = line.split()[2:]
    made = [
        path for stage in STAGES.values() for path in stage.outputs if path.startswith(("data/", "models/"))
    ]
    assert made
    assert [path for path in made if path not in removed and path.split("/")[0] not in removed] == []


def trains(stage: str) -> bool:
    return any(path.startswith("models/") for path in STAGES[stage].outputs) and stage != "export"


def test_every_training_is_compared_below():
    assert set(DEPENDS) == {stage for stage in STAGES if trains(stage)}


@pytest.mark.parametrize("stage", DEPENDS)
def test_a_training_reruns_for_every_parameter_that_it_resumes_under(stage, params):
    """The parameters that bind its resumable state are those that DVC watches for it, and the reverse."""
    assert set(select(params, DEPENDS[stage])) == set(select(params, STAGES[stage].params))


def test_measure_reruns_for_every_parameter_that_a_measured_point_is_bound_to(params):
    watched = set(select(params, STAGES["measure"].params))
    bound = set(select(params, measure.DEPENDS))
    assert bound <= watched
    # The others say which schemes and points are measured, and how many jobs run at once.
    assert {key.split(".")[0] for key in watched - bound} == {"evaluation", "repeats", "threads"}


def readers(name: str) -> set[str]:
    """Return the stages whose code reaches a definition."""
    return {stage for stage in STAGES if stage != "code" and name in code_of(stage).definitions}


@pytest.mark.parametrize(
    ("reader", "file"),
    [
        ("cscsanet.page:_environment", "src/cscsanet/page/templates"),
        ("cscsanet.config.params:profile_text", "src/cscsanet/config/profiles/paper.yaml"),
    ],
)
def test_files_that_code_reads_without_an_import_are_inputs(reader, file):
    stages = readers(reader)
    assert stages
    assert stages == {name for name, stage in STAGES.items() if file in stage.inputs}


def test_no_other_code_reads_files_of_the_package():
    """A new kind of file in the package needs a line in the test above, and in dvc.yaml."""
    kinds = {path.suffix for path in PACKAGE.rglob("*") if path.is_file() and "shipped" not in path.parts}
    # The sources in C are of a station that no stage runs.
    assert kinds - {".pyc"} == {".py", ".j2", ".css", ".yaml", ".typed", ".c", ".h"}
    folders = {
        path.parent.relative_to(PACKAGE).as_posix()
        for kind in ("j2", "css", "yaml")
        for path in PACKAGE.rglob(f"*.{kind}")
    }
    assert folders == {
        "config",  # times of stages, which no stage reads
        "page/templates",
        "config/profiles",
        "config/profiles/access",
        "config/profiles/fusion",
    }
    loaders = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if (
            isinstance(node, ast.ImportFrom)
            and {alias.name for alias in node.names} & {"resources", "PackageLoader"}
        )
        or (isinstance(node, ast.Name) and node.id == "__file__")
        or (isinstance(node, ast.Attribute) and ast.unparse(node) == "cscsanet.__file__")
    }
    assert loaders == {
        "config/params.py",
        "page/__init__.py",
        "stations/kernel/build.py",
        "workflow/repro/expected.py",
        "workflow/workspace.py",
    }
