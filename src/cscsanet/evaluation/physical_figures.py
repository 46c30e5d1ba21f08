"""The figures of the report on the physical layer, drawn from its rows alone."""

from collections.abc import Callable, Mapping, Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from cscsanet.evaluation.curves import STYLES, label_axes
from cscsanet.points import Capacity

Row = Mapping[str, Any]
_DASHES = {"genie": "--", "full-digital": ":"}
_TITLES = {
    "codebook": "codebook",
    "beamspace-elastic": "beamspace, one model for all L and B",
    "beamspace-dedicated": "beamspace, trained for this L and B",
    "subcarrier": "paper's front (subcarriers)",
    "codebook-learned-csirs": "codebook on the learned CSI-RS",
    "subcarrier-elastic": "paper's front, one model for all L and B",
    "subcarrier-dedicated": "paper's front, trained for this L and B",
    "genie": "genie hybrid, perfect CSI",
    "full-digital": "fully digital, perfect CSI",
}


# One look for each scheme in all figures.
_STYLES = dict(zip((scheme for scheme in _TITLES if scheme not in _DASHES), cycle(STYLES), strict=False))


def physical_figures(
    rows: Sequence[Row], ageing: Sequence[Row], capacity: Capacity, offset_db: float | str
) -> dict[str, Figure]:
    """Draw SE over L, over B and over the CSI-RS power, the table over (L, B), and SE over time.

    capacity: the L and B that a curve over something else is drawn at; offset_db: the CSI-RS power, likewise.
    """
    home = {
        "csirs_symbols": capacity.csirs_symbols,
        "feedback_bits": capacity.feedback_bits,
        "bs_power_offset_db": offset_db,
    }
    return {
        "csirs_symbols": _curves(rows, home, "csirs_symbols", "CSI-RS symbols L"),
        "feedback_bits": _curves(rows, home, "feedback_bits", "feedback bits B"),
        "csirs_power": _curves(
            rows, home, "bs_power_offset_db", "CSI-RS power over the UEs' [dB]; inf: no noise"
        ),
        "grid": _grid(rows, offset_db),
        "ageing": _ageing(ageing),
    }


def _curves(rows: Sequence[Row], home: Row, axis: str, label: str) -> Figure:
    """One panel for each SNR; the bounds are lines, or curves where they too depend on the axis."""
    fixed = {key: value for key, value in home.items() if key != axis}
    kept = [row for row in rows if all(row[key] in (value, None) for key, value in fixed.items())]
    places = sorted({row[axis] for row in kept if row[axis] is not None}, key=float)

    def draw(panel: Axes, here: Sequence[Row]) -> None:
        for scheme, (colour, marker) in _STYLES.items():
            if not any(row["scheme"] == scheme for row in here):
                continue
            own = {row[axis]: row for row in here if row["scheme"] == scheme}
            at = [index for index, place in enumerate(places) if place in own]
            chosen = [own[places[index]] for index in at]
            panel.plot(
                at,
                [row["sum_se"] for row in chosen],
                color=colour,
                marker=marker,
                # Dedicated models stand for single points: no line between them.
                linestyle="none" if scheme.endswith("dedicated") else "-",
                label=_TITLES[scheme],
            )
            low, high = ([row[end] for row in chosen] for end in ("ci_low", "ci_high"))
            panel.fill_between(at, low, high, color=colour, alpha=0.15, lw=0)
        for scheme, dashes in _DASHES.items():
            level = {row[axis]: float(row["sum_se"]) for row in here if row["scheme"] == scheme}
            heights = [level[place if place in level else None] for place in places]
            panel.plot(
                range(len(places)), heights, color="black", linestyle=dashes, lw=1.2, label=_TITLES[scheme]
            )
        panel.set_xticks(range(len(places)), [f"{_short(place)}" for place in places])
        panel.set_ylim(bottom=0)
        label_axes(panel, label, "sum spectral efficiency [bit/s/Hz]")

    told = {
        "csirs_symbols": "L = {}",
        "feedback_bits": "B = {}",
        "bs_power_offset_db": "CSI-RS {} dB above the UEs",
    }
    caption = ", ".join(told[key].format(_short(value)) for key, value in fixed.items())
    return _panels(kept, draw, caption)


def _ageing(rows: Sequence[Row]) -> Figure:
    def draw(panel: Axes, here: Sequence[Row]) -> None:
        speeds = sorted({row["speed_kmh"] for row in here})
        for scheme in dict.fromkeys(row["scheme"] for row in here):
            colour, _ = _STYLES[scheme]
            for speed, (_, marker) in zip(speeds, cycle(STYLES), strict=False):
                own = [row for row in here if row["scheme"] == scheme and row["speed_kmh"] == speed]
                panel.plot(
                    [row["symbol"] for row in own],
                    [row["sum_se"] for row in own],
                    color=colour,
                    marker=marker,
                    markersize=4,
                    lw=1,
                    label=f"{_TITLES[scheme]}, {speed:g} km/h",
                )
        panel.set_ylim(0, 1.1 * max(row["ci_high"] for row in here))
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        label_axes(panel, "OFDM symbol of the frame", "sum spectral efficiency [bit/s/Hz]")

    return _panels(rows, draw, "beams set once, from the CSI-RS")


def _panels(rows: Sequence[Row], draw: Callable[[Axes, Sequence[Row]], None], caption: str) -> Figure:
    """One panel for each SNR, and one legend for all."""
    snrs = sorted({row["snr_db"] for row in rows})
    figure = Figure(figsize=(4.0 * len(snrs), 4.3), layout="constrained")
    for panel, snr_db in zip(figure.subplots(1, len(snrs), squeeze=False)[0], snrs, strict=True):
        draw(panel, [row for row in rows if row["snr_db"] == snr_db])
        panel.set_title(f"SNR {snr_db:g} dB")
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=len(snrs), frameon=False, fontsize=9)
    figure.suptitle(caption, fontsize=10)
    return figure


def _grid(rows: Sequence[Row], offset_db: float | str) -> Figure:
    """Tables over (L, B): share of the genie, lead over the codebook, and what the dedicated model adds."""
    here = [row for row in rows if row["bs_power_offset_db"] == offset_db]
    snrs = sorted({row["snr_db"] for row in here})
    symbols = sorted({row["csirs_symbols"] for row in here})
    budgets = sorted({row["feedback_bits"] for row in here})
    tables: list[tuple[str, str, Callable[[Row], float], bool]] = [
        ("elastic", "share of the genie [%]", lambda row: 100 * row["share_of_genie"], False),
        ("elastic", "lead over the codebook [%]", _relative, True),
        ("dedicated", "dedicated over elastic [%]", _relative, True),
    ]
    tables = [table for table in tables if any(row["scheme"].endswith(table[0]) for row in here)]
    figure = Figure(figsize=(4.0 * len(snrs), 2.5 * len(tables) + 0.5), layout="constrained")
    panels = figure.subplots(len(tables), len(snrs), squeeze=False)
    for line, (suffix, title, value, signed) in zip(panels, tables, strict=True):
        for panel, snr_db in zip(line, snrs, strict=True):
            cells = np.full((len(symbols), len(budgets)), np.nan)
            for row in here:
                if row["scheme"].endswith(suffix) and row["snr_db"] == snr_db:
                    place = symbols.index(row["csirs_symbols"]), budgets.index(row["feedback_bits"])
                    cells[place] = value(row)
                    sure = (
                        signed
                        and row["difference_low"] is not None
                        and (row["difference_low"] > 0 or row["difference_high"] < 0)
                    )
                    panel.text(
                        place[1],
                        place[0],
                        f"{cells[place]:+.1f}" if signed else f"{cells[place]:.1f}",
                        ha="center",
                        va="center",
                        fontsize=9,
                        fontweight="bold" if sure else "normal",
                        color="white" if abs(cells[place]) > (7 if signed else 70) else "black",
                    )
            if signed:
                panel.imshow(cells, cmap="PuOr", vmin=-10, vmax=10, aspect="auto")
            else:
                panel.imshow(cells, cmap="Blues", vmin=0, vmax=100, aspect="auto")
            panel.set_xticks(range(len(budgets)), [str(budget) for budget in budgets])
            panel.set_yticks(range(len(symbols)), [str(count) for count in symbols])
            panel.set_xlabel("feedback bits B")
            panel.set_ylabel("CSI-RS symbols L")
            panel.set_title(f"{title}, {snr_db:g} dB", fontsize=10)
    figure.suptitle(
        "Bold: zero lies outside the 95 % interval of the difference, paired over drops, for one training seed",
        fontsize=10,
    )
    return figure


def _relative(row: Row) -> float:
    if row["difference"] is None:
        return float("nan")
    return float(100 * row["difference"] / (row["sum_se"] - row["difference"]))


def _short(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:g}"
