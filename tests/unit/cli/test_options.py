"""Refusals: a wrong option is one line, before PyTorch is imported and before any data is made."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from cscsanet.cli.options import sweep_points
from cscsanet.config.params import Params, profile_text
from cscsanet.errors import CscsanetError

SOURCE = Path(__file__).parents[3] / "src"
HEAVY = ("torch", "mlflow", "lightning", "onnx", "onnxruntime", "matplotlib", "scipy")
REFUSALS = [
    ("evaluate --scheme noma --csirs-symbols 99", "csirs_symbols = 99: the model was built for at most 8"),
    ("evaluate --all --data-symbols 99", "data_symbols = 99: the model was built for at most"),
    ("evaluate --scheme tdma", "scheme 'tdma': there is none of that name"),
    (
        "evaluate --scheme mfnet-imported",
        "no such weights; run 'cscsanet import-mfnet FILE.pth' to make them",
    ),
    ("evaluate --feedback-bits 7", "feedback_bits = 7: must be a multiple of 2"),
    ("evaluate --snr-db nan", "snr_db = nan: must be from -60 to 60 dB"),
    ("evaluate --snr-db loud", "'--snr-db'"),
    ("evaluate --split all", "'all'"),
    ("evaluate --draws 0", "'--draws'"),
    ("evaluate --params nowhere.yaml", "nowhere.yaml: cannot be read"),
    ("evaluate --params wrong.yaml", "wrong.yaml: colour: unknown key"),
    ("sweep --axis csirs --values 1,99", "csirs_symbols = 99: the model was built for at most 8"),
    ("sweep --axis csirs --values 1,two", "--values 1,two: must be numbers separated by commas"),
    ("sweep --axis snr --schemes noma,tdma", "scheme 'tdma'"),
    ("sweep --axis snr --snr-db -10", "--snr-db -10: --axis snr varies it already; give --values instead"),
    ("sweep --axis power", "'power'"),
    ("predict a.png b.png --out mask.png", "a.png: no such file"),
    ("predict a.png b.png --out mask.jpg", "mask.jpg: the mask must be a .png"),
    ("predict a.png b.png --out mask.png --data-symbols 99", "data_symbols = 99"),
    ("predict a.png b.png --out mask.png --thermal-range 9 5", "--thermal-range 9 5: must be two numbers"),
    ("transmit a.png b.png --out sent --thermal-range 9 5", "--thermal-range 9 5: must be two numbers"),
    ("transmit a.png b.png --out sent", "a.png: no such file"),
    ("transmit a.png b.png --units nowhere --out sent", "csirs.onnx: no such unit"),
    ("transmit a.png b.png --scheme mfnet --out sent", "scheme 'mfnet': has no stations"),
    ("export --scheme tdma", "scheme 'tdma'"),
    ("export --scheme codebook", "scheme 'codebook': has no stations; choose one of noma"),
    (
        "evaluate --params paper.yaml --scheme noma-aligned",
        "scheme 'noma-aligned': csa.front = subcarrier searches no",
    ),
    ("sweep --axis snr --schemes noma,oma-aligned --params paper.yaml", "scheme 'oma-aligned': csa.front ="),
    (
        "predict a.png b.png --out m.png --scheme oma-aligned --params paper.yaml",
        "scheme 'oma-aligned': csa.front",
    ),
    ("export --scheme noma --params paper.yaml", "csa.front = subcarrier has no units; set it to beamspace"),
    ("transmit a.png b.png --out sent --params paper.yaml", "csa.front = subcarrier has no units; set it to"),
    ("transmit a.png b.png --out sent --units nowhere --params paper.yaml", "csirs.onnx: no such unit"),
    ("compare nowhere elsewhere", "nowhere: cannot be read; name a folder of measurements or a file of rows"),
    ("profile huge", "profile 'huge'"),
    ("channel response drops --symbols 2:2 --out H.npy", "--symbols 2:2: must be A:B"),
    ("scenes preview", "no images/ here"),
    ("why noma", "dvc.yaml: cannot be read"),
    ("nothing", "No such command 'nothing'; see 'cscsanet --help'"),
]
# Runs the commands one after the other in one process, which then tells what it has imported.
SCRIPT = """
import contextlib, io, json, sys
from cscsanet.cli import main

answers = []
for command in json.load(sys.stdin):
    sys.argv = ["cscsanet", *command.split()]
    output = io.StringIO()
    with contextlib.redirect_stderr(output), contextlib.redirect_stdout(io.StringIO()):
        try:
            main()
        except SystemExit as left:
            answers.append([left.code, output.getvalue()])
print(json.dumps([answers, sorted(sys.modules)]))
"""


@pytest.fixture(scope="module")
def clone(tmp_path_factory) -> Path:
    """A project in which nothing has run: its parameters and nothing else."""
    root = tmp_path_factory.mktemp("clone")
    (root / "params.yaml").write_text(profile_text("small"))
    (root / "wrong.yaml").write_text(profile_text("small") + "colour: red\n")
    # The paper's own front end.
    paper = profile_text("small").replace("front: beamspace", "front: subcarrier")
    (root / "paper.yaml").write_text(paper.replace("coherence_weight: 0.3", "coherence_weight: 0"))
    return root


@pytest.fixture(scope="module")
def answers(clone) -> tuple[dict[str, tuple[int, str]], set[str]]:
    commands = ["--help", *(command for command, _ in REFUSALS)]
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        cwd=clone,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
        input=json.dumps(commands),
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    outcomes, modules = json.loads(done.stdout)
    return dict(zip(commands, map(tuple, outcomes), strict=True)), set(modules)


@pytest.mark.parametrize(("command", "says"), REFUSALS)
def test_a_wrong_option_is_refused_in_one_line(answers, command, says):
    code, message = answers[0][command]
    assert code == 1
    assert message.startswith("error: ")
    assert says in message
    assert message.count("\n") == 1


def test_no_refusal_and_no_help_imports_a_heavy_library(answers):
    assert answers[0]["--help"][0] == 0
    assert not answers[1] & set(HEAVY)


def test_no_refusal_makes_any_data(answers, clone):
    assert sorted(path.name for path in clone.iterdir()) == ["paper.yaml", "params.yaml", "wrong.yaml"]


def test_an_empty_list_of_points_is_not_the_default():
    params = Params.model_validate(yaml.safe_load(profile_text("smoke")))
    reference = params.evaluation.home.point
    assert len(sweep_points(params, reference, "csirs_symbols", None)) == 2
    with pytest.raises(CscsanetError, match="must be numbers separated by commas"):
        sweep_points(params, reference, "csirs_symbols", "")
