"""The figure of digital late fusion: bits of a UE, and mIoU, over the SNR."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from cscsanet.plots import STYLES, label_axes
from cscsanet.studies.digital.measure import DigitalRow


def bits_figure(rows: Sequence[DigitalRow], most: int) -> Figure:
    """Draw the bits that a block carries, and the mIoU with its 95 % interval. most: bits of a whole message."""
    figure = Figure(figsize=(9.2, 4.0), layout="constrained")
    carried, quality = figure.subplots(1, 2)
    names = list(dict.fromkeys(row.code.name for row in rows))
    for name, (colour, marker) in zip(names, STYLES, strict=False):
        of_code = [row for row in rows if row.code.name == name]
        snrs = [row.point.snr_db for row in of_code]
        style: dict[str, Any] = {"color": colour, "marker": marker, "markersize": 6, "linewidth": 1.5}
        if of_code[0].code.modelled:
            carried.plot(snrs, [max(row.carried * (1 - row.lost), 0.5) for row in of_code], **style)
        middle = np.array([row.miou.value for row in of_code])
        ends = np.array([[row.miou.low, row.miou.high] for row in of_code]).T
        errors = np.abs(ends - middle)
        quality.errorbar(snrs, middle, yerr=errors, capsize=2.5, elinewidth=1, label=name, **style)
    carried.axhline(most, color="#999999", linestyle="--", linewidth=1)
    carried.text(min(snrs), most * 1.1, "all bits of an image, uncoded", fontsize=8, color="#555555")
    carried.set_yscale("log")
    label_axes(carried, "SNR [dB]", "bits of a UE that arrive in a block")
    label_axes(quality, "SNR [dB]", "mIoU on the test part")
    quality.set_ylim(bottom=0)
    figure.legend(loc="outside lower center", ncols=4, frameon=False, fontsize=9)
    return figure
