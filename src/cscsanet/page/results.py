"""The results below reports/, read and checked for the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from cscsanet.errors import CscsanetError
from cscsanet.evaluation.rows import ResultRow
from cscsanet.page.pictures import Picture, read_picture
from cscsanet.parsing import parse_json

Record = Mapping[str, Any]  # an entry of a JSON file other than sweeps.json


@dataclass(frozen=True)
class Results:
    """All results; those that a profile does not make are empty."""

    rows: Sequence[ResultRow]
    claims: Record
    assumptions: Record
    equal: Record
    schemes: Sequence[Record]
    efficiency: Sequence[Record]
    separated: Mapping[str, Sequence[Record]]
    alignment: Sequence[Record]
    robustness: Sequence[Record]
    comparisons: Record
    complexity: Mapping[str, Sequence[Record]]
    parity: Record
    latency: Record
    access: Sequence[Record]
    access_claims: Record
    fusion: Sequence[Record]
    fusion_claims: Record
    trainings: Mapping[str, Record]
    times: Mapping[str, Record]
    masks: Record
    figures: Path
    pictures: dict[Path, Picture] = field(default_factory=dict)  # those that were read

    def picture(self, name: str, folder: str = "figures") -> Picture | None:
        """Return a figure; None if it was not drawn. folder: within reports/.

        Raises:
            CscsanetError: the file is no picture.
        """
        path = self.figures.parent / folder / f"{name}.png"
        if path not in self.pictures and path.exists():
            self.pictures[path] = read_picture(path)
        return self.pictures.get(path)

    def confusions(self) -> dict[str, Picture | None]:
        """Return the confusion matrix of each scheme that has one."""
        stems = sorted(path.stem for path in self.figures.glob("confusion_*.png"))
        return {stem.removeprefix("confusion_"): self.picture(stem) for stem in stems}


def read_results(reports: Path) -> Results:
    """Read the results below a folder.

    Raises:
        CscsanetError: the rows or the claims are missing, or a file is damaged.
    """
    training = reports / "training"
    return Results(
        rows=_rows(reports / "sweeps.json"),
        claims=_read(reports / "claims.json", dict),
        assumptions=_optional(reports / "assumptions.json", dict),
        equal=_optional(reports / "equal.json", dict),
        schemes=_optional(reports / "schemes.json", list),
        efficiency=_optional(reports / "spectral_efficiency.json", list),
        separated=_optional(reports / "separated.json", dict),
        alignment=_optional(reports / "alignment.json", list),
        robustness=_optional(reports / "robustness.json", list),
        comparisons=_optional(reports / "robustness_metrics.json", dict),
        complexity=_optional(reports / "complexity.json", dict),
        parity=_optional(reports / "parity.json", dict),
        latency=_optional(reports / "latency.json", dict),
        access=_optional(reports / "specialists" / "access.json", list),
        access_claims=_optional(reports / "specialists" / "access_claims.json", dict),
        fusion=_optional(reports / "specialists" / "fusion.json", list),
        fusion_claims=_optional(reports / "specialists" / "fusion_claims.json", dict),
        trainings={
            path.relative_to(training).with_suffix("").as_posix(): _read(path, dict)
            for path in sorted(training.rglob("*.json"))
        },
        times={path.stem: _read(path, dict) for path in sorted((reports / "times").glob("*.json"))},
        masks=_optional(reports / "figures" / "masks.json", dict),
        figures=reports / "figures",
    )


def _rows(path: Path) -> list[ResultRow]:
    try:
        return [ResultRow.model_validate(row, strict=True) for row in _read(path, list)]
    except ValidationError as error:
        fault = error.errors()[0]
        field = ".".join(str(part) for part in fault["loc"])
        raise CscsanetError(
            f"{path}: not result rows ({field}: {fault['msg']}); run 'dvc repro' to make it again"
        ) from None


def _optional(path: Path, kind: type) -> Any:
    return _read(path, kind) if path.exists() else kind()


def _read(path: Path, kind: type) -> Any:
    try:
        content = parse_json(path.read_text(encoding="utf-8"))
        if not isinstance(content, kind):
            raise ValueError
        return content
    except (OSError, ValueError):
        raise CscsanetError(f"{path}: no such file, or damaged; run 'dvc repro' to make it") from None
