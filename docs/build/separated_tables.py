"""The tables of separated-designs.md."""

from collections.abc import Callable

from table_rows import Row, distinct, interval, markdown, read_report, read_rows, row_by, select

from cscsanet.studies.baselines.figures import TITLES as FIGURE_TITLES

_TITLES = {**FIGURE_TITLES, "learned": f"**{FIGURE_TITLES['learned']}**"}
_BUDGET_TITLES = {
    "energy_per_element": "energy per element",
    "streams": "streams",
    "payload_elements": "payload elements",
    "dmrs_elements": "own DMRS",
    "air_elements": "elements of the block",
    "data_symbols": "OFDM symbols",
    "energy": "energy of the block",
    "csirs_symbols": "L",
    "feedback_bits": "B",
}


def schemes_miou() -> str:
    """Return the mIoU of every scheme at the SNRs of the comparison."""
    rows = read_rows("schemes")
    snrs = distinct([point for row in rows for point in row["points"]], "snr_db")
    lines = []
    for row in rows:
        by_snr = row_by(row["points"], "snr_db")
        # A scheme without a channel has one point, without an SNR.
        cells = [interval(by_snr[snr] if snr in by_snr else by_snr[None], "miou", 3) for snr in snrs]
        lines.append([f"`{row['scheme']}`", row["title"], *cells])
    return markdown(["scheme", "what it is", *(f"{snr:g} dB" for snr in snrs)], lines)


def schemes_budgets() -> str:
    """Return the budget of one UE in every scheme with a channel."""
    lines = [
        [f"`{row['scheme']}`", *(f"{row['budget'][key]:g}" for key in _BUDGET_TITLES)]
        for row in read_rows("schemes")
        if row["budget"]["elements"] is not None
    ]
    return markdown(["of one UE", *_BUDGET_TITLES.values()], lines)


def accuracy(part: str, axis: str, label: str) -> str:
    """Return NMSE [dB] and SGCS of every method, by SNR and over one axis.

    part: which rows of the report. axis: L or B, by its name in the rows. label: head of the column
    of methods.
    """
    return _over(part, axis, label, lambda row: f"{interval(row, 'nmse_db', 1)}, {row['sgcs']:.3f}")


def rate(part: str, axis: str, label: str) -> str:
    """Return the sum SE of every method, by SNR and over one axis. For the arguments see `accuracy`."""
    return _over(part, axis, label, lambda row: interval(row, "sum_se", 2))


def drops(*parts: str) -> str:
    """Return the number of drops behind the rows of these parts of the report."""
    rows = [row for row in read_report("separated")["csi"] if row["part"] in parts]
    (count,) = distinct(rows, "drops")
    return str(count)


def _over(part: str, axis: str, label: str, cell: Callable[[Row], str]) -> str:
    rows = select(read_report("separated")["csi"], part=part)
    values = distinct(rows, axis)
    lines = []
    for snr in distinct(rows, "snr_db"):
        for method in dict.fromkeys(row["method"] for row in rows):
            by_value = row_by(select(rows, snr_db=snr, method=method), axis)
            cells = [cell(by_value[value]) if value in by_value else "" for value in values]
            lines.append([f"{snr:+g} dB", _TITLES.get(method, method), *cells])
    return markdown(["SNR", label, *(str(value) for value in values)], lines)


def codec() -> str:
    """Return the mIoU of the source codec after each of its two trainings, with the paired lead."""
    rows = read_report("separated")["codec"]
    lines = []
    for part in ("val", "test"):
        for snr in distinct(rows, "snr_db"):
            noise, link = (
                select(rows, split=part, snr_db=snr, trained_on=channel)[0]
                for channel in ("white noise", "real link")
            )
            lead = f"{link['lead']:+.3f} [{link['lead_low']:+.3f}, {link['lead_high']:+.3f}]"
            lines.append([part, f"{snr:g} dB", interval(noise, "miou", 3), interval(link, "miou", 3), lead])
    return markdown(["part", "SNR", "white noise", "then also the real link", "lead, paired"], lines)
