"""Every block of Python in README.md and docs/ runs, the blocks of a page one after another, in an empty folder."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

import cscsanet

ROOT = Path(__file__).parents[2]
_BLOCK = re.compile(r"^```python\n(.*?)^```$", re.DOTALL | re.MULTILINE)
_SHOWN = re.compile(r"^print\((?P<what>.*)\)  # (?P<text>.+)$", re.MULTILINE)
# What runs elsewhere -> where.
ELSEWHERE = {"extending.md": "edits of the package: test_extending.py follows them in a copy of the project"}


def ray_traced() -> dict[str, object]:
    """Return what the block for Sionna RT starts from: paths as its solver returns them, at twenty positions."""
    values = torch.Generator().manual_seed(1)

    def drawn(*extra: int) -> torch.Tensor:
        return torch.rand(20, 1, *extra, 3, generator=values)

    fields = {name: 3 * drawn() for name in ("theta_t", "phi_t", "theta_r", "phi_r", "doppler")}
    gains = (drawn(1, 1), drawn(1, 1))
    paths = SimpleNamespace(a=gains, tau=1e-7 + 1e-6 * drawn(), valid=drawn() >= 0, **fields)
    return {"np": np, "paths": paths}


# Names that the text of a page presupposes.
PREPARED = {"channel-sources.md": ray_traced}


def blocks(page: Path) -> list[str]:
    return _BLOCK.findall(page.read_text(encoding="utf-8"))


PAGES = [page for page in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))) if blocks(page)]


def checked(block: str) -> str:
    """Return a block in which `print(x)  # text` compares what it prints with the text beside it."""
    return _SHOWN.sub(lambda match: f"_same({match['text']!r}, {match['what']})", block)


def same(text: str, *values: object) -> None:
    assert " ".join(map(str, values)) == text


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Iterator[Path]:
    """An empty folder with the sample pictures, beside the script and where a clone has them."""
    shutil.copytree(ROOT / "docs" / "sample", tmp_path / "docs" / "sample")
    for picture in (ROOT / "docs" / "sample").iterdir():
        shutil.copy(picture, tmp_path)
    monkeypatch.chdir(tmp_path)
    backend = plt.get_backend()
    plt.switch_backend("Agg")
    yield tmp_path
    plt.close("all")
    plt.switch_backend(backend)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_blocks_of_a_page_run(page, folder):
    if page.name in ELSEWHERE:
        pytest.skip(ELSEWHERE[page.name])
    names: dict[str, object] = {"_same": same, "__name__": "page"}
    names |= PREPARED.get(page.name, dict)()
    for number, block in enumerate(blocks(page), 1):
        exec(compile(checked(block), f"{page.name}, block {number}", "exec"), names)


def test_the_file_of_the_block_for_sionna_rt_is_read(folder):
    names = ray_traced()
    (block,) = blocks(ROOT / "docs" / "channel-sources.md")
    exec(block, names)
    drops = cscsanet.draw_channels(2, source="paths", file="city.npz")
    assert drops.paths.gain.shape[:2] == (2, 2)


def test_what_runs_elsewhere_has_blocks():
    assert set(ELSEWHERE) <= {page.name for page in PAGES}
    assert {"python.md", "building-blocks.md"} <= {page.name for page in PAGES}


def test_a_wrong_output_is_noticed():
    right, wrong = checked("print(1, 2)  # 1 2\n"), checked("print(1, 2)  # 1 3\n")
    exec(right, {"_same": same})
    with pytest.raises(AssertionError):
        exec(wrong, {"_same": same})
