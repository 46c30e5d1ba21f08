"""The tables of reliability.md."""

from typing import Any

from table_rows import markdown, read_report

# Of a damaged file: the first of these that its path begins with or holds says what it is.
_FILES = (
    ("models/onnx", "an ONNX unit"),
    ("models/", "weights"),
    ("data/channels", "channel drops: an array, the manifest"),
    ("data/scenes", "frames: a picture, labels, the manifest"),
    ("data/split", "the split: a list, `split.json`"),
    ("data/", "measurements, of the study and of a specialist"),
    ("reports/", "reports that later stages read"),
    ("mlflow.db", "MLflow's database"),
    ("", "`code.yaml`, `dvc.lock`, `params.yaml`"),
)
_KINDS = {
    "kill": "SIGKILL of a stage at a random moment",
    "kill_group": "SIGKILL of `dvc repro` and its stage",
    "sigterm": "SIGTERM with ten seconds of grace",
    "worker": "SIGKILL of one of two workers of a stage",
    "at_once": "the same stage, or the same `dvc repro`, twice at once",
    "full_disk": "a full disk: under `scratch/`, `models/`, `data/`, `reports/`, all",
    "unfinished": "the state of a killed training damaged: checkpoints, the run's id",
    "rot": "one bit changed, size and time of the file kept",
    "server": "MLflow's server stopped, before and during a stage",
    "clock": "the clock set back by a day or ten years",
}
_VERDICTS = ("recovered", "refused", "limit")


def outcomes() -> str:
    """Return how often each kind of fault was tried, and what came of it."""
    rows = read_report("benchmarks/reliability")["rows"]
    titles = [*_KINDS.values(), *(f"damaged: {what}" for _, what in _FILES)]
    lines = []
    for title in titles:
        of_kind = [row for row in rows if _title(row) == title]
        if of_kind:
            counts = [sum(row["verdict"] == verdict for row in of_kind) for verdict in _VERDICTS]
            failed = len(of_kind) - sum(counts)
            lines.append([title, str(len(of_kind)), *map(str, counts), str(failed)])
    total = [sum(int(line[column]) for line in lines) for column in range(1, 6)]
    lines.append(["**all**", *(f"**{each}**" for each in total)])
    heads = ["fault", "tried", "recovered at once", "refused in one line", "unnoticed", "failed"]
    return markdown(heads, lines)


def limits() -> str:
    """Return the faults that nothing noticed when the command was run."""
    rows = read_report("benchmarks/reliability")["rows"]
    return markdown(
        ["file", "fault", "command that does not notice it", "what it led to"],
        [
            [f"`{row['target']}`", _how(row), f"`{_command(row)}`", row["said"].split(";")[0]]
            for row in rows
            if row["verdict"] == "limit"
        ],
    )


def _command(row: dict[str, Any]) -> str:
    """Return what a user runs, without the arguments of a transmission."""
    words = row["command"].replace("dvc repro -s ", "dvc repro ")
    return "cscsanet transmit" if words.startswith("cscsanet transmit") else words


def number(key: str) -> str:
    """Return a number of faults: those that happened, or those that were planned."""
    return str(read_report("benchmarks/reliability")[key])


def _title(row: dict[str, Any]) -> str:
    if row["kind"] != "corrupt":
        return _KINDS[row["kind"]]
    return "damaged: " + next(what for start, what in _FILES if row["target"].startswith(start))


def _how(row: dict[str, Any]) -> str:
    other = f" by `{row['other']}`" if "other" in row else ""
    return f"{row['how']}{other}"
