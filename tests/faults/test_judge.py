"""The judge finds what it is there for: a stage that writes in place is caught, and so is an error that nobody understands."""

import json
from pathlib import Path

import pytest
from faults.damage import damaged
from faults.injections import Ground, inject
from faults.judge import Outcome
from faults.plan import BYTES, Fault, faults
from fixtures.project import Project

ROOT = Path(__file__).parents[2]
COMMAND = "python stages/fake.py"
# A stage whose output takes a second; HOW it is written is the test's.
STAGE = """
import os, sys, time
os.makedirs("models", exist_ok=True)
whole = b"0123456789" * 1000
def slowly(name):
    with open(name, "wb", buffering=0) as file:
        file.write(whole[:5000])
        time.sleep(1)
        file.write(whole[5000:])
{how}
"""
IN_PLACE = 'slowly("models/fake.bin")'
BY_RENAME = 'slowly("models/.fake.partial.bin"); os.replace("models/.fake.partial.bin", "models/fake.bin")'
LEFT_OVER = f'{BY_RENAME}; open(f"models/log-{{time.time_ns()}}", "w").close()'
TRACEBACK = 'raise ValueError("damaged")'
TWO_LINES = 'sys.exit("error: models/fake.bin: damaged; run it again\\nerror: or so")'
NO_REMEDY = 'sys.exit("error: models/fake.bin: damaged")'
TAKES_ANY = 'os.path.exists("models/fake.bin") or slowly("models/fake.bin")'


@pytest.fixture
def tried(tmp_path):
    """Return a function that lets a fault befall a project with one stage, and returns the outcome."""

    def run(how: str, fault: Fault, then: str = BY_RENAME) -> Outcome:
        root = tmp_path / "undisturbed"
        for folder in ("stages", "models", "specialists/access", "reports/times"):
            (root / folder).mkdir(parents=True, exist_ok=True)
        (root / "dvc.yaml").write_text(
            "stages:\n  fake:\n    cmd: python stages/fake.py\n    outs: [models/fake.bin]\n"
        )
        (root / "params.yaml").write_text("seed: 1\n")
        (root / "specialists/access/dvc.yaml").write_text("stages: {}\n")
        (root / "specialists/access/params.yaml").write_text("seed: 1\n")
        (root / "reports/times/fake.json").write_text(json.dumps({"seconds": 1.0}))
        (root / "stages/fake.py").write_text(STAGE.replace("{how}", then))
        project = Project(root)
        project.run("python", "stages/fake.py")
        (root / "stages/fake.py").write_text(STAGE.replace("{how}", how))
        refuse = lambda: pytest.fail("not asked for")  # noqa: E731
        return inject(fault, Ground(project, refuse, refuse, tmp_path, 0.0))

    return run


KILLED = Fault("kill", COMMAND, "at 0.6 of its time", COMMAND)
DAMAGED = Fault("corrupt", "models/fake.bin", "cut to half", COMMAND)


def test_a_stage_that_writes_in_place_is_caught(tried):
    outcome = tried(IN_PLACE, KILLED)
    assert outcome == Outcome("failure", "models/fake.bin is neither whole nor absent")


def test_a_stage_that_writes_by_rename_passes(tried):
    assert tried(BY_RENAME, KILLED) == Outcome("recovered")


@pytest.mark.parametrize(
    ("how", "wrong"),
    [
        (TAKES_ANY, "models/fake.bin differs"),
        (LEFT_OVER, "is left over"),
        (TRACEBACK, "no clear line"),
        (TWO_LINES, "no clear line"),
        (NO_REMEDY, "does not say what to do"),
    ],
    ids=["half a file taken for whole", "file left over", "traceback", "two lines", "no remedy"],
)
def test_what_a_user_cannot_live_with_is_a_failure(tried, how, wrong):
    outcome = tried(how, DAMAGED)
    assert outcome.verdict == "failure"
    assert wrong in outcome.said


def test_a_fault_that_is_borne_in_spite_of_the_plan_is_a_failure_too(tried):
    limit = Fault("corrupt", "models/fake.bin", "cut to half", COMMAND, limit=True)
    assert tried(BY_RENAME, limit).verdict == "failure"
    assert tried(TAKES_ANY, limit).verdict == "limit"


def test_every_damage_changes_the_file():
    for how in BYTES:
        assert damaged(b"0123456789" * 10, how) != b"0123456789" * 10


def test_the_plan_is_the_same_every_time_and_has_over_a_hundred_faults():
    assert faults(ROOT) == faults(ROOT)
    assert len({fault.name for fault in faults(ROOT)}) == len(faults(ROOT)) > 100
