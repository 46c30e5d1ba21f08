"""The tables of assumptions.md."""

from collections.abc import Callable
from typing import Any

from table_rows import markdown, read_report, read_rows, select

_SNRS = (-25.0, -10.0)
_SCHEMES = ("noma", "oma", "dlcsi-pca")
_LEADS = (("noma", "oma"), ("noma", "dlcsi-pca"))
AS_HERE = "as-here"
_SAME = (AS_HERE, "again")  # no other assumptions


def levels() -> str:
    """Return the mIoU of the main schemes under each assumption."""
    header = ["assumption", *(f"`{name}`, {snr:g} dB" for snr in _SNRS for name in _SCHEMES)]
    lines = [
        [
            _title(variant),
            *(
                f"{select(variant['levels'], scheme=name, snr_db=snr)[0]['miou']:.3f}"
                for snr in _SNRS
                for name in _SCHEMES
            ),
        ]
        for variant in read_report("assumptions")["variants"]
    ]
    return markdown(header, lines)


def leads() -> str:
    """Return the leads of `noma` at equal elements under each assumption, in points of mIoU, and what is reproduced."""
    report = read_report("assumptions")
    header = [
        "assumption",
        *(f"over `{other}`, {snr:g} dB" for leader, other in _LEADS for snr in _SNRS),
        "claims reproduced",
    ]
    lines = []
    for variant in report["variants"]:
        entries = [
            select(variant["leads"], leader=leader, other=other, snr_db=snr)[0]
            for leader, other in _LEADS
            for snr in _SNRS
        ]
        under = [claim["id"] for claim in report["claims"] if variant["name"] in claim["reproduced_under"]]
        lines.append([_title(variant), *(_points(entry) for entry in entries), ", ".join(under) or "none"])
    return markdown(header, lines)


def claims() -> str:
    """Return under how many assumptions, and which, each claim of the paper is reproduced."""
    report = read_report("assumptions")
    statements = {claim["id"]: claim["statement"] for claim in read_report("claims")["claims"]}
    others = [variant["name"] for variant in report["variants"] if variant["name"] not in _SAME]
    lines = []
    for claim in report["claims"]:
        under = [name for name in claim["reproduced_under"] if name not in _SAME]
        listed = f"all {len(others)}" if under == others else ", ".join(under) or "none"
        lines.append([claim["id"], statements[claim["id"]], claim["verdicts"][AS_HERE], listed])
    return markdown(["claim", "statement", "as here, one training", "reproduced under"], lines)


def number() -> str:
    """Return the number of assumptions that differ from the project's parameters."""
    return str(sum(variant["name"] not in _SAME for variant in read_report("assumptions")["variants"]))


def behind() -> str:
    """Return the number of other assumptions under which `noma` is certainly behind `dlcsi-pca` at both SNRs."""
    count = 0
    for variant in read_report("assumptions")["variants"]:
        entries = [select(variant["leads"], leader="noma", other="dlcsi-pca", snr_db=snr)[0] for snr in _SNRS]
        count += variant["name"] not in _SAME and all(entry["ci_high"] < 0 for entry in entries)
    return str(count)


def seeds(snr_db: float, choose: Callable[[list[float]], float]) -> str:
    """Return the lowest or the highest mIoU of the trainings of `noma` under all seeds at the reference point."""
    point = {"csirs_symbols": 8, "feedback_bits": 1024, "data_symbols": 4}
    rows = select(read_rows("sweeps"), scheme="noma", snr_db=snr_db, **point)
    levels = [row["miou"] for row in rows if row["repeat"] is None or row["repeat"].startswith("seed-")]
    return f"{choose(levels):.3f}"


def _title(variant: dict[str, Any]) -> str:
    return f"{variant['what']} (`{variant['name']}`)"


def _points(entry: dict[str, Any]) -> str:
    return f"{100 * entry['lead']:+.1f} [{100 * entry['ci_low']:+.1f}, {100 * entry['ci_high']:+.1f}]"
