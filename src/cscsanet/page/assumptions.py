"""What the paper leaves open, for the page: each variant with its levels, leads and verdicts, and each claim under all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cscsanet.page.results import Record

AS_HERE = "as-here"
AGAIN = (
    "again"  # a variant of this name changes nothing but the rounding, and shows the least that chance does
)
_SHOWN = ("noma", "oma", "dlcsi-pca")
_SHOWN_LEADS = (("noma", "oma"), ("noma", "dlcsi-pca"))


@dataclass(frozen=True)
class VariantLine:
    """One variant. levels: (scheme, SNR) -> row. leads: (leader, other, SNR) -> row."""

    name: str
    what: str
    trained: Sequence[str]
    levels: Mapping[tuple[str, float], Record]
    leads: Mapping[tuple[str, str, float], Record]


@dataclass(frozen=True)
class Study:
    """All variants. snrs, schemes, leads: of which levels and leads are shown. claims: id -> its record."""

    variants: Sequence[VariantLine]
    snrs: Sequence[float]
    schemes: Sequence[str]
    leads: Sequence[tuple[str, str]]
    claims: Mapping[str, Record]

    @property
    def others(self) -> list[VariantLine]:
        """The variants that differ from the project's parameters."""
        return [line for line in self.variants if line.name not in (AS_HERE, AGAIN)]

    def under(self, claim: str) -> list[str]:
        """Return what reproduces a claim, as text, without the project's parameters themselves."""
        if claim not in self.claims:
            return []
        names = self.claims[claim]["reproduced_under"]
        return [f"{line.what} ({line.name})" for line in self.others if line.name in names]

    def here(self, claim: str) -> str | None:
        """Return the verdict on one training of the project's parameters."""
        verdicts: Mapping[str, str] = self.claims[claim]["verdicts"] if claim in self.claims else {}
        return verdicts.get(AS_HERE)

    def sentence(self, claim: str) -> str:
        """Say under how many of the other assumptions a claim is reproduced; empty if it was not judged there."""
        if claim not in self.claims:
            return ""
        count, under = len(self.others), self.under(claim)
        # With one training an interval does not cover seeds.
        also = (
            " One training of these parameters reproduces it, too."
            if self.here(claim) == "reproduced"
            else ""
        )
        if not under:
            return f"The paper's form: reproduced under none of {count} other assumptions.{also}"
        of_all = f"all of {count}" if len(under) == count else f"{len(under)} of {count}"
        listed = "" if len(under) == count else f": {'; '.join(under)}"
        return f"The paper's form: reproduced under {of_all} other assumptions{listed}.{also}"


def study(results: Record, snrs: Sequence[float]) -> Study | None:
    """Return the study of reports/assumptions.json; None if there is none. snrs: to show, of those that it has."""
    variants = results.get("variants", [])
    if not variants:
        return None
    lines = [
        VariantLine(
            name=each["name"],
            what=each["what"],
            trained=each["trained"],
            levels={(row["scheme"], row["snr_db"]): row for row in each["levels"]},
            leads={(row["leader"], row["other"], row["snr_db"]): row for row in each["leads"]},
        )
        for each in variants
    ]
    first = lines[0]
    return Study(
        variants=lines,
        snrs=[snr for snr in snrs if any(level[1] == snr for level in first.levels)],
        schemes=[name for name in _SHOWN if any(scheme == name for scheme, _ in first.levels)],
        leads=[pair for pair in _SHOWN_LEADS if any(lead[:2] == pair for lead in first.leads)],
        claims={claim["id"]: claim for claim in results["claims"]},
    )


def compared_snrs(equal: Record) -> list[float]:
    """Return the SNRs at which schemes are compared, those of the leads at equal elements."""
    leads: Sequence[dict[str, Any]] = equal.get("leads", [])
    return list(dict.fromkeys(lead["snr_db"] for lead in leads))
