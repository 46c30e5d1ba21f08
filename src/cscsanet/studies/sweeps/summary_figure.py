"""The figure that a newcomer sees first: the main schemes between floor and ceiling at equal elements, at two SNRs."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from cscsanet.config.schemes import FLOOR, SCHEMES, schemes_of
from cscsanet.plots import PHONE_TEXT, PHONE_WIDTH, enlarge_text, label_axes
from cscsanet.studies.sweeps.panels import Panel

# What is shown, from top to bottom, and in words; schemes that were not measured are left out.
_LINES = {
    "noma-tracked": "CSC-SA-Net, phases tracked (ours)",
    "noma-aligned": "CSC-SA-Net, phases aligned (ours)",
    "noma": "the paper's form, our CSI networks",
    "oma": "the same, orthogonal access",
    "digital-ideal": "bits at capacity, a bound",
    "digital-coded": "bits, codes of finite length",
    "dlcsi-pca-lean": "separated, tracked (ours)",
    "perfect-pca": "separated, perfect initial CSI",
    "dlcsi-pca": "separated, learned CSI",
    "codebook": "separated, codebook beams",
}
_GREY = "#555555"


def summary_figure(panel: Panel, snrs: Sequence[float]) -> Figure:
    """Draw a line for each scheme, with a filled dot at the first SNR and an open one at each other.

    A second axis counts shares, from 0 at the constant prediction to 100 % at the error-free link.
    panel: over the SNR. snrs: some of its values [dB].
    """
    names = [name for name in _LINES if name in panel.curves]
    places = [panel.values.index(snr) for snr in snrs]
    figure = Figure(figsize=(PHONE_WIDTH, 0.5 * len(names) + 1.9), layout="constrained")
    axes = figure.subplots()
    for row, name in enumerate(names):
        look = SCHEMES[name].look
        colour = look.colour if look and not look.dashes else _GREY
        for place, snr in zip(places, snrs, strict=True):
            estimate = panel.curves[name][place]
            axes.plot([estimate.low, estimate.high], [row] * 2, color=colour, linewidth=3, alpha=0.5)
            face = colour if snr == snrs[0] else "white"
            axes.plot(estimate.value, row, "o", color=colour, markerfacecolor=face, markersize=9)
        _label(axes, row, name)
    axes.set_ylim(len(names) - 0.55, -0.85)
    axes.set_yticks([])
    label_axes(axes, "mIoU on the test part", "")
    axes.spines["left"].set_visible(False)
    _shares(axes, panel, places[0])
    handles = [
        Line2D(
            [],
            [],
            color="#333333",
            marker="o",
            markersize=9,
            linestyle="",
            markerfacecolor=face,
            label=f"SNR {snr:g} dB",
        )
        for snr, face in zip(snrs, ["#333333", *["white"] * len(snrs)], strict=False)
    ]
    title = f"{panel.elements[0]} resource elements, equal energy, 95 % intervals"
    figure.legend(
        handles=handles,
        loc="outside upper center",
        ncols=len(snrs),
        frameon=False,
        fontsize=PHONE_TEXT,
        title=title,
    )
    enlarge_text(figure)
    return figure


def _label(axes: Axes, row: int, name: str) -> None:
    """Write a scheme's name, and what it is, above its line."""
    strong = axes.text(
        0.05,
        row - 0.17,
        name,
        transform=axes.get_yaxis_transform(),
        fontweight="bold",
        va="bottom",
        zorder=5,
    )
    axes.annotate(
        _LINES[name],
        xy=(1, 0),
        xycoords=strong,
        xytext=(7, 0),
        textcoords="offset points",
        color=_GREY,
        va="bottom",
        zorder=5,
    )


def _shares(axes: Axes, panel: Panel, place: int) -> None:
    """Draw floor and ceiling as lines, and count the shares between them on an axis at the top.

    place: of the SNR in the panel. Without a floor below a ceiling there are no shares.
    """
    ceilings = [name for name in schemes_of("ceiling") if SCHEMES[name].access == "noma"]
    ends = [panel.curves[name][place].value for name in (FLOOR, *ceilings) if name in panel.curves]
    if len(ends) < 2 or ends[0] >= ends[1]:
        return
    floor, ceiling = ends
    for value in ends:
        axes.axvline(value, color="#333333", linestyle=(0, (4, 3)), linewidth=1.3, zorder=1)
    axes.set_xlim(floor - 0.04 * (ceiling - floor), None)

    def to_share(miou: Any) -> Any:
        return 100 * (miou - floor) / (ceiling - floor)

    def to_miou(share: Any) -> Any:
        return floor + share * (ceiling - floor) / 100

    shares = axes.secondary_xaxis("top", functions=(to_share, to_miou))
    shares.set_xticks([0, 20, 40, 60, 80, 100])
    shares.tick_params(labelsize=PHONE_TEXT)
    shares.set_xlabel(
        "share [%] between the floor, a constant\nprediction, and the ceiling, an error-free link"
    )
    shares.spines["top"].set_visible(False)
