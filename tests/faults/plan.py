"""The faults that are tried, as data: what is broken, how, and what a user runs after it.

A random moment is a share of the undisturbed time of a stage, drawn from the seed of its fault.
"""

import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from itertools import zip_longest
from pathlib import Path
from typing import Any

from cscsanet.workflow.pipeline_file import StageEntry, read_pipeline

SEED = 20
TRAINING = "python stages/stage2.py physical"
PHYSICAL = "models/physical.safetensors"
DROPS = "data/channels/train"
FRAME = "data/scenes/images/00001D.png"
POINT = "data/measurements/noma/snr0-L8-B64-Q4.npz"
OTHER_POINT = "data/measurements/noma/snr-25-L8-B64-Q4.npz"
UNIT = "models/onnx/noma-aligned/bs_csi.onnx"
SEND = f"cscsanet transmit {FRAME} {FRAME} --scheme noma-aligned --out sent"
BYTES = ("emptied", "cut to a tenth", "cut to half", "cut by a byte", "head flipped", "middle flipped")
FEW = ("emptied", "cut to half", "head flipped")


@dataclass(frozen=True)
class Fault:
    """One fault.

    kind: the name of a function of `injections`. target: a stage, or a file or folder below the project. how: the damage,
    the share of the time, or the free bytes. command: what a user runs. other: the file that takes the place of the target.
    limit: nothing notices it, and docs/reliability.md says so.
    """

    kind: str
    target: str
    how: str
    command: str
    other: str = ""
    limit: bool = False

    @property
    def name(self) -> str:
        """What pytest shows."""
        words = (self.kind, self.target, self.how, self.other, self.command)
        return "-".join(words).replace(" ", "_").replace("/", ".")

    def row(self) -> dict[str, Any]:
        """Return it as the start of a row of results."""
        return {key: value for key, value in asdict(self).items() if value}


def share(*names: object) -> float:
    """Return a random share of a stage's time, which depends on the seed and the names alone."""
    return round(random.Random(f"{SEED} {names}").uniform(0.02, 1.0), 3)


def stages(root: Path) -> list[StageEntry]:
    """Return the stages of the study and of one specialist."""
    access = root / "specialists" / "access"
    specialist = read_pipeline(access).values() if access.exists() else ()
    return [*read_pipeline(root).values(), *specialist]


def repro(stage: StageEntry) -> str:
    """Return the command that brings one stage up to date."""
    file = (
        "specialists/access/dvc.yaml:" if "specialists" in stage.command or "access" in stage.command else ""
    )
    return f"dvc repro -s {file}{stage.address}"


def kills(root: Path) -> Iterator[Fault]:
    """Kill every stage once; every second one is run again by DVC, the others by their script."""
    for number, stage in enumerate(stages(root)):
        command = repro(stage) if number % 2 else stage.command
        yield Fault("kill", stage.command, f"at {share('kill', stage.command)} of its time", command)
    for targets in ("stage2@physical acquisition", "stage3@noma mfnet", "claims evaluate", "channels split"):
        command = f"dvc repro -s {targets}"
        yield Fault("kill_group", command, f"at {share('group', targets)} of its time", command)


def checkpoints() -> Iterator[Fault]:
    for damage in BYTES:
        yield Fault("unfinished", "last.ckpt", damage, TRAINING)
    for damage in (*FEW, "middle flipped", "removed"):
        yield Fault("unfinished", "best.ckpt", damage, TRAINING)
    for damage in ("emptied", "foreign bytes", "middle flipped"):
        yield Fault("unfinished", "mlflow-run", damage, TRAINING)
    yield Fault("unfinished", "last.ckpt", "replaced", TRAINING, "last.ckpt of another seed")
    yield Fault("unfinished", "last.ckpt", "replaced", TRAINING, "last.ckpt of another network")


def weights() -> Iterator[Fault]:
    """Weights are read by later stages, which may be run with and without DVC."""
    for damage in BYTES:
        yield Fault("corrupt", PHYSICAL, damage, "dvc repro stage2@physical")
    for damage in (*FEW, "cut by a byte"):
        yield Fault("corrupt", PHYSICAL, damage, "python stages/stage3.py noma")
    yield Fault("corrupt", PHYSICAL, "replaced", "dvc repro stage2@physical", "models/semantic.safetensors")
    yield Fault(
        "corrupt", PHYSICAL, "replaced", "python stages/stage3.py noma", "models/semantic.safetensors"
    )
    yield Fault(
        "corrupt",
        "models/oma.safetensors",
        "replaced",
        "dvc repro stage3@oma",
        "models/oma_aligned.safetensors",
    )
    yield Fault("corrupt", PHYSICAL, "middle flipped", "python stages/stage3.py noma", limit=True)
    yield Fault("rot", PHYSICAL, "middle flipped", "dvc repro -s stage2@physical")
    yield Fault("rot", f"{DROPS}/gain_re.npy", "middle flipped", "dvc repro -s channels")


def data() -> Iterator[Fault]:
    shard = f"{DROPS}/gain_re.npy"
    for damage in (*FEW, "cut by a byte", "middle flipped"):
        yield Fault("corrupt", shard, damage, "python stages/acquisition.py")
    yield Fault("corrupt", shard, "middle flipped", "dvc repro channels")
    yield Fault("corrupt", shard, "replaced", "python stages/acquisition.py", f"{DROPS}/gain_im.npy")
    for damage in (*FEW, "middle flipped"):
        yield Fault("corrupt", f"{DROPS}/manifest.json", damage, "python stages/acquisition.py")
    yield Fault(
        "corrupt",
        f"{DROPS}/manifest.json",
        "replaced",
        "python stages/acquisition.py",
        "data/channels/val/manifest.json",
    )
    for damage in (*FEW, "middle flipped"):
        yield Fault("corrupt", FRAME, damage, "python stages/mfnet.py")
    yield Fault("corrupt", FRAME, "replaced", "python stages/mfnet.py", "data/scenes/images/00002D.png")
    yield Fault("corrupt", FRAME, "middle flipped", "dvc repro scenes")
    yield Fault("corrupt", FRAME.replace("images", "labels"), "cut to half", "python stages/split.py")
    for damage in FEW:
        yield Fault("corrupt", "data/scenes/manifest.json", damage, "python stages/mfnet.py")
    for name in ("train.txt", "split.json"):
        for damage in FEW:
            yield Fault("corrupt", f"data/split/{name}", damage, "python stages/mfnet.py")
    yield Fault(
        "corrupt", "data/split/train.txt", "replaced", "python stages/mfnet.py", "data/split/test.txt"
    )


def project_files() -> Iterator[Fault]:
    for damage in FEW:
        yield Fault("corrupt", "code.yaml", damage, "dvc repro pictures")
    for damage in (*FEW, "foreign bytes"):
        yield Fault("corrupt", "dvc.lock", damage, "dvc repro split")
    for damage in ("emptied", "cut to half", "foreign bytes"):
        yield Fault("corrupt", "params.yaml", damage, "python stages/split.py")
    yield Fault("corrupt", "params.yaml", "foreign bytes", "dvc repro split")
    for damage in (
        "emptied",
        "cut to half",
        "cut by a byte",
        "head zeroed",
        "foreign bytes",
        "middle flipped",
    ):
        yield Fault("corrupt", "mlflow.db", damage, "python stages/split.py")


def results() -> Iterator[Fault]:
    for damage in (*FEW, "middle flipped"):
        # In the head this is a field of the archive that no reader uses.
        yield Fault("corrupt", POINT, damage, "python stages/measure.py", limit=damage == "head flipped")
    yield Fault("corrupt", POINT, "middle flipped", "python stages/evaluate.py")
    yield Fault("corrupt", POINT, "replaced", "python stages/measure.py", OTHER_POINT)
    for damage in ("emptied", "cut to half"):
        yield Fault(
            "corrupt", "data/specialists/access", damage, "python specialists/access/stages/report.py"
        )
    yield Fault(
        "corrupt", "data/specialists/access", "cut to half", "python specialists/access/stages/measure.py"
    )
    for name in ("claims", "parity", "sweeps"):
        yield Fault("corrupt", f"reports/{name}.json", "cut to half", "python stages/report.py")
    yield Fault("corrupt", "reports/claims.json", "emptied", "dvc repro claims")
    for damage in (*FEW, "metadata flipped"):
        yield Fault("corrupt", UNIT, damage, SEND)
    yield Fault("corrupt", UNIT, "replaced", SEND, UNIT.replace("csi", "rx"))
    yield Fault("corrupt", UNIT, "middle flipped", "dvc repro export")


def full_disks() -> Iterator[Fault]:
    for folder, command, sizes in (
        ("scratch", TRAINING, (0, 60_000, 400_000)),
        ("models", "python stages/stage3.py noma", (0, 100_000)),
        ("data", "python stages/channels.py", (0, 8_000, 30_000)),
        ("data", "python stages/scenes.py", (40_000,)),
        ("data", "python stages/measure.py", (8_000,)),
        ("reports", "python stages/evaluate.py", (0, 30_000)),
        ("models", "python stages/export.py", (200_000,)),
        (".", "python stages/acquisition.py", (300_000,)),
    ):
        for size in sizes:
            yield Fault("full_disk", folder, f"{size // 1000} kB free", command)


def others() -> Iterator[Fault]:
    yield Fault("server", TRAINING, "stopped before it starts", TRAINING)
    yield Fault("server", TRAINING, "stopped after its first epoch", TRAINING)
    yield Fault("server", "python stages/measure.py", "stopped in mid-run", "python stages/measure.py")
    for target in (TRAINING, "python stages/measure.py"):
        yield Fault("at_once", target, "two scripts at once", target)
    for target in ("dvc repro -s stage2@physical", "dvc repro -s split"):
        yield Fault("at_once", target, "two dvc repro at once", target)
    yield Fault("clock", TRAINING, "set back by a day after its first epoch", TRAINING)
    yield Fault("clock", TRAINING, "set back by a day before it resumes", TRAINING)
    yield Fault("clock", "dvc repro -s channels", "set back by a day before it", "dvc repro -s channels")
    yield Fault(
        "clock", "python stages/evaluate.py", "set back by ten years before it", "python stages/evaluate.py"
    )
    yield Fault("sigterm", TRAINING, "after its first epoch", TRAINING)
    for script in ("scenes", "codec", "measure", "claims", "evaluate"):
        command = f"python stages/{script}.py"
        yield Fault("sigterm", command, f"at {share('sigterm', script)} of its time", command)
    yield Fault("sigterm", "python stages/measure.py", "with two workers", "python stages/measure.py")
    yield Fault(
        "sigterm",
        "dvc repro -s stage2@physical",
        "to its group after the first epoch",
        "dvc repro -s stage2@physical",
    )
    yield Fault("worker", "python stages/measure.py", "one of two workers killed", "python stages/measure.py")


def faults(root: Path) -> list[Fault]:
    """Return every fault of the soak, the kinds in turn, so that a soak that is broken off has met all of them.

    root: of the project's sources.
    """
    parts = (
        kills(root),
        checkpoints(),
        weights(),
        data(),
        project_files(),
        results(),
        full_disks(),
        others(),
    )
    in_turn = zip_longest(*parts)
    return [fault for turn in in_turn for fault in turn if fault is not None]
