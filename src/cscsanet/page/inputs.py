"""What the page is made of: the results below reports/, read and checked."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cscsanet.errors import CscsanetError
from cscsanet.page.rows import Row


@dataclass(frozen=True)
class Inputs:
    """The results; what a profile does not make is empty."""

    rows: Sequence[Row]
    claims: Mapping[str, Any]
    schemes: Sequence[Mapping[str, Any]]
    efficiency: Sequence[Mapping[str, Any]]
    separated: Mapping[str, Sequence[Mapping[str, Any]]]
    alignment: Sequence[Mapping[str, Any]]
    complexity: Mapping[str, Sequence[Mapping[str, Any]]]
    parity: Mapping[str, Any]
    latency: Mapping[str, Any]
    trainings: Mapping[str, Mapping[str, Any]]
    times: Mapping[str, Mapping[str, Any]]
    figures: Path

    def picture(self, name: str) -> str | None:
        """Return a figure as a data URI; None where it was not drawn."""
        try:
            content = (self.figures / f"{name}.png").read_bytes()
        except OSError:
            return None
        return "data:image/png;base64," + base64.b64encode(content).decode("ascii")

    def confusions(self) -> list[str]:
        """Return the schemes that have a confusion matrix."""
        return sorted(path.stem.removeprefix("confusion_") for path in self.figures.glob("confusion_*.png"))


def read_inputs(reports: Path) -> Inputs:
    """Read the results below a folder.

    Raises:
        CscsanetError: the rows or the claims are missing, or some file is damaged.
    """
    training = reports / "training"
    return Inputs(
        rows=_read(reports / "sweeps.json"),
        claims=_read(reports / "claims.json"),
        schemes=_read(reports / "schemes.json", or_else=[]),
        efficiency=_read(reports / "spectral_efficiency.json", or_else=[]),
        separated=_read(reports / "separated.json", or_else={}),
        alignment=_read(reports / "alignment.json", or_else=[]),
        complexity=_read(reports / "complexity.json", or_else={}),
        parity=_read(reports / "parity.json", or_else={}),
        latency=_read(reports / "latency.json", or_else={}),
        trainings={
            path.relative_to(training).with_suffix("").as_posix(): _read(path)
            for path in sorted(training.rglob("*.json"))
        },
        times={path.stem: _read(path) for path in sorted((reports / "times").glob("*.json"))},
        figures=reports / "figures",
    )


def _read(path: Path, or_else: Any = None) -> Any:
    if or_else is not None and not path.exists():
        return or_else
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise CscsanetError(f"{path}: no such file, or damaged; run 'dvc repro' to make it") from None
