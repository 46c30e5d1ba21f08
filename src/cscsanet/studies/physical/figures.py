"""The figures of the report on the physical layer, drawn from its rows alone."""

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize, SymLogNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from cscsanet.config.operating_point import Capacity
from cscsanet.plots import STYLES, label_axes
from cscsanet.studies.physical.rows import AgeingCase, AgeingRow, PhysicalRow

_DASHES = {"genie": "--", "full-digital": ":"}
TITLES = {
    "codebook": "codebook",
    "beamspace-elastic": "beamspace, one model for all L and B",
    "beamspace-dedicated": "beamspace, trained for this L and B",
    "subcarrier": "paper's front end (subcarriers)",
    "codebook-learned-csirs": "codebook on the learned CSI-RS",
    "subcarrier-elastic": "paper's front end, one model for all L and B",
    "subcarrier-dedicated": "paper's front end, trained for this L and B",
    "genie": "genie hybrid, perfect CSI",
    "full-digital": "fully digital, perfect CSI",
}
# Each scheme has the same colour and marker in all figures.
_STYLES = dict(zip((scheme for scheme in TITLES if scheme not in _DASHES), cycle(STYLES), strict=False))
_CAPTIONS = {
    "csirs_symbols": "L = {:g}",
    "feedback_bits": "B = {:g}",
    "bs_power_offset_db": "CSI-RS {:g} dB above the UEs",
}

# Beyond these places on the scale, of leads from its middle, a cell is too dark for black text.
_DARK = {False: 0.65, True: 0.3}


def draw_figures(
    rows: Sequence[PhysicalRow], ageing: Sequence[AgeingRow], capacity: Capacity, offset_db: float
) -> dict[str, Figure]:
    """Draw SE over L, over B and over the CSI-RS power, the table over (L, B), and SE over time.

    capacity: the L and B of the curves over another axis. offset_db: their CSI-RS power.
    """
    reference = {
        "csirs_symbols": capacity.csirs_symbols,
        "feedback_bits": capacity.feedback_bits,
        "bs_power_offset_db": offset_db,
    }
    power = "CSI-RS power over the UEs' [dB]; inf: no noise"
    return {
        "csirs_symbols": _curves(rows, reference, "csirs_symbols", "CSI-RS symbols L"),
        "feedback_bits": _curves(rows, reference, "feedback_bits", "feedback bits B"),
        "csirs_power": _curves(rows, reference, "bs_power_offset_db", power),
        "grid": _grid(rows, offset_db),
        "ageing": _ageing(ageing),
    }


def _curves(rows: Sequence[PhysicalRow], reference: Mapping[str, float], axis: str, label: str) -> Figure:
    """Draw a panel for each SNR. A bound that does not depend on the axis is a horizontal line."""
    fixed = {name: value for name, value in reference.items() if name != axis}
    rows = [
        row for row in rows if all(getattr(row.case, name) in (value, None) for name, value in fixed.items())
    ]
    values = sorted({getattr(row.case, axis) for row in rows} - {None})
    positions = range(len(values))

    def draw(panel: Axes, snr_db: float) -> None:
        panel_rows = [row for row in rows if row.case.snr_db == snr_db]
        for scheme, (colour, marker) in _STYLES.items():
            by_value = {getattr(row.case, axis): row for row in panel_rows if row.case.scheme == scheme}
            if not by_value:
                continue
            at = [position for position in positions if values[position] in by_value]
            estimates = [by_value[values[position]].sum_se for position in at]
            panel.plot(
                at,
                [estimate.value for estimate in estimates],
                color=colour,
                marker=marker,
                # Each point of a dedicated model is another model: no line between them.
                linestyle="none" if scheme.endswith("dedicated") else "-",
                label=TITLES[scheme],
            )
            low, high = ([getattr(estimate, end) for estimate in estimates] for end in ("low", "high"))
            panel.fill_between(at, low, high, color=colour, alpha=0.15, lw=0)
        for scheme, dashes in _DASHES.items():
            bound = {
                getattr(row.case, axis): row.sum_se.value for row in panel_rows if row.case.scheme == scheme
            }
            heights = [bound[value if value in bound else None] for value in values]
            panel.plot(positions, heights, color="black", linestyle=dashes, lw=1.2, label=TITLES[scheme])
        panel.set_xticks(positions, [f"{value:g}" for value in values])
        panel.set_ylim(bottom=0)
        label_axes(panel, label, "sum spectral efficiency [bit/s/Hz]")

    caption = ", ".join(_CAPTIONS[name].format(value) for name, value in fixed.items())
    return _panels({row.case.snr_db for row in rows}, draw, caption)


def _ageing(rows: Sequence[AgeingRow]) -> Figure:
    """Draw by how much the spectral efficiency of each layer changes within a frame.

    Curves of the efficiency itself would coincide: beams hardly age within a frame.
    """

    def draw(panel: Axes, snr_db: float) -> None:
        panel_rows = [row for row in rows if row.case.snr_db == snr_db]
        speeds = sorted({row.case.speed_kmh for row in panel_rows})
        for scheme in dict.fromkeys(row.case.scheme for row in panel_rows):
            colour, _ = _STYLES[scheme]
            for speed, (_, marker) in zip(speeds, cycle(STYLES), strict=False):
                curve = [
                    row for row in panel_rows if row.case.scheme == scheme and row.case.speed_kmh == speed
                ]
                first = curve[0].sum_se.value
                panel.plot(
                    [row.symbol for row in curve],
                    [100 * (row.sum_se.value / first - 1) for row in curve],
                    color=colour,
                    marker=marker,
                    markersize=4,
                    lw=1,
                    label=f"{TITLES[scheme]}, {speed:g} km/h",
                )
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        label_axes(panel, "OFDM symbol of the frame", "change of the sum SE [%]")

    caption = f"beams set once, from the CSI-RS: no change is over {_most_change(rows):.2g} %"
    return _panels({row.case.snr_db for row in rows}, draw, caption, sharey=True)


def _most_change(rows: Sequence[AgeingRow]) -> float:
    """Return the largest change of the spectral efficiency from a frame's first symbol [%]."""
    first: dict[AgeingCase, float] = {}
    return max(
        (100 * abs(row.sum_se.value / first.setdefault(row.case, row.sum_se.value) - 1) for row in rows),
        default=0.0,
    )


def _panels(
    snrs: set[float], draw: Callable[[Axes, float], None], caption: str, *, sharey: bool = False
) -> Figure:
    """Draw a panel for each SNR, and one legend for all. sharey: whether panels have one scale."""
    figure = Figure(figsize=(4.0 * len(snrs), 4.3), layout="constrained")
    panels = figure.subplots(1, len(snrs), sharey=sharey, squeeze=False)[0]
    for panel, snr_db in zip(panels, sorted(snrs), strict=True):
        draw(panel, snr_db)
        panel.set_title(f"SNR {snr_db:g} dB")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(snrs), frameon=False, fontsize=9)
    figure.suptitle(caption, fontsize=10)
    return figure


def _grid(rows: Sequence[PhysicalRow], offset_db: float) -> Figure:
    """Draw tables over (L, B): share of the genie, and leads over codebook and elastic model."""
    rows = [row for row in rows if row.case.bs_power_offset_db == offset_db]
    snrs = sorted({row.case.snr_db for row in rows})
    symbols = sorted({row.case.csirs_symbols for row in rows})
    budgets = sorted({row.case.feedback_bits for row in rows if row.case.feedback_bits is not None})
    tables: list[tuple[str, str, Callable[[PhysicalRow], float], bool]] = [
        ("elastic", "share of the genie [%]", lambda row: 100 * row.share_of_genie, False),
        ("elastic", "lead over the codebook [%]", _lead_percent, True),
        ("dedicated", "dedicated over elastic [%]", _lead_percent, True),
    ]
    tables = [table for table in tables if any(row.case.scheme.endswith(table[0]) for row in rows)]
    figure = Figure(figsize=(4.0 * len(snrs), 2.5 * len(tables) + 0.5), layout="constrained")
    panels = figure.subplots(len(tables), len(snrs), squeeze=False)
    leads = [abs(_lead_percent(row)) for row in rows if row.difference is not None]
    # Leads are of a tenth of a percent and of hundreds: their shades are logarithmic, on one scale for all tables.
    most = max([10.0, *leads])
    norms = {False: Normalize(0, 100), True: SymLogNorm(1.0, vmin=-most, vmax=most)}
    for line, (suffix, title, value, signed) in zip(panels, tables, strict=True):
        for panel, snr_db in zip(line, snrs, strict=True):
            cells = np.full((len(symbols), len(budgets)), np.nan)
            for row in rows:
                if row.case.scheme.endswith(suffix) and row.case.snr_db == snr_db:
                    assert row.case.feedback_bits is not None
                    y, x = symbols.index(row.case.csirs_symbols), budgets.index(row.case.feedback_bits)
                    cells[y, x] = value(row)
                    significant = signed and (
                        row.difference is not None and (row.difference.low > 0 or row.difference.high < 0)
                    )
                    panel.text(
                        x,
                        y,
                        f"{cells[y, x]:+.1f}" if signed else f"{cells[y, x]:.1f}",
                        ha="center",
                        va="center",
                        fontsize=9,
                        fontweight="bold" if significant else "normal",
                        color="white"
                        if abs(norms[signed](cells[y, x]) - 0.5 * signed) > _DARK[signed]
                        else "black",
                    )
            panel.imshow(cells, cmap="PuOr" if signed else "Blues", norm=norms[signed], aspect="auto")
            panel.set_xticks(range(len(budgets)), [str(budget) for budget in budgets])
            panel.set_yticks(range(len(symbols)), [str(count) for count in symbols])
            panel.set_xlabel("feedback bits B")
            panel.set_ylabel("CSI-RS symbols L")
            panel.set_title(f"{title}, {snr_db:g} dB", fontsize=10)
    figure.suptitle(
        "Bold: zero lies outside the 95 % interval of the difference, paired over drops, for one training seed. "
        "Shades of leads are logarithmic",
        fontsize=10,
    )
    return figure


def _lead_percent(row: PhysicalRow) -> float:
    """Return the difference over the sum spectral efficiency that it is taken from [%]."""
    if row.difference is None:
        return float("nan")
    return 100 * row.difference.value / (row.sum_se.value - row.difference.value)
