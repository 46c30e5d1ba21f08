"""Small datasets on disk in MFNet's and in MSRS's layout, and the way faults are read."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, settings
from PIL import Image

from cscsanet.errors import CscsanetError

# A busy machine is no fault of the code.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

DAY = [f"{number:05d}D" for number in range(1, 9)]
NIGHT = [f"{number:05d}N" for number in range(11, 19)]
NAMES = DAY + NIGHT


def draw_scene(name: str, height: int, width: int):
    """RGBA pixels and labels that depend on the name alone."""
    generator = np.random.default_rng(int(name[:-1]))
    pixels = generator.integers(0, 255, size=(height, width, 4), dtype=np.uint8)
    labels = generator.integers(0, 9, size=(height, width), dtype=np.uint8)
    return pixels, labels


@pytest.fixture
def scene() -> Callable:
    return draw_scene


@pytest.fixture
def fault() -> Callable[..., str]:
    """Call something that must fail, and return its message, which must be one line."""

    def call(function, *args, **kwargs) -> str:
        with pytest.raises(CscsanetError) as caught:
            function(*args, **kwargs)
        message = str(caught.value)
        assert "\n" not in message
        return message

    return call


@pytest.fixture
def mfnet(tmp_path: Path) -> Path:
    """16 frames of 24 x 32 in MFNet's layout; the lists are not temporal, so that they can be told apart."""
    folder = tmp_path / "mfnet"
    (folder / "images").mkdir(parents=True)
    (folder / "labels").mkdir()
    for name in NAMES:
        pixels, labels = draw_scene(name, 24, 32)
        Image.fromarray(pixels).save(folder / "images" / f"{name}.png")
        Image.fromarray(labels).save(folder / "labels" / f"{name}.png")
    parts = {"train": NAMES[2:10], "val": NAMES[:2] + NAMES[14:], "test": NAMES[10:14]}
    for part, names in parts.items():
        (folder / f"{part}.txt").write_text("\n".join(names) + "\n")
    return folder


def write_msrs(root: Path, names: list[str]) -> None:
    for kind in ("vi", "ir", "Segmentation_labels"):
        (root / kind).mkdir(parents=True)
    for name in names:
        pixels, labels = draw_scene(name, 24, 32)
        Image.fromarray(pixels[..., :3]).save(root / "vi" / f"{name}.png")
        Image.fromarray(pixels[..., 3]).save(root / "ir" / f"{name}.png")
        Image.fromarray(labels).save(root / "Segmentation_labels" / f"{name}.png")


@pytest.fixture
def msrs(tmp_path: Path) -> Path:
    """The 16 frames in MSRS's flat layout."""
    write_msrs(tmp_path / "msrs", NAMES)
    return tmp_path / "msrs"


@pytest.fixture
def msrs_halves(tmp_path: Path) -> Path:
    """The 16 frames in MSRS's layout of two halves."""
    write_msrs(tmp_path / "msrs" / "train", NAMES[::2])
    write_msrs(tmp_path / "msrs" / "test", NAMES[1::2])
    return tmp_path / "msrs"
