"""Labelled scenes for evaluations: rendered, or of a frames folder."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

from cscsanet.api.parameters import shipped_params
from cscsanet.errors import CscsanetError
from cscsanet.scene_sources.renderer.writer import write_rendered
from cscsanet.scenes.dataset import load_scenes as decode_scenes
from cscsanet.scenes.layout import PARTS, Part, names_in, read_list
from cscsanet.scenes.scene_set import SceneSet
from cscsanet.scenes.sequences import sequences_of

_SEQUENCES = 8  # the fewest that are rendered: streets by day and by night, in turn


@dataclass(frozen=True)
class Scenes:
    """Labelled RGB-thermal frames.

    frames: images uint8 (N, 4, H, W) and labels uint8 (N, H, W). sequences: of each frame, the drive that it belongs to;
    intervals are over these.
    """

    frames: SceneSet
    sequences: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.frames)

    def __repr__(self) -> str:
        height, width = self.frames.labels.shape[1:]
        return (
            f"Scenes({len(self)} frames of {height} x {width} pixels, {len(set(self.sequences))} sequences)"
        )


def render_scenes(count: int, *, seed: int = 1000, size: tuple[int, int] | None = None) -> Scenes:
    """Render frames of streets by day and by night, each a street of its own.

    seed: equal seeds give equal frames; the models of the package were trained on streets of seed 1. size: height and width
    [pixels]; None: those of the models of the package.

    >>> import cscsanet
    >>> cscsanet.render_scenes(2)
    Scenes(2 frames of 96 x 128 pixels, 2 sequences)

    Raises:
        CscsanetError: the count is not positive.
    """
    if count < 1:
        raise CscsanetError(f"count = {count}: must be at least 1")
    scenes = shipped_params().scenes
    height, width = size or (scenes.height, scenes.width)
    rounded = -(-count // _SEQUENCES) * _SEQUENCES
    with tempfile.TemporaryDirectory() as folder:
        frames = Path(folder) / "scenes"
        write_rendered(
            frames, sequences=rounded, frames_per_sequence=1, height=height, width=width, seed=seed, workers=1
        )
        return _decoded(frames, names_in(frames / "images")[:count])


def load_scenes(folder: str | Path, part: Part | None = None) -> Scenes:
    """Load the frames of a folder in MFNet's layout: `images/` (RGBA, the fourth channel thermal) and `labels/`.

    part: train, val or test, by the list of that name in the folder `split` beside it, which the pipeline makes, or in
    the folder itself; None: all frames.

    Raises:
        CscsanetError: the folder, a list or a file is missing or damaged.
    """
    frames = Path(folder)
    if part is None:
        return _decoded(frames, names_in(frames / "images"))
    if part not in PARTS:
        raise CscsanetError(f"part '{part}': there is none of that name; choose one of {', '.join(PARTS)}")
    split = frames.parent / "split"
    return _decoded(frames, read_list((split if split.is_dir() else frames) / f"{part}.txt"))


def _decoded(frames: Path, names: list[str]) -> Scenes:
    return Scenes(decode_scenes(frames, names), sequences_of(names, frames))
