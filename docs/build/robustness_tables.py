"""The tables of impairments.md and phase-alignment.md that come from the study of robustness."""

from table_rows import Row, distinct, interval, markdown, read_report, read_rows, row_by, select

from cscsanet.studies.robustness.rows import BARS

_OTHERS = {
    "nominal": "none",
    "phase_noise_rad": "phase noise",
    "carrier_offset_hz": "carrier offset",
    "bs_phase_error_rad": "BS array",
    "near_far_db": "near-far",
    "interferer_db": "interferer",
}


def delay(speed_kmh: float) -> str:
    """Return the mIoU over the feedback delay at one speed."""
    return _over(
        select(read_rows("robustness"), over="feedback_delay_symbols", speed_kmh=speed_kmh), "delay D:"
    )


def over(name: str, label: str) -> str:
    """Return the mIoU over one impairment. name: in the rows. label: in the table."""
    return _over(select(read_rows("robustness"), over=name), label)


def others() -> str:
    """Return the mIoU under the impairments that are measured at one value."""
    rows = read_rows("robustness")
    names = [name for name in _OTHERS if select(rows, over=name)]
    lines = []
    for snr_db, scheme, of_scheme in _by_scheme(rows):
        by_name = {row["over"]: row for row in of_scheme if row["over"] in names}
        lines.append([snr_db, scheme, *(f"{by_name[name]['miou']:.3f}" for name in names)])
    return markdown(["SNR", "scheme", *(_OTHERS[name] for name in names)], lines)


def element_power() -> str:
    """Return mIoU, strongest element and PAPR under each limit of an element's power."""
    rows = read_rows("robustness")
    limits = {
        "nominal": "block",
        **{row["value"]: row["value"] for row in select(rows, over="element_power")},
    }
    lines = []
    for snr_db, scheme, of_scheme in _by_scheme(rows):
        nominal = select(of_scheme, over="nominal")
        by_limit = {"nominal": nominal[0], **row_by(select(of_scheme, over="element_power"), "value")}
        cells = [
            f"{by_limit[limit]['miou']:.3f}, {by_limit[limit]['strongest_element']:.1f} P_t, "
            f"{by_limit[limit]['papr_db']:.1f} dB"
            for limit in limits
        ]
        lines.append([snr_db, scheme, *cells])
    return markdown(["SNR", "scheme: mIoU, strongest element, PAPR", *limits.values()], lines)


def phases() -> str:
    """Return the common phase before and after tracking, beside the Cramer-Rao bound."""
    rows = read_rows("robustness_phase")
    lines = [
        [
            f"{row['snr_db']:g} dB",
            f"1/{1 / row['pilots_share']:.0f}" if row["pilots_share"] else "none",
            f"{row['untracked_rad']:.2f} [{row['untracked_low']:.2f}, {row['untracked_high']:.2f}]",
            f"{row['tracked_rad']:.3f} [{row['tracked_low']:.3f}, {row['tracked_high']:.3f}]",
            f"{row['bound_rad']:.3f}",
        ]
        for row in rows
    ]
    return markdown(
        ["SNR", "pilots", "before tracking [rad]", "after [rad]", "Cramer-Rao bound [rad]"], lines
    )


def losses() -> str:
    """Return what every scheme loses from no delay to a long one at the highest speed, in points of mIoU."""
    return _compared("loss", "scheme")


def leads() -> str:
    """Return the lead of `noma-tracked` over every other scheme at the long delay, in points of mIoU."""
    return _compared("lead", "over")


def lead(other: str, snr_db: float) -> str:
    """Return the lead of `noma-tracked` over another scheme at the long delay, in points of mIoU."""
    value = read_report("robustness_metrics")[f"lead/noma-tracked/{other}/{snr_db:g}dB"]["value"]
    return f"{100 * value:.1f}"


def _compared(kind: str, label: str) -> str:
    found = {}
    for key, value in read_report("robustness_metrics").items():
        name, scheme, other, snr = key.split("/")
        if name == kind:
            found[scheme if kind == "loss" else other, float(snr.removesuffix("dB"))] = value
    snrs = sorted({snr for _, snr in found})
    lines = [
        [f"`{scheme}`", *(_points(found[scheme, snr]) for snr in snrs)]
        for scheme in dict.fromkeys(scheme for scheme, _ in found)
    ]
    sign = "at most" if kind == "loss" else "at least"
    bar = f"{label}; bar: {sign} {100 * BARS[kind]:.0f}"
    return markdown([bar, *(f"{snr:g} dB" for snr in snrs)], lines)


def _points(row: Row) -> str:
    verdict = {"yes": "met", "no": "not met", "open": "open"}[row["met"]]
    return f"{100 * row['value']:+.1f} [{100 * row['ci_low']:+.1f}, {100 * row['ci_high']:+.1f}], {verdict}"


def _over(rows: list[Row], label: str) -> str:
    values = list(dict.fromkeys(row["value"] for row in rows))
    lines = []
    for snr_db, scheme, of_scheme in _by_scheme(rows):
        by_value = row_by(of_scheme, "value")
        lines.append(
            [
                snr_db,
                scheme,
                *(interval(by_value[value], "miou", 3) if value in by_value else "" for value in values),
            ]
        )
    return markdown(["SNR", f"scheme; {label}", *(_text(value) for value in values)], lines)


def _text(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"


def _by_scheme(rows: list[Row]) -> list[tuple[str, str, list[Row]]]:
    """Return the rows of each SNR and scheme, with both as text."""
    return [
        (f"{snr:g} dB", f"`{scheme}`", select(rows, snr_db=snr, scheme=scheme))
        for snr in distinct(rows, "snr_db")
        for scheme in dict.fromkeys(row["scheme"] for row in rows)
    ]
