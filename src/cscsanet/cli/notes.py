"""What commands say about a result on standard error: the model, its training, and what to doubt."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import typer

from cscsanet.config.scenes.classes import BACKGROUND
from cscsanet.config.schemes import scheme
from cscsanet.errors import CscsanetError, printable

if TYPE_CHECKING:
    from pathlib import Path

    from cscsanet.config.operating_point import OperatingPoint
    from cscsanet.config.params import Params
    from cscsanet.evaluation.rows import ResultRow
    from cscsanet.scenes.layout import Part
    from cscsanet.workflow.workspace import Workspace


def note(text: str) -> None:
    """Print one note on standard error."""
    typer.echo(f"note: {printable(text)}", err=True)


def note_untrained(
    workspace: "Workspace", params: "Params", names: Sequence[str], points: Sequence["OperatingPoint"]
) -> None:
    """Print, once each, what lies outside the training of the schemes' models."""
    from cscsanet.api.notes import untrained_notes

    notes = [
        text
        for name in names
        for text in untrained_notes(name, _trained(workspace, name), params.channel, points)
    ]
    for text in dict.fromkeys(notes):
        note(text)


def note_not_in_package(names: Sequence[str]) -> None:
    """Print which schemes are not measured, as the package has no model of them and nobody has trained them here."""
    if names:
        note(f"{', '.join(names)}: not in the package and not trained here; run 'dvc repro' to train them")


def note_other_units(workspace: "Workspace", name: str, weights: str, units: "Path") -> None:
    """Print a note if units were exported from other weights than those that `predict` uses.

    weights: digest of those of the units.
    """
    from cscsanet.files import file_digest

    path = workspace.trained(scheme(name).weights[""])
    if path.is_file() and file_digest(path) != weights:
        note(
            f"{units}: exported from other weights than {path}; run 'cscsanet export --scheme {name}', "
            "and name its folder with --units"
        )


def check_training_data(workspace: "Workspace", names: Iterable[str], split: "Part") -> None:
    """Refuse to measure a model on frames of its training; note if it was trained on other frames.

    The training part may be measured, as it is asked for by its name.

    Raises:
        CscsanetError: a part holds training frames of a model, or may hold some.
    """
    if split == "train":
        return
    from cscsanet.pipeline.pictures import frame_digests, training_pictures
    from cscsanet.scenes.dataset import load_part

    digests = workspace.scene_digests()
    doubts: dict[str, str] = {}
    part: list[str] = []
    for name in names:
        for metadata in _trained(workspace, name):
            inputs = metadata["origin"].get("inputs", {})
            if "scenes" not in inputs or all(inputs[key] == digests[key] for key in ("scenes", "split")):
                continue
            mends = "run 'dvc repro' to train it again, or set scenes and split in params.yaml back"
            known = training_pictures(workspace, inputs["scenes"], inputs["split"])
            if known is None and inputs["scenes"] == digests["scenes"]:
                raise CscsanetError(
                    f"{name}: trained on another split of these scenes, so its training frames may be in the part "
                    f"{split}; {mends}"
                )
            doubts[name] = "" if known else ", and whether it was trained on some of these is unknown"
            part = part or frame_digests(load_part(workspace.scenes, workspace.split, split))
            seen = len(set(part) & set(known.training_frames)) if known else 0
            if seen:
                raise CscsanetError(
                    f"{name}: {seen} of the {len(part)} frames of the part {split} are training frames of it; {mends}"
                )
    for name, doubt in doubts.items():
        note(f"{name}: trained on other frames than those of this project{doubt}")


def note_floor(rows: Sequence["ResultRow"], floor: float) -> None:
    """Print which results lie within their interval of the floor. floor: mIoU of `class 0 everywhere`."""
    for row in rows:
        if row.ci_low <= floor:
            at = f" at {row.point.label()}" if row.point else ""
            note(
                f"{row.scheme}{at}: mIoU {row.miou:.4f} is within its interval of the floor, {floor:.4f} "
                f"with every pixel {next(iter(row.iou))}"
            )


def note_mask(name: str, shares: Mapping[str, float]) -> None:
    """Print a note if a mask has no labelled pixel. shares: class name -> share of the pixels."""
    for background in BACKGROUND:
        if set(shares) == {background}:
            note(f"{name}: every pixel of the mask is {background}")


def note_origin(workspace: "Workspace", names: Iterable[str]) -> None:
    """Print which trained models the schemes used."""
    from cscsanet.pipeline.shipping import origin

    by_origin: dict[str, list[str]] = {}
    for name in names:
        by_origin.setdefault(origin(workspace, name), []).append(name)
    for where, schemes in by_origin.items():
        typer.echo(f"model of {', '.join(schemes)}: {where}", err=True)


def _trained(workspace: "Workspace", name: str) -> list[dict[str, Any]]:
    """Return the metadata of a scheme's weights, without those from elsewhere."""
    from cscsanet.training.weights import weights_metadata

    paths = (workspace.trained(weights) for weights in scheme(name).weights.values())
    return [metadata for metadata in map(weights_metadata, paths) if metadata["params"]]
