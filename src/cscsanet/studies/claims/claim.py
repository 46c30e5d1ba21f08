"""A claim as data, and the comparisons that it stands for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.schemes import SCHEMES, SEPARATED_ROLES, Form, proposal, schemes_of
from cscsanet.config.studies import EvaluationParams
from cscsanet.evaluation.sweeps import Sweep, sweep
from cscsanet.studies.claims.terms import FEW, GOALS, Kind, Operands
from cscsanet.studies.claims.verdicts import Comparison

Group = Literal["noma", "oma", "estimated", "perfect", "separated", "rivals", "paper form", "ceiling"]
PanelName = Literal[
    "csirs",
    "csirs, few symbols",
    "bits",
    "snr",
    "low snr",
    "high snr",
    "from low snr",
    "compared",
    "symbols",
]
LOW_SNR_DB, HIGH_SNR_DB = -30.0, -20.0  # the ends of Fig. 10, three points each: up to, and from


@dataclass(frozen=True)
class Claim:
    """One claim.

    figure: the paper's figure that it is about, or "". statement, rule: text, in which {names} stand
    for values of `Subject.text`. kind: turns schemes and panels into comparisons. leaders, others:
    groups of schemes. panels: of points. threshold: mIoU that each comparison must exceed.
    """

    id: str
    figure: str
    statement: str
    rule: str
    kind: Kind
    leaders: tuple[Group, ...] = ()
    others: tuple[Group, ...] = ()
    panels: tuple[PanelName, ...] = ()
    threshold: float = 0.0


@dataclass(frozen=True)
class Subject:
    """What claims are judged on: the sweeps, and the form of CSC-SA-Net in `noma` and `oma`.

    dedicated: (scheme, repeat) -> the point that the repeat was trained for alone. among: the schemes to compare; by
    default all of a group.
    """

    evaluation: EvaluationParams
    form: Form
    dedicated: Mapping[tuple[str, str], OperatingPoint] = field(default_factory=dict)
    among: Sequence[str] = tuple(SCHEMES)

    def comparisons(self, claim: Claim) -> list[Comparison]:
        """Return the comparisons of a claim."""
        return claim.kind(
            Operands(
                [name for group in claim.leaders for name in self._schemes(group)],
                [name for group in claim.others for name in self._schemes(group)],
                [panel for name in claim.panels for panel in self._panels(name)],
                claim.threshold,
                self.dedicated,
            )
        )

    def text(self, claim: Claim) -> dict[str, Any]:
        """Return the fields of a claim that the ledger shows."""
        few, *more = self.evaluation.panels
        values = {
            "few_csirs": FEW["csirs_symbols"],
            "few_bits": FEW["feedback_bits"],
            "few_symbols": few,
            "many_symbols": more[0] if more else "another, not swept",
            "low_snr": f"{LOW_SNR_DB:g}",
            "high_snr": f"{HIGH_SNR_DB:g}",
            "compared_snr": ", ".join(f"{snr:g}" for snr in self.evaluation.compared_snr_db),
            "goals": ", ".join(f"{share:.0%} at {snr_db:g} dB" for snr_db, share in GOALS.items()),
        }
        return {
            "id": claim.id,
            "figure": claim.figure,
            "statement": claim.statement.format(**values),
            "rule": claim.rule.format(**values),
        }

    def _schemes(self, group: Group) -> list[str]:
        match group:
            case "noma" | "oma":
                return [proposal(group, self.form)]
            case "paper form":
                return [proposal("noma", "paper")]
            case "separated":
                return schemes_of(*SEPARATED_ROLES, among=self.evaluation.swept)
            case "rivals":
                return schemes_of(*SEPARATED_ROLES, "lean", "digital", among=self.evaluation.swept)
            case "ceiling":
                return [name for name in schemes_of("ceiling") if SCHEMES[name].access == "noma"]
            case _:
                return schemes_of(group, among=self.among)

    def _panels(self, name: PanelName) -> list[Sweep]:
        evaluation = self.evaluation
        snr = sweep(evaluation, "snr_db")
        match name:
            case "csirs":
                return [sweep(evaluation, "csirs_symbols", count) for count in evaluation.panels]
            case "csirs, few symbols":
                return [sweep(evaluation, "csirs_symbols", evaluation.panels[0])]
            case "bits":
                return [sweep(evaluation, "feedback_bits", count) for count in evaluation.panels]
            case "snr":
                return [snr]
            case "low snr":
                return [snr.only([point for point in snr.points if point.snr_db <= LOW_SNR_DB])]
            case "high snr":
                return [snr.only([point for point in snr.points if point.snr_db >= HIGH_SNR_DB])]
            case "from low snr":
                return [snr.only([point for point in snr.points if point.snr_db >= LOW_SNR_DB])]
            case "compared":
                return [
                    snr.only([point for point in snr.points if point.snr_db in evaluation.compared_snr_db])
                ]
            case "symbols":
                return [sweep(evaluation, "data_symbols")]
