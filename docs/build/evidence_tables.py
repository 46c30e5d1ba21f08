"""The tables of evidence.md, and the numbers of README.md."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from table_rows import interval, markdown, read_report, read_rows, select

from cscsanet.config.schemes import SEPARATED_ROLES, schemes_of
from cscsanet.page.claims import flips as contradicts


def claims() -> str:
    """Return each statement with its verdicts. The project's own statements have none on the paper's form."""
    report = read_report("claims")
    lines = []
    for claim in (*report["claims"], *report["own"]):
        judged = claim["judged"]
        verdicts = [
            judged[form]["verdict"] if judged.get(form) else "-" for form in ("paper", "aligned", "tracked")
        ]
        lines.append([claim["id"], claim["statement"], *verdicts])
    return markdown(["claim", "statement", "paper's form", "aligned", "tracked"], lines)


def elastic() -> str:
    """Return the comparisons of claim A.6: the price of one Stage III for all points."""
    (claim,) = select(read_report("claims")["own"], id="A.6")
    lines = [
        [comparison["what"].partition(": ")[2], interval(comparison, "value", 3)]
        for comparison in claim["judged"]["aligned"]["comparisons"]
    ]
    return markdown(["Stage III", "mIoU, for all points minus for this one"], lines)


def aligned_share() -> str:
    """Return the share of the ceiling that `noma-aligned` reaches at -25 dB, over the constant prediction."""
    return _share("noma-aligned", -25.0)


def paper_share() -> str:
    """Return the share of the ceiling that `noma` reaches at -25 dB, over the constant prediction."""
    return _share("noma", -25.0)


def tracked_share(snr_db: float) -> str:
    """Return the share of the ceiling that `noma-tracked` reaches, over the constant prediction."""
    return _share("noma-tracked", snr_db)


def separated_lead() -> str:
    """Return the lead of the best separated design over `noma-aligned` at -10 dB, in points of mIoU."""
    best = max(_miou(scheme, -10.0) for scheme in schemes_of(*SEPARATED_ROLES))
    return f"{100 * (best - _miou('noma-aligned', -10.0)):.1f}"


def _share(scheme: str, snr_db: float) -> str:
    floor = read_report("claims")["floor"]
    return f"{100 * (_miou(scheme, snr_db) - floor) / (_miou('ideal', snr_db) - floor):.0f} %"


def perfect_csi_lead() -> str:
    """Return the lead of perfect initial CSI at -25 dB and L = 1, with PCA precoding, in points of mIoU."""
    point = {"snr_db": -25.0, "csirs_symbols": 1, "feedback_bits": 1024, "data_symbols": 4}
    perfect, estimated = (
        select(read_rows("sweeps"), scheme=scheme, **point)[0]["miou"]
        for scheme in ("perfect-pca", "dlcsi-pca")
    )
    return f"{100 * (perfect - estimated):.0f}"


def _miou(scheme: str, snr_db: float) -> float:
    """Return the mIoU of a scheme at the reference point with this SNR."""
    (row,) = select(read_rows("schemes"), scheme=scheme)
    # A scheme without a channel has one point, without an SNR.
    point = next(point for point in row["points"] if point["snr_db"] in (snr_db, None))
    return float(point["miou"])


def digital_leads() -> str:
    """Return the leads of our forms of CSC-SA-Net over digital late fusion, in points of mIoU."""
    return _leads(("digital-coded", "digital-ideal"))


def equal_leads() -> str:
    """Return the leads of `noma-tracked` over every other design, in points of mIoU."""
    rivals = dict.fromkeys(lead["rival"] for lead in read_report("equal")["leads"])
    return _leads(tuple(rivals), ("noma-tracked",))


def headline_leads() -> str:
    """Return the leads of `noma-tracked` that README.md shows, in points of mIoU."""
    rivals = {
        "dlcsi-pca": "the separated design `dlcsi-pca`",
        "digital-coded": "digital late fusion with random codes of this length, `digital-coded`",
        "digital-ideal": "the capacity of every block without a pilot, which no system reaches, `digital-ideal`",
    }
    leads = select(read_report("equal")["leads"], scheme="noma-tracked")
    snrs = list(dict.fromkeys(lead["snr_db"] for lead in leads))
    lines = [
        [text, *(_points(select(leads, rival=rival, snr_db=snr)[0]) for snr in snrs)]
        for rival, text in rivals.items()
    ]
    return markdown(["lead over", *(f"{snr:g} dB" for snr in snrs)], lines)


def ledger_change() -> str:
    """Return each verdict beside that of the ledger before, with what changed it."""
    before = json.loads((Path(__file__).parent / "ledger_before.json").read_text(encoding="utf-8"))
    report = read_report("claims")
    lines = []
    for claim in (*report["claims"], *report["own"]):
        for form, judged in claim["judged"].items():
            old = before.get(claim["id"], {}).get(form)
            if judged and old and old != judged["verdict"]:
                lines.append([claim["id"], form, old, judged["verdict"], _why(judged, old)])
    return markdown(["claim", "form", "before", "now", "in line with"], lines)


def replica() -> str:
    """Return each verdict that differs from that of the same study, trained on another processor."""
    there = _replica()["verdicts"]
    lines = [
        [claim, form, there[claim][form], verdict]
        for claim, form, verdict in _verdicts()
        if there[claim][form] != verdict
    ]
    return markdown(["claim", "form", "there", "here"], lines or [["none", "-", "-", "-"]])


def replica_same() -> str:
    """Return how many verdicts are those of the same study, trained on another processor."""
    there = _replica()["verdicts"]
    same = [there[claim][form] == verdict for claim, form, verdict in _verdicts()]
    return str(sum(same))


def verdicts() -> str:
    """Return the number of verdicts of the ledger, of all forms."""
    return str(len(list(_verdicts())))


def replica_leads() -> str:
    """Return by how many points of mIoU a lead over a rival with three seeds there differs at most from that there."""
    there = {(row["scheme"], row["rival"], row["snr_db"]): row["lead"] for row in _replica()["leads"]}
    leads = {
        (row["scheme"], row["rival"], row["snr_db"]): row["lead"] for row in read_report("equal")["leads"]
    }
    return f"{max(100 * abs(leads[key] - there[key]) for key in there):.1f}"


def _replica() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(
        (Path(__file__).parent / "ledger_replica.json").read_text(encoding="utf-8")
    )
    return content


def _verdicts() -> Iterator[tuple[str, str, str]]:
    """Yield each claim, form and verdict of the ledger."""
    report = read_report("claims")
    for claim in (*report["claims"], *report["own"]):
        for form, judged in claim["judged"].items():
            if judged:
                yield claim["id"], form, judged["verdict"]


def flips() -> str:
    """Return the claims whose verdict contradicts itself from one training seed to another."""
    report = read_report("claims")
    lines = []
    for claim in (*report["claims"], *report["own"]):
        for form, judged in claim["judged"].items():
            verdicts = (judged or {}).get("by_seed", {})
            if contradicts(verdicts):
                each = ", ".join(
                    f"{seed.replace('own', 'seed-1')}: {verdict}" for seed, verdict in verdicts.items()
                )
                lines.append([claim["id"], form, judged["verdict"], each])
    lines = lines or [["none", "-", "-", "-"]]
    return markdown(["claim", "form", "all seeds", "each seed alone"], lines)


def _why(judged: Mapping[str, Any], old: str) -> str:
    """Name a reading that has the old verdict."""
    readings = {name: each["verdict"] for name, each in judged["readings"].items()}
    if readings.get("dmrs_on_top") == old:
        return "equal elements: with DMRS on top it is as before"
    if readings.get("other_oma_energy") == old:
        return "equal energy: with half of it for orthogonal access it is as before"
    if judged["by_seed"].get("own") == old:
        return "further training seeds: on the first alone it is as before"
    return "several of equal elements, equal energy, its training and further seeds"


def _leads(rivals: Sequence[str], schemes: Sequence[str] = ("noma-aligned", "noma-tracked")) -> str:
    entries = [
        entry
        for entry in read_report("equal")["leads"]
        if entry["rival"] in rivals and entry["scheme"] in schemes
    ]
    snrs = list(dict.fromkeys(entry["snr_db"] for entry in entries))
    lines = []
    for scheme, rival in dict.fromkeys((entry["scheme"], entry["rival"]) for entry in entries):
        cells = [_points(select(entries, scheme=scheme, rival=rival, snr_db=snr)[0]) for snr in snrs]
        seeds = select(entries, scheme=scheme, rival=rival)[0]["seeds"]
        lines.append([f"`{scheme}` - `{rival}`", *cells, ", ".join(str(count) for count in seeds)])
    return markdown(["lead", *(f"{snr:g} dB" for snr in snrs), "trainings of the two"], lines)


def _points(entry: Mapping[str, Any]) -> str:
    low, high = (100 * entry[key] for key in ("ci_low", "ci_high"))
    return f"{100 * entry['lead']:+.1f} [{low:+.1f}, {high:+.1f}]"
