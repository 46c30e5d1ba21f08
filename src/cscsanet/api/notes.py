"""What a user should know of a result: what a model was trained on, and how far a picture lies from it."""

from collections.abc import Mapping, Sequence
from typing import Any

from cscsanet.config.channel_notes import unphysical_notes
from cscsanet.config.operating_point import OperatingPoint
from cscsanet.config.schemes import scheme
from cscsanet.config.system import ChannelParams
from cscsanet.config.training_range import untrained_channel, untrained_points
from cscsanet.pipeline.pictures import training_pictures
from cscsanet.scenes.images import Pixels
from cscsanet.workflow.workspace import Workspace

_RENDERED_ONLY = "was trained on rendered scenes alone, so its masks of real pictures are not to be trusted"


def untrained_notes(
    name: str, models: Sequence[Mapping[str, Any]], channel: ChannelParams, points: Sequence[OperatingPoint]
) -> list[str]:
    """Return, once each, what lies outside the training of a scheme's models. models: metadata of their weights."""
    row = scheme(name)
    notes = unphysical_notes(channel) if row.over_air else []
    for metadata in models:
        over_air = "channels_train" in metadata["origin"].get("inputs", {})
        fields = row.sees if over_air else [field for field in row.sees if field == "data_symbols"]
        notes += untrained_points(metadata["params"]["points"], points, fields)
        if over_air and row.over_air:
            trained = metadata["params"]
            ranges = trained.get("training_channel")
            if ranges and row.role in ("tracked", "lean"):
                ranges = {**ranges, "oscillator_rad": trained["pilots"]["trained_oscillator_rad"]}
            notes += untrained_channel(trained["channel"], channel, ranges)
    return list(dict.fromkeys(notes))


def picture_notes(
    workspace: Workspace, name: str, models: Sequence[Mapping[str, Any]], pixels: Pixels
) -> list[str]:
    """Return what makes the mask of a pair of pictures doubtful, by the training of a scheme's models.

    models: metadata of their weights. pixels: uint8 [4, H, W].
    """
    if not models:
        return [
            f"{name}: its weights are from elsewhere, so how far these pictures lie from its training is unknown"
        ]
    for metadata in models:
        notes = notes_by_origin(
            workspace, name, metadata["params"]["scenes"]["source"], metadata["origin"], pixels
        )
        if notes is not None:
            return notes
    return []


def notes_by_origin(
    workspace: Workspace, name: str, source: str, origin: Mapping[str, Any], pixels: Pixels
) -> list[str] | None:
    """Return notes if a model was trained on rendered scenes alone, or on pictures unlike these; None: on no scenes.

    source: of its training scenes. origin: of its weights.
    """
    inputs = origin.get("inputs", {})
    if "scenes" not in inputs:
        return None
    notes = [f"{name} {_RENDERED_ONLY}"] if source == "rendered" else []
    statistics = training_pictures(workspace, inputs["scenes"], inputs["split"])
    if statistics is None:
        return [
            *notes,
            f"{name}: how far these pictures lie from its training is unknown; 'dvc repro pictures' tells",
        ]
    distance = statistics.distance(pixels)
    if distance > statistics.limit:
        notes.append(
            f"{name}: these pictures lie far from its training pictures, so the mask is not to be trusted "
            f"(distance {distance:.1f}, limit {statistics.limit:.1f}; {statistics.false_alarms:.1%} of its "
            f"{statistics.test_frames} test frames lie beyond)"
        )
    return notes


def unit_notes(trained: Mapping[str, Any], channel: ChannelParams, point: OperatingPoint) -> list[str]:
    """Return what lies outside the training of exported units. trained: the sections of their training."""
    fields = ("snr_db", "csirs_symbols", "feedback_bits", "data_symbols")
    notes = untrained_points(trained["points"], [point], fields)
    notes += untrained_channel(trained["channel"], channel, trained.get("training_channel"))
    return [*notes, *unphysical_notes(channel)]
