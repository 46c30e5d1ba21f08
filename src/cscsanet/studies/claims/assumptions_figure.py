"""The figure of the study of assumptions: the leads of the paper's non-orthogonal form under each of them."""

from collections.abc import Mapping, Sequence
from textwrap import wrap
from typing import Any

from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator

from cscsanet.config.schemes import SCHEMES
from cscsanet.plots import label_axes

LEADER = "noma"
RIVALS = ("oma", "dlcsi-pca")
_LABEL_WIDTH = 40  # characters of a line


def leads_figure(variants: Sequence[Mapping[str, Any]], snrs: Sequence[float]) -> Figure:
    """Draw the leads over each rival, a line for each variant, with a filled dot at the first SNR and open ones at others.

    variants: of the summary, at least one.
    """
    rivals = [name for name in RIVALS if any(lead["other"] == name for lead in variants[0]["leads"])]
    figure = Figure(
        figsize=(3.4 * max(1, len(rivals)) + 2.6, 0.31 * len(variants) + 1.4), layout="constrained"
    )
    panels = figure.subplots(1, max(1, len(rivals)), sharey=True, squeeze=False)[0]
    for axes, rival in zip(panels, rivals, strict=False):
        look = SCHEMES[rival].look
        colour = look.colour if look else "#777777"
        for row, variant in enumerate(variants):
            for snr in snrs:
                for lead in variant["leads"]:
                    if (lead["leader"], lead["other"], lead["snr_db"]) != (LEADER, rival, snr):
                        continue
                    ends = [100 * lead["ci_low"], 100 * lead["ci_high"]]
                    axes.plot(ends, [row] * 2, color=colour, linewidth=2, alpha=0.55)
                    face = colour if snr == snrs[0] else "white"
                    axes.plot(100 * lead["lead"], row, "o", color=colour, markerfacecolor=face, markersize=6)
        axes.axvline(0, color="#333333", linewidth=1)
        axes.set_title(f"{LEADER} minus {rival}", fontsize=10)
        axes.xaxis.set_major_locator(MaxNLocator(nbins=5, integer=True))
        label_axes(axes, "points of mIoU", "")
    titles = ["\n".join(wrap(variant["what"], _LABEL_WIDTH)) for variant in variants]
    panels[0].set_yticks(range(len(variants)), titles, fontsize=8)
    panels[0].set_ylim(len(variants) - 0.4, -0.6)
    handles = [
        Line2D([], [], color="#333333", marker="o", linestyle="", markerfacecolor=face, label=f"{snr:g} dB")
        for snr, face in zip(snrs, ["#333333", *["white"] * len(snrs)], strict=False)
    ]
    title = "equal resource elements and energy, 95 % intervals over streets"
    figure.legend(
        handles=handles, loc="outside upper center", ncols=len(snrs), frameon=False, fontsize=9, title=title
    )
    return figure
