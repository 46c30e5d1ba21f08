"""The figures: the sum spectral efficiency over each axis, over bits and ports with weak SRS, and of the variants."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from cscsanet.config.fusion import OURS, FusionParams
from cscsanet.metrics.estimate import Estimate
from cscsanet.plots import STYLES, label_axes
from cscsanet.specialists.fusion.evidence import Condition, FusionEvidence
from cscsanet.specialists.fusion.points import AXES, WEAK, FusionPoint, axis, home, weak
from cscsanet.specialists.fusion.training import models

SHOWN = (OURS, "classical-fusion", "classical-relative", "srs-only", "feedback-only", "port-selection")
# Learned without our start.
_OTHERS = {"paper": ("#8c564b", "P"), "autoencoder": ("#bcbd22", "X")}
# What knows more than any BS, and SRS alone without learning: dashed, in gray.
_GRAY = {"perfect-rzf": ("#555555", "<"), "genie-srs": ("#999999", ">"), "srs-statistical": ("#000000", "x")}
_COLOURS = {**dict(zip(SHOWN, STYLES, strict=True)), **_OTHERS, **_GRAY}
_LABELS = {
    "feedback_bits": "bits of feedback B",
    "ports": "ports P",
    "srs_snr_db": "SNR of the SRS [dB]",
    "dl_snr_db": "SNR of the downlink [dB]",
    "age_ms": "age of the SRS [ms]",
    "speed_kmh": "speed [km/h]",
    "rho": "correlation of the links",
    "users": "users K",
}
_COUNTS = ("feedback_bits", "ports", "users")  # axes whose ticks are their points
_SUM_SE = "sum spectral efficiency [bit/s/Hz]"


def fusion_figures(params: FusionParams, evidence: FusionEvidence) -> dict[str, Figure]:
    """Return every figure by name."""
    return {
        "feedback": _feedback(params, evidence),
        "axes": _axes(params, evidence),
        "variants": _variants(params, evidence),
    }


def _feedback(params: FusionParams, evidence: FusionEvidence) -> Figure:
    """Draw bits and ports, with the SRS of the reference point and with weak ones."""
    figure = Figure(figsize=(11.0, 7.6), layout="constrained")
    panels = figure.subplots(2, 2, sharey="row")
    for row, start in zip(panels, (home(params), weak(params)), strict=True):
        for panel, name in zip(row, WEAK, strict=True):
            _curves(panel, evidence, axis(params, name, start), name)
            label_axes(panel, _LABELS[name], _SUM_SE if panel is row[0] else "")
            fixed = f"{start.ports} ports" if name == "feedback_bits" else f"{start.feedback_bits} bits"
            panel.set_title(f"SRS at {start.srs_snr_db:g} dB, {fixed}", fontsize=10)
    _legend(figure)
    return figure


def _axes(params: FusionParams, evidence: FusionEvidence) -> Figure:
    """Draw every other axis."""
    names = [name for name in AXES if name not in WEAK]
    figure = Figure(figsize=(13.0, 7.6), layout="constrained")
    panels = figure.subplots(2, 3).flatten()
    for panel, name in zip(panels, names, strict=True):
        _curves(panel, evidence, axis(params, name), name)
        label_axes(panel, _LABELS[name], _SUM_SE if panel in panels[::3] else "")
    _legend(figure)
    return figure


def _variants(params: FusionParams, evidence: FusionEvidence) -> Figure:
    """Draw ours and its variants, as intervals, at the reference point and with weak SRS."""
    names = list(dict.fromkeys([None, *(model.variant for model in models(params))]))
    figure = Figure(figsize=(11.0, 1.4 + 0.32 * len(names)), layout="constrained")
    panels = figure.subplots(1, 2, sharey=True)
    for panel, point in zip(panels, (home(params), weak(params)), strict=True):
        for row, name in enumerate(names):
            condition = Condition(OURS, point, name)
            if evidence.there(condition):
                value, low, high = evidence.mean(condition)
                colour = STYLES[0][0] if name is None else "#555555"
                panel.plot([low, high], [row, row], color=colour, linewidth=1.4)
                panel.plot(value, row, "o", color=colour, markersize=5)
        panel.set_title(f"SRS at {point.srs_snr_db:g} dB", fontsize=10)
        label_axes(panel, _SUM_SE, "")
    panels[0].set_yticks(range(len(names)), [name or OURS for name in names])
    panels[0].invert_yaxis()
    return figure


def _curves(panel: Axes, evidence: FusionEvidence, points: Sequence[FusionPoint], name: str) -> None:
    """Draw a curve with its band for each method."""
    for method, (colour, marker) in _COLOURS.items():
        shown = [
            (getattr(point, name), evidence.mean(Condition(method, point)))
            for point in points
            if evidence.there(Condition(method, point))
        ]
        if not shown:
            continue
        x = [place for place, _ in shown]
        values, low, high = ([getattr(each, part) for _, each in shown] for part in Estimate._fields)
        line = "--" if method in _GRAY else "-"
        panel.plot(x, values, line, color=colour, marker=marker, markersize=4, linewidth=1.4, label=method)
        panel.fill_between(x, low, high, color=colour, alpha=0.15, linewidth=0)
    if name in _COUNTS:
        panel.set_xticks([getattr(point, name) for point in points])
    panel.set_ylim(bottom=0)


def _legend(figure: Figure) -> None:
    handles, labels = figure.axes[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False, fontsize=9)
