"""A contact sheet of a dataset in MFNet's layout."""

from pathlib import Path

from cscsanet.errors import CscsanetError
from cscsanet.files import write_by_rename
from cscsanet.scenes.dataset import load_scenes
from cscsanet.scenes.layout import in_time_order, is_night, names_in
from cscsanet.scenes.preview import contact_sheet
from cscsanet.scenes.spread import spread


def preview_scenes(folder: Path, out: Path, frames: int, columns: int) -> str:
    """Write a contact sheet of frames spread evenly over the day and the night frames; return what to tell."""
    if not (folder / "images").is_dir():
        raise CscsanetError(
            f"{folder}: no images/ here; run 'dvc repro scenes', or name a dataset with --folder"
        )
    names = in_time_order(names_in(folder / "images"))
    night = [name for name in names if is_night(name)]
    day = [name for name in names if not is_night(name)]
    chosen = spread(day, frames - min(len(night), frames // 2)) + spread(night, frames // 2)
    scenes = load_scenes(folder, chosen)
    panels = [
        (name, image.permute(1, 2, 0).numpy(), label.numpy())
        for name, image, label in zip(scenes.names, scenes.images, scenes.labels, strict=True)
    ]
    sheet = contact_sheet(panels, columns=columns)
    write_by_rename(out, lambda partial: sheet.save(partial, format="PNG"))
    return f"{out}: {len(chosen)} of {len(names)} frames"
