"""The tables of scale.md: a million drops, a hundred thousand frames, a thousand points, and what follows."""

from collections.abc import Sequence

from table_rows import Row, markdown, read_report, select

from cscsanet.config.params import Params, profile_text
from cscsanet.config.yaml_text import parse_yaml
from cscsanet.studies.sweeps.measure import jobs

_MIB = 2**20
_TITLES = {
    "draw": "draw and write drops",
    "read": "2000 random batches of 256 drops",
    "render": "render frames",
    "imported": "import frames",
    "split": "split, with the search for copies",
    "load": "load the training part, first time",
    "load-again": "load it again",
    "load-in-memory": "load it into memory, as before",
    "epoch": "one epoch of random batches, mapped",
    "epoch-in-memory": "the same from memory, as before",
    "swept": "`cscsanet sweep`, points",
    "points": "points of one scheme, bounded cache",
    "points-kept": "the same, unbounded, as before",
    "schemes": "one scheme, listed n times",
    "images": "test images",
}
_DROPS, _CELLS = 1e9, 1e4


def _report() -> Row:
    report: Row = read_report("benchmarks/scale")
    return report


def _last(case: str) -> Row:
    return max(select(_report()["rows"], case=case), key=lambda row: float(row["count"]))


def _megabytes(value: float) -> str:
    return f"{value / 1e6:.1f}"


def cases(*names: str) -> str:
    """Return time, size and peaks of memory of some cases at every count."""
    lines = []
    for row in (row for name in names for row in select(_report()["rows"], case=name)):
        size = row.get("bytes")
        lines.append(
            [
                _TITLES[row["case"]],
                f"{row['count']}",
                f"{row['processor_seconds']:.2f}",
                f"{row['seconds']:.2f}",
                _megabytes(size) if size else "-",
                f"{row['peak_anonymous_bytes'] / _MIB:.1f}",
                f"{row['peak_resident_bytes'] / _MIB:.1f}",
            ]
        )
    head = [
        "case",
        "count",
        "processor s",
        "wall s",
        "disk [MB]",
        "peak anonymous [MiB]",
        "peak resident [MiB]",
    ]
    return markdown(head, lines)


def growth() -> str:
    """Return how each case grows, with the verdicts of the rules."""
    lines = []
    for row in _report()["verdicts"]:
        if row["case"] not in _TITLES:
            continue
        counts = sorted(each["count"] for each in select(_report()["rows"], case=row["case"]))
        lines.append(
            [
                _TITLES[row["case"]],
                f"{counts[0]} to {counts[-1]}",
                f"{row['time_exponent']:.2f}",
                row["time"],
                f"{row['growth_bytes'] / _MIB:+.1f}",
                f"{row['growth_bytes_each']:.0f}",
                row["memory"],
            ]
        )
    head = ["case", "count", "exponent of time", "time", "peak grows [MiB]", "bytes each", "memory"]
    return markdown(head, lines)


def schemes_together() -> str:
    """Return the processor time of several schemes together over the sum of their times one by one."""
    alone = select(_report()["rows"], case="one-scheme")
    (together,) = select(_report()["rows"], case="first-schemes")
    return f"{together['processor_seconds'] / sum(row['processor_seconds'] for row in alone):.2f}"


def mapped_epoch() -> str:
    """Return the time of an epoch from mapped files over that from memory, at the largest number of frames."""
    return f"{_last('epoch')['processor_seconds'] / _last('epoch-in-memory')['processor_seconds']:.2f}"


def million_drops() -> str:
    """Return the processor seconds of a million drops."""
    (row,) = [row for row in select(_report()["rows"], case="draw") if row["count"] == 1_000_000]
    return f"{row['processor_seconds']:.2f}"


def rendering_hours() -> str:
    """Return the core-hours that a hundred thousand rendered frames would take."""
    return f"{1e5 * _each('render') / 3600:.2f}"


def _each(case: str) -> float:
    (verdict,) = select(_report()["verdicts"], case=case)
    return float(verdict["seconds_each"])


def _transmission_small() -> float:
    """Return the processor seconds of one image over one scheme at one point, in the small profile's stage."""
    params = Params.model_validate(parse_yaml(profile_text("small")))
    scenes = params.scenes
    images = scenes.sequences * scenes.frames_per_sequence / 4
    points = sum(len(job.points) for job in jobs(params))
    seconds: float = read_report("times/measure")["processor_seconds"]
    return seconds / (points * images * params.evaluation.channel_draws)


def internet() -> str:
    """Return what 10^9 drops in 10^4 cells take, each number times the measured one of a single item."""
    drawn, frames, swept = _last("draw"), _last("imported"), _last("swept")
    of_drop = drawn["bytes"] / drawn["count"]
    of_frame, of_point = frames["bytes"] / frames["count"], swept["bytes"] / swept["count"]
    frames_in_all, points = 1e3 * _CELLS, 1e3 * _CELLS
    smoke = _each("images") / 16
    hours: Sequence[tuple[str, float, float | None, float | None]] = (
        ("drops drawn and written", _DROPS, _each("draw"), of_drop),
        ("drops read once, at random", _DROPS, _last("read")["processor_seconds"] / (2000 * 256), None),
        ("frames rendered, 1000 a cell", frames_in_all, _each("render"), of_frame),
        ("frames checked and split", frames_in_all, _each("imported") + _each("split"), None),
        ("frames decoded into shards", frames_in_all, 2 * _each("load"), 48 * 64 * 5),
        ("each drop over one scheme, smoke sizes", _DROPS, smoke, None),
        ("each drop over one scheme, small profile", _DROPS, _transmission_small(), None),
        ("measurements, 1000 a cell, of 8 images", points, _each("swept"), of_point),
    )
    lines = [
        [
            what,
            f"10^{len(f'{number:.0f}') - 1}",
            "-" if seconds is None else f"{seconds:.2e}",
            "-" if seconds is None else f"{number * seconds / 3600:.3g}",
            "-" if size is None else f"{number * size / 1e9:.3g}",
        ]
        for what, number, seconds, size in hours
    ]
    return markdown(["what", "number", "processor s each", "core-hours", "disk [GB]"], lines)


def memory() -> str:
    """Return the memory of one process that holds what grows with the number, at 10^9 drops and 10^7 frames."""
    grows = {row["case"]: row["growth_bytes_each"] for row in _report()["verdicts"]}
    of_drop = _last("draw")["bytes"] / _last("draw")["count"]
    frames = 1e3 * _CELLS
    lines = [
        ["all drops of a training in tensors", f"{of_drop:.0f}", f"{_DROPS * of_drop / 1e9:.3g}"],
        ["order of one epoch over all drops, a list", "44", f"{_DROPS * 44 / 1e9:.3g}"],
        *(
            [f"names and paths: {_TITLES[case]}", f"{grows[case]:.0f}", f"{frames * grows[case] / 1e9:.3g}"]
            for case in ("imported", "split")
        ),
        ["counts of one measurement, a drop an image", "648", f"{_DROPS * 648 / 1e9:.3g}"],
    ]
    return markdown(["held in one process", "bytes each", "at 10^9 drops or 10^7 frames [GB]"], lines)
