"""The tables of times: the stages of the pipeline, and Stage II to a fixed quality."""

from collections.abc import Mapping, Sequence

from table_rows import REPORTS, Row, markdown, read_report

_GROUPS: Mapping[str, Sequence[str]] = {
    "Stages I": ("semantic", "semantic_oma"),
    "Stage II": ("physical",),
    "Stages III": ("noma", "noma_aligned", "oma", "oma_aligned"),
    "further seeds, and models dedicated to one point": ("repeats",),
    "comparison trainings of the studies": ("physical_variants", "alignment"),
    "separated designs": (
        "acquisition",
        "feedback",
        "precoding",
        "codec",
        "codec_link",
        "digital",
        "digital_prior",
    ),
    "MFNet": ("mfnet",),
    "measurements": ("measure", "physical_report", "separated_report", "digital_report", "alignment_report"),
    "complexity, export, latency": ("complexity", "export", "latency"),
}
_CASES = {
    "beamspace": "`beamspace`",
    "subcarrier": "`subcarrier`, SNR from -30 to +10 dB",
    "subcarrier-linear-10dB": "`subcarrier`, the plain sum at +10 dB, as the authors train",
}
_SNRS = ("-25", "10")


def stages() -> str:
    """Return the minutes and processor minutes of every group of stages, of the others, and of all of them."""
    times = [
        read_report(f"times/{path.stem}") | {"stage": path.stem}
        for path in (REPORTS / "times").glob("*.json")
    ]
    groups = {**_GROUPS, "all others": [], "together": [row["stage"] for row in times]}
    named = {stage for group in _GROUPS.values() for stage in group}
    groups["all others"] = [row["stage"] for row in times if row["stage"] not in named]
    lines = []
    for title, group in groups.items():
        rows = [row for row in times if row["stage"] in group]
        sums = (sum(row[key] for row in rows) / 60 for key in ("seconds", "processor_seconds"))
        lines.append([title, *(f"{value:.1f}" for value in sums)])
    return markdown(["stages", "minutes", "processor minutes"], lines)


def time_to_quality() -> str:
    """Return the steps of every front end to shares of the genie, and its share at both ends of a training."""
    report = read_report("benchmarks/time_to_quality")
    lines = []
    for case, title in _CASES.items():
        first, last = report[case]["curve"][0], report[case]["curve"][-1]
        lines.append(
            [
                title,
                *(_steps(report[case]["reached"], snr) for snr in _SNRS),
                _shares(first),
                _shares(last),
                str(last["step"]),
                f"{last['seconds']:.0f}",
            ]
        )
    head = ["front end", *(f"steps to 50, 70, 85 % at {int(snr):+d} dB" for snr in _SNRS)]
    shares = [
        f"share {when}, at {', '.join(f'{int(snr):+d}' for snr in _SNRS)} dB"
        for when in ("before training", "at the end")
    ]
    return markdown([*head, *shares, "steps", "seconds"], lines)


def shared_training() -> str:
    """Return the image pairs per second of one training in one process, shared, and of trainings side by side."""
    report = read_report("benchmarks/shared_training")
    lines = [
        [
            row["way"],
            *(str(row[key]) for key in ("trainings", "processes", "threads")),
            f"{row['pairs_per_second']:.1f}",
            f"{row['times_as_fast']:.2f}",
        ]
        for row in report["rows"]
    ]
    head = [
        "way",
        "trainings",
        "processes of each",
        "threads of a process",
        "image pairs / s",
        "times as fast",
    ]
    return markdown(head, lines)


def _steps(reached: Mapping[str, Row | None], snr: str) -> str:
    at_shares = [row for key, row in reached.items() if key.endswith(f" at {snr} dB")]
    return ", ".join("never" if row is None else str(row["step"]) for row in at_shares)


def _shares(row: Row) -> str:
    return ", ".join(f"{100 * row[f'share_at_{snr}dB']:.1f} %" for snr in _SNRS)
