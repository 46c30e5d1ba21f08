"""The picture of one transmission: what both UEs sent, what arrived, and the link budget beside it."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from cscsanet.deployment.chain import Reception
from cscsanet.deployment.contract import MODALITIES


def constellation_figure(found: Reception, budget: Mapping[str, Any], title: str) -> Figure:
    """Draw the streams of each UE of the first drop, and the budget as text."""
    figure = Figure(figsize=(11, 4.2), layout="constrained")
    panels = figure.subplots(1, len(MODALITIES) + 1)
    for axes, name, sent in zip(panels, MODALITIES, found.streams, strict=False):
        for stream in range(sent.shape[-1]):
            samples = sent[0, ..., stream].ravel()
            axes.plot(samples.real, samples.imag, ".", markersize=3, label=f"stream {stream + 1}")
        axes.set_title(f"{name}: streams as sent")
        axes.set_xlabel("in phase")
        axes.set_ylabel("quadrature")
        axes.set_aspect("equal", "datalim")
        axes.legend(loc="upper right", fontsize="small")
    panels[-1].axis("off")
    panels[-1].text(0, 1, "\n".join(_lines(budget)), va="top", family="monospace", fontsize="small")
    figure.suptitle(title)
    return figure


def _lines(budget: Mapping[str, Any]) -> list[str]:
    lines = [
        f"noise at an antenna  {budget['noise_power_antenna_db']:7.1f} dB",
        f"noise, combined      {budget['noise_power_combined_db']:7.1f} dB",
    ]
    for name, user in zip(MODALITIES, budget["users"], strict=True):
        gains = " ".join(f"{gain:.1f}" for gain in user["path_gains_db"])
        lines += [
            "",
            f"UE {name}",
            f"feedback             {user['feedback_bits']:5d} bits",
            f"transmit power       {user['transmit_power']:7.3f} P_t",
            f"path gains           {gains} dB",
            f"received power       {user['received_power_db']:7.1f} dB",
            f"received SNR         {user['received_snr_db']:7.1f} dB",
            f"spectral efficiency  {user['spectral_efficiency']:7.2f} bit/s/Hz",
        ]
    return lines
