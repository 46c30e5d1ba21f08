"""The package as a wheel: built, checked, and used in an empty folder by an environment of its own."""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

from cscsanet.workflow.workspace import SHIPPED

ROOT = Path(__file__).parents[2]
SCENE = ROOT / "docs" / "sample"
# What a package index takes without asking.
LARGEST = 60_000_000


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    build = ("-m", "build", "--wheel", "--no-isolation", "--outdir", str(folder), str(ROOT))
    done = subprocess.run([sys.executable, *build], text=True, capture_output=True)
    assert done.returncode == 0, done.stderr + done.stdout
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """Return the folder of the commands of an environment with the wheel, and with the libraries of this one."""
    folder = tmp_path_factory.mktemp("environment")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    python = folder / "bin" / "python"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "pip",
            "--python",
            python,
            "install",
            "--quiet",
            "--no-deps",
            "--no-index",
            wheel,
        ],
        check=True,
    )
    (packages,) = folder.glob("lib/python*/site-packages")
    # A line of a .pth adds a folder, and not what the .pth files in it name, such as the sources of this project.
    (packages / "libraries.pth").write_text(f"{sysconfig.get_paths()['purelib']}\n")
    return folder / "bin"


def run(installed, folder, *command):
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [installed / command[0], *command[1:]], cwd=folder, env=variables, text=True, capture_output=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_wheel_holds_models_profiles_and_kernel_and_can_be_uploaded(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for path in SHIPPED.rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert path.relative_to(SHIPPED.parents[1]).as_posix() in names
    assert {
        "cscsanet/config/profiles/small.yaml",
        "cscsanet/stations/kernel/search.c",
        "cscsanet/py.typed",
    } <= names
    assert all(name.startswith(("cscsanet/", "cscsanet-")) for name in names)
    assert wheel.stat().st_size < LARGEST
    done = subprocess.run(
        [sys.executable, "-m", "twine", "check", "--strict", wheel], text=True, capture_output=True
    )
    assert done.returncode == 0, done.stdout


def test_it_predicts_and_transmits_in_an_empty_folder(installed, tmp_path):
    pair = (str(SCENE / "rgb.png"), str(SCENE / "thermal.png"))
    assert run(installed, tmp_path, "cscsanet", "--version") == "cscsanet 0.1.0\n"
    run(installed, tmp_path, "cscsanet", "predict", *pair, "--out", "mask.png", "--snr-db", "-20")
    run(installed, tmp_path, "cscsanet", "transmit", *pair, "--out", "sent", "--snr-db", "-20")
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"mask.png", "mask-overlay.png", "mask-panel.png", "sent"}
    code = (
        "import cscsanet\n"
        "assert cscsanet.__file__.startswith(__import__('sys').prefix), cscsanet.__file__\n"
        f"sent = cscsanet.load('noma-aligned').transmit({pair[0]!r}, {pair[1]!r}, snr_db=-20)\n"
        "sent.show().savefig('panel.png'); print(sent.mask.shape)"
    )
    assert run(installed, tmp_path, "python", "-c", code) == "(96, 128)\n"
    assert run(installed, tmp_path, "cscsanet", "access", "detect", "--drops", "4", "--method", "omp")


def test_a_command_that_needs_a_project_says_how_to_make_one(installed, tmp_path):
    done = subprocess.run([installed / "cscsanet", "evaluate"], cwd=tmp_path, text=True, capture_output=True)
    assert done.returncode == 1
    assert done.stderr == (
        "error: params.yaml: cannot be read; run 'cscsanet profile small' to write one, or name another with --params\n"
    )
    assert list(tmp_path.iterdir()) == []
