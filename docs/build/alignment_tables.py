"""The tables of phase-alignment.md."""

from table_rows import Row, distinct, interval, markdown, read_rows, row_by, select

from cscsanet.studies.alignment.figures import TITLES as FIGURE_TITLES

_KINDS = ("none", "classical", "learned", "genie-first", "genie-all", "phase-offset")
_TITLES = {**FIGURE_TITLES, "learned": f"**{FIGURE_TITLES['learned']}**"}


def miou() -> str:
    """Return the mIoU of every alignment over SNR and Q, with its share of the ceiling."""
    rows = read_rows("alignment")
    snrs = distinct(rows, "snr_db")
    lines = []
    for count in reversed(distinct(rows, "data_symbols")):
        for kind in _KINDS:
            by_snr = row_by(select(rows, data_symbols=count, alignment=kind), "snr_db")
            if by_snr:
                cells = [
                    f"{interval(by_snr[snr], 'miou', 3)}, {100 * by_snr[snr]['share_of_ideal']:.0f} %"
                    for snr in snrs
                ]
                lines.append([str(count), _TITLES[kind], *cells])
        ceiling = select(rows, data_symbols=count)[0]["ideal_miou"]
        lines.append([str(count), "error-free link", *[f"{ceiling:.3f}"] * len(snrs)])
    return markdown(["Q", "phases predicted by", *(f"{snr:g} dB" for snr in snrs)], lines)


def gain_share() -> str:
    """Return each alignment's share of the gain of the genie at the first data symbol."""
    kinds = ("classical", "learned", "genie-all")
    rows = [row for row in read_rows("alignment") if row["alignment"] in kinds and row["kept"] is not None]
    snrs = distinct(rows, "snr_db")
    lines = []
    for count in reversed(distinct(rows, "data_symbols")):
        for kind in kinds:
            by_snr = row_by(select(rows, data_symbols=count, alignment=kind), "snr_db")
            if by_snr:
                lines.append([str(count), _TITLES[kind], *(_gain_share(by_snr[snr]) for snr in snrs)])
    return markdown(["Q", "phases predicted by", *(f"{snr:g} dB" for snr in snrs)], lines)


def _gain_share(row: Row) -> str:
    return f"{100 * row['kept']:.0f} % [{100 * row['kept_low']:.0f}, {100 * row['kept_high']:.0f}]"


def robustness(axis: str, label: str) -> str:
    """Return the mIoU of every alignment over one impairment.

    axis: its name in the rows. label: its name and unit in the table.
    """
    rows = select(read_rows("alignment_robustness"), over=axis)
    values = distinct(rows, "value")
    lines = []
    for kind in _KINDS:
        by_value = row_by(select(rows, alignment=kind), "value")
        if by_value:
            lines.append([_TITLES[kind], *(interval(by_value[value], "miou", 3) for value in values)])
    return markdown([f"phases predicted by; {label}:", *(f"{float(value):g}" for value in values)], lines)


def phase_error(axis: str, label: str) -> str:
    """Return the residual phase error [rad] over one axis, for each speed if there are several.

    axis: its name in the rows. label: its name and unit in the table.
    """
    rows = select(read_rows("alignment_phase"), over=axis)
    values = distinct(rows, axis)
    lines = []
    for speed in distinct(rows, "speed_kmh") or [None]:
        for kind in ("classical", "learned", "oracle", "genie-first"):
            by_value = row_by(select(rows, alignment=kind, speed_kmh=speed), axis)
            title = _TITLES[kind] if speed is None else f"{_TITLES[kind]}, {speed:g} km/h"
            # Fourteen data symbols are too many columns for intervals.
            cells = [
                f"{by_value[value]['rms_rad']:.2f}"
                if axis == "symbol"
                else interval(by_value[value], "rms_rad", 3)
                for value in values
            ]
            lines.append([title, *cells])
    return markdown([label, *(f"{float(value):g}" for value in values)], lines)
