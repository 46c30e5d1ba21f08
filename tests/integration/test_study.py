"""`cscsanet study` on the smoke project: what it makes is what the stages make, and they skip it."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from fixtures.files import contents
from fixtures.project import copy_sources, wait_for_a_checkpoint

from cscsanet.cli import main

pytestmark = [pytest.mark.pipeline, pytest.mark.timeout(3000)]
FOLDERS = ("models/repeats", "reports/training/repeats", "data/measurements", "data/assumptions")
REPEAT = "repeats/noma-seed-2"
STUDY = [sys.executable, "-c", "from cscsanet.cli import main; main()", "study"]


def made(root: Path) -> dict[str, bytes]:
    return {
        f"{folder}/{name}": content for folder in FOLDERS for name, content in contents(root / folder).items()
    }


def times(root: Path) -> dict[str, int]:
    return {
        path.relative_to(root).as_posix(): path.stat().st_mtime_ns
        for folder in FOLDERS
        for path in (root / folder).rglob("*")
        if path.is_file() and path.stem != "constant"
    }


@pytest.mark.soak
def test_a_killed_study_goes_on_and_the_stages_skip_what_it_made(finished, tmp_path):
    project = finished.copy_to(tmp_path / "project", ".dvc")
    lost = [
        f"models/{REPEAT}.safetensors",
        f"reports/training/{REPEAT}.json",
        f"reports/training/{REPEAT}.csv",
        "data/measurements/noma/snr0-L8-B64-Q4.npz",
        "data/measurements/noma@seed-2/snr0-L8-B64-Q4.npz",
    ]
    before, kept = made(project.root), times(project.root)
    for name in lost:
        (project.root / name).unlink()
        del kept[name]

    study = [*STUDY, "--workers", "2"]
    killed = subprocess.Popen(study, cwd=project.root, env=project.environment(), stdout=subprocess.DEVNULL)
    wait_for_a_checkpoint(project.root / "scratch" / REPEAT, killed)
    killed.send_signal(signal.SIGKILL)
    assert killed.wait() == -signal.SIGKILL
    assert not (project.root / lost[0]).exists()

    resumed = project.run(*study)
    assert "done: train noma seed-2 in" in resumed.stdout
    assert "done: measure noma seed-2 in" in resumed.stdout
    assert "tasks are done in" in resumed.stdout
    log = project.root / "scratch" / "study" / "logs" / "train_noma_seed-2.txt"
    assert "resuming after epoch 1 of 2" in log.read_text()
    assert made(project.root) == before
    after = times(project.root)
    assert {name: after[name] for name in kept} == kept

    for stage in ("repeats", "measure", "assumptions"):
        project.run("python", f"stages/{stage}.py")
    assert times(project.root) == after
    assert "all 31 tasks are done" in project.run(*study).stdout


@pytest.mark.soak
def test_a_failed_task_is_one_line_at_the_end_and_the_others_are_done(finished, tmp_path):
    project = finished.copy_to(tmp_path / "project", ".dvc")
    (project.root / "models" / "precoding.safetensors").write_bytes(b"no weights")
    lost = project.root / "data" / "measurements" / "noma" / "snr0-L8-B64-Q4.npz"
    lost.unlink()
    failed = project.run(*STUDY, "--scheme", "noma", "--scheme", "dlcsi-dl", check=False)
    assert failed.returncode == 1
    assert lost.exists()
    *_, last = failed.stderr.splitlines()
    assert last.startswith("error: 2 of 3 tasks failed; first measure dlcsi-dl")
    assert "precoding.safetensors" in last
    assert "failed: measure dlcsi-dl seed-2" in failed.stdout
    assert (project.root / "scratch" / "study" / "failed" / "measure_dlcsi-dl.txt").exists()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--seed", "9"], "--seed 9: not in this study; choose one of 2, 1, or add it to repeats.seeds"),
        (["--point", "1,2"], "--point 1,2: must be SNR,L,B,Q, for example -25,8,1024,4"),
        (["--address", "auto"], "--address auto: only Ray has an address; add --engine ray, or leave it out"),
    ],
)
def test_a_wrong_option_is_one_line(finished, arguments, says, monkeypatch, capsys):
    monkeypatch.chdir(finished.root)
    monkeypatch.setattr(sys, "argv", ["cscsanet", "study", *arguments])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 1
    assert capsys.readouterr().err == f"error: {says}\n"


def test_without_the_weights_that_it_starts_from_it_says_what_to_run(finished, tmp_path, monkeypatch, capsys):
    project = finished.copy_to(tmp_path / "project", ".dvc")
    (project.root / "models" / "semantic.safetensors").unlink()
    (project.root / "models" / "noma.safetensors").unlink()
    monkeypatch.chdir(project.root)
    monkeypatch.setattr(sys, "argv", ["cscsanet", "study"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 1
    error = capsys.readouterr().err
    assert error.startswith(f"error: {project.root}/models/noma.safetensors: not trained yet")
    assert error.endswith("run 'dvc repro stage3@noma stage1@semantic' first\n")


def test_a_plan_needs_neither_weights_nor_data(tmp_path, monkeypatch, capsys):
    project = copy_sources(tmp_path / "project")
    monkeypatch.chdir(project.root)
    monkeypatch.setattr(sys, "argv", ["cscsanet", "study", "--dry-run"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 0
    printed = capsys.readouterr().out
    assert "0 of 31 tasks are done" in printed
    assert "before these, 'dvc repro " in printed
    assert "stage3@noma" in printed
    assert not (project.root / "models").exists()
    assert not (project.root / "data" / "scenes").exists()
    # Schemes are timed with untrained weights, random pictures and drops.
    (line,) = [line for line in printed.splitlines() if line.split()[:2] == ["measure", "oma-aligned"]]
    assert "?" not in line


def test_a_plan_has_every_task_and_changes_nothing_but_the_paces(finished, tmp_path, monkeypatch, capsys):
    project = finished.copy_to(tmp_path / "project", ".dvc")
    (project.root / "data" / "measurements" / "noma" / "snr0-L8-B64-Q4.npz").unlink()
    before = made(project.root)
    monkeypatch.chdir(project.root)
    monkeypatch.setattr(sys, "argv", ["cscsanet", "study", "--dry-run"])
    with pytest.raises(SystemExit) as left:
        main()
    assert left.value.code == 0
    printed = capsys.readouterr().out
    lines = [line for line in printed.splitlines() if line.split()]
    assert "30 of 31 tasks are done" in lines[-1]
    (to_do,) = [line for line in lines if line.split()[:2] == ["measure", "noma"] and "done" not in line]
    assert to_do.split()[2] == "1"
    assert float(to_do.split()[3]) < 0.1
    assert made(project.root) == before


def test_a_sweep_and_drops_have_the_same_bytes_however_many_work_on_them(
    finished, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(finished.root)

    def run(*arguments: str) -> str:
        monkeypatch.setattr(sys, "argv", ["cscsanet", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        assert left.value.code == 0
        return capsys.readouterr().out

    sweep = ("sweep", "--axis", "snr", "--schemes", "noma,ideal,codebook", "--json", "--out")
    draw = ("channel", "draw", "--count", "9000", "--seed", "3", "--out")
    rows = run(*sweep, str(tmp_path / "serial"))
    run(*draw, str(tmp_path / "drops-serial"))
    assert run(*sweep, str(tmp_path / "two"), "--workers", "2") == rows
    run(*draw, str(tmp_path / "drops-two"), "--workers", "2")
    assert contents(tmp_path / "two") == contents(tmp_path / "serial")
    assert len(contents(tmp_path / "serial")) == 5
    assert contents(tmp_path / "drops-two") == contents(tmp_path / "drops-serial")
