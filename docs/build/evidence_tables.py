"""The tables of evidence.md, and the numbers of README.md."""

from table_rows import interval, markdown, read_report, read_rows, select

from cscsanet.config.schemes import SEPARATED_ROLES, schemes_of


def claims() -> str:
    """Return each statement with its verdicts. The project's own statements have one verdict."""
    report = read_report("claims")
    lines = []
    for claim in (*report["claims"], *report["own"]):
        judged = claim["judged"]
        forms = ("ours", "ours") if "ours" in judged else ("paper", "aligned")
        verdicts = [judged[form]["verdict"] if judged[form] else "-" for form in forms]
        lines.append([claim["id"], claim["statement"], *verdicts])
    return markdown(["claim", "statement", "paper's form", "phases aligned"], lines)


def elastic() -> str:
    """Return the comparisons of claim A.6: the price of one Stage III for all points."""
    (claim,) = select(read_report("claims")["own"], id="A.6")
    lines = [
        [comparison["what"].partition(": ")[2], interval(comparison, "value", 3)]
        for comparison in claim["judged"]["ours"]["comparisons"]
    ]
    return markdown(["Stage III", "mIoU, for all points minus for this one"], lines)


def level_with_separated() -> str:
    """Return the comparisons of claim A.3: `noma-aligned` beside every separated design."""
    (claim,) = select(read_report("claims")["own"], id="A.3")
    lines = [
        [
            comparison["what"],
            interval(comparison, "value", 3),
            ", ".join(str(count) for count in comparison["seeds"].values()),
        ]
        for comparison in claim["judged"]["ours"]["comparisons"]
    ]
    return markdown(["comparison", "difference in mIoU", "trainings of the two"], lines)


def aligned_share() -> str:
    """Return the share of the ceiling that `noma-aligned` reaches at -25 dB, over the constant prediction."""
    return _share("noma-aligned", -25.0)


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
