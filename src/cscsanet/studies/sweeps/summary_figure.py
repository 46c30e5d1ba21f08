"""The figure that a newcomer sees first: mIoU of the main schemes at equal elements and energy, at two SNRs."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from cscsanet.config.schemes import FLOOR, SCHEMES
from cscsanet.plots import label_axes
from cscsanet.studies.sweeps.panels import Panel

# What is shown, from top to bottom, and in words; schemes that were not measured are left out.
_LINES = {
    "ideal": "error-free link (ceiling)",
    "noma-tracked": "CSC-SA-Net, phases tracked (ours)",
    "noma-aligned": "CSC-SA-Net, phases aligned (ours)",
    "noma": "CSC-SA-Net, the paper's form",
    "oma": "CSC-SA-Net, orthogonal access",
    "digital-ideal": "digital late fusion, at capacity (bound)",
    "digital-coded": "digital late fusion, finite codes",
    "dlcsi-pca-lean": "separated, tracking in place of DMRS (ours)",
    "perfect-pca": "separated, perfect initial CSI",
    "dlcsi-pca": "separated, learned CSI",
    "codebook": "separated, codebook beams",
    FLOOR: "every pixel {background} (floor)",
}
_GREY = "#777777"


def summary_figure(panel: Panel, snrs: Sequence[float], background: str) -> Figure:
    """Draw a line for each scheme, with a filled dot at the first SNR and an open one at each other.

    panel: over the SNR. snrs: some of its values [dB]. background: the name of class 0.
    """
    names = [name for name in _LINES if name in panel.curves]
    places = [panel.values.index(snr) for snr in snrs]
    figure = Figure(figsize=(7.2, 0.33 * len(names) + 1.2), layout="constrained")
    axes = figure.subplots()
    for row, name in enumerate(names):
        look = SCHEMES[name].look if name in SCHEMES else None
        colour = look.colour if look and not look.dashes else _GREY
        for place, snr in zip(places, snrs, strict=True):
            estimate = panel.curves[name][place]
            axes.plot([estimate.low, estimate.high], [row] * 2, color=colour, linewidth=2, alpha=0.55)
            face = colour if snr == snrs[0] else "white"
            axes.plot(estimate.value, row, "o", color=colour, markerfacecolor=face, markersize=7)
    axes.set_yticks(
        range(len(names)),
        [f"{_LINES[name].format(background=background)}\n{name}" for name in names],
        fontsize=8,
    )
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlim(0, None)
    axes.set_xticks(np.arange(0, axes.get_xlim()[1], 0.1))
    label_axes(axes, "mIoU on the test part", "")
    handles = [
        Line2D([], [], color="#333333", marker="o", linestyle="", markerfacecolor=face, label=f"{snr:g} dB")
        for snr, face in zip(snrs, ["#333333", *["white"] * len(snrs)], strict=False)
    ]
    title = f"{panel.elements[0]} resource elements and equal energy, 95 % intervals"
    figure.legend(
        handles=handles, loc="outside upper center", ncols=len(snrs), frameon=False, fontsize=9, title=title
    )
    return figure
