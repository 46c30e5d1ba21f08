"""The tables of physical-layer.md."""

from collections.abc import Callable, Mapping

from table_rows import Row, distinct, interval, markdown, read_rows, row_by, select

from cscsanet.studies.physical.figures import TITLES

_SCHEMES = (
    "full-digital",
    "genie",
    "codebook",
    "codebook-learned-csirs",
    "subcarrier",
    "beamspace-elastic",
    "beamspace-dedicated",
)
_POWER_SCHEMES = ("codebook", "beamspace-elastic", "beamspace-dedicated", "subcarrier")
_OFFSET_DB = 20.0  # power of the CSI-RS over the UEs' in the first two tables

# Scheme -> its row, at one point.
PointRows = Mapping[str, Row]


def schemes() -> str:
    """Return the sum SE of every scheme at the largest L and B, with its share of the genie's."""
    rows = [row for row in read_rows("physical") if row["bs_power_offset_db"] in (_OFFSET_DB, None)]
    largest_length, largest_budget = distinct(rows, "csirs_symbols")[-1], distinct(rows, "feedback_bits")[-1]
    rows = select(rows, csirs_symbols=largest_length)
    rows = [row for row in rows if row["feedback_bits"] in (largest_budget, None)]
    snrs = distinct(rows, "snr_db")
    lines = []
    for scheme in _SCHEMES:
        by_snr = row_by(select(rows, scheme=scheme), "snr_db")
        if len(by_snr) == len(snrs):
            cells = [
                f"{interval(by_snr[snr], 'sum_se', 3)}, {100 * by_snr[snr]['share_of_genie']:.1f} %"
                for snr in snrs
            ]
            lines.append([TITLES[scheme], *cells])
    return markdown(["", *(f"{snr:+g} dB" for snr in snrs)], lines)


def paper_measure() -> str:
    """Return the sum SE by eq. (30) of the genie, the codebook and the elastic model, at the largest L and B."""
    rows = [row for row in read_rows("physical") if row["bs_power_offset_db"] in (_OFFSET_DB, None)]
    rows = select(rows, csirs_symbols=distinct(rows, "csirs_symbols")[-1])
    rows = [row for row in rows if row["feedback_bits"] in (distinct(rows, "feedback_bits")[-1], None)]
    snrs = distinct(rows, "snr_db")
    lines = []
    for scheme in ("genie", "codebook", "beamspace-elastic"):
        by_snr = row_by(select(rows, scheme=scheme), "snr_db")
        cells = [
            f"{by_snr[snr]['sum_se_paper']:.2f}"
            f" [{by_snr[snr]['paper_ci_low']:.2f}, {by_snr[snr]['paper_ci_high']:.2f}]"
            for snr in snrs
        ]
        lines.append([TITLES[scheme], *cells])
    return markdown(["by eq. (30)", *(f"{snr:+g} dB" for snr in snrs)], lines)


def ageing() -> str:
    """Return the largest change of a mean sum SE over the data symbols, at any SNR and speed."""
    rows = read_rows("physical_ageing")
    series: dict[tuple[str, float, float], list[float]] = {}
    for row in rows:
        series.setdefault((row["scheme"], row["snr_db"], row["speed_kmh"]), []).append(row["sum_se"])
    return f"{max(100 * (max(rates) / min(rates) - 1) for rates in series.values()):.2f} %"


def drops() -> str:
    """Return the number of drops behind every row."""
    (count,) = distinct(read_rows("physical"), "drops")
    return str(count)


def grid() -> str:
    """Return the elastic model's share of the genie over L and B, and its leads [%]."""
    rows = select(read_rows("physical"), bs_power_offset_db=_OFFSET_DB)
    snrs = distinct(rows, "snr_db")
    columns: Mapping[str, Callable[[PointRows], str]] = {
        f"share: {', '.join(f'{snr:+g}' for snr in snrs)} dB": _share_of_genie,
        "over the codebook": lambda point_rows: _lead(point_rows, "beamspace-elastic"),
        "over the codebook on the learned CSI-RS": _lead_over_learned_csirs,
        "dedicated over elastic": lambda point_rows: _lead(point_rows, "beamspace-dedicated"),
    }
    lines = []
    for length in distinct(rows, "csirs_symbols"):
        for budget in distinct(rows, "feedback_bits"):
            point = {"csirs_symbols": length, "feedback_bits": budget}
            at_snrs = [row_by(select(rows, **point, snr_db=snr), "scheme") for snr in snrs]
            cells = [[text(point_rows) for point_rows in at_snrs] for text in columns.values()]
            joined = ["-" if "" in values else ", ".join(values) for values in cells]
            lines.append([str(length), str(budget), *joined])
    return markdown(["L", "B", *columns], lines)


def _share_of_genie(point_rows: PointRows) -> str:
    return f"{100 * point_rows['beamspace-elastic']['share_of_genie']:.1f}"


def _lead(point_rows: PointRows, scheme: str) -> str:
    """Return a scheme's lead over its reference, in bold where the interval excludes zero.

    It is empty where the scheme was not measured.
    """
    if scheme not in point_rows:
        return ""
    row = point_rows[scheme]
    lead = 100 * row["difference"] / (row["sum_se"] - row["difference"])
    significant = row["difference_low"] > 0 or row["difference_high"] < 0
    return f"**{lead:+.1f}**" if significant else f"{lead:+.1f}"


def _lead_over_learned_csirs(point_rows: PointRows) -> str:
    elastic, codebook = (
        point_rows[scheme]["sum_se"] for scheme in ("beamspace-elastic", "codebook-learned-csirs")
    )
    return f"{100 * (elastic / codebook - 1):+.1f}"


def power() -> str:
    """Return the sum SE over the power of the CSI-RS, at the largest L and B."""
    rows = [row for row in read_rows("physical") if row["bs_power_offset_db"] is not None]
    largest_length, largest_budget = distinct(rows, "csirs_symbols")[-1], distinct(rows, "feedback_bits")[-1]
    rows = select(rows, csirs_symbols=largest_length, feedback_bits=largest_budget)
    snrs = distinct(rows, "snr_db")
    lines = []
    for offset in distinct(rows, "bs_power_offset_db"):
        at_snrs = [row_by(select(rows, bs_power_offset_db=offset, snr_db=snr), "scheme") for snr in snrs]
        cells = [
            " / ".join(
                f"{point_rows[scheme]['sum_se']:.3f}" for scheme in _POWER_SCHEMES if scheme in point_rows
            )
            for point_rows in at_snrs
        ]
        lines.append([f"{float(offset):g}", *cells])
    return markdown(["CSI-RS over the UEs [dB]", *(f"{snr:+g} dB" for snr in snrs)], lines)
