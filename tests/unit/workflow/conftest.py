"""A small project to plant: a package `cscsanet` of a few modules, and stages that use it."""

from collections.abc import Callable
from pathlib import Path

import pytest

Plant = Callable[..., Path]

FILES = {
    "stages/code.py": "",
    "stages/draw.py": """
        from cscsanet.work import draw

        if __name__ == "__main__":
            draw()
    """,
    "stages/train.py": """
        from cscsanet.work import first, second

        STAGES = {"first": first, "second": second}

        if __name__ == "__main__":
            run(STAGES)
    """,
    "src/cscsanet/__init__.py": "",
    "src/cscsanet/errors.py": "class CscsanetError(Exception): ...\n",
    "src/cscsanet/files.py": "def write(path):\n    path.write_text('')\n",
    "src/cscsanet/work.py": '''
        """What the stages do."""

        import numpy as np

        from cscsanet import constants
        from cscsanet.errors import CscsanetError
        from cscsanet.shapes import Square, area

        def draw(count: int = 3) -> int:
            """Draw."""
            # A comment.
            return constants.LIMIT * count

        def first() -> float:
            return area(Square(2))

        def second() -> float:
            return np.sqrt(4)

        def unreached() -> int:
            return 1
    ''',
    "src/cscsanet/constants.py": "LIMIT = 5\nOTHER = 6\n",
    "src/cscsanet/shapes.py": """
        from functools import cache

        class Shape:
            sides = 0

            def scale(self):
                return 2

            def colour(self):
                return "red"

        class Square(Shape):
            def __init__(self, side):
                self.side = side

            def size(self):
                return self.side * super().scale()

        @cache
        def area(shape):
            return shape.size() ** 2
    """,
}


@pytest.fixture
def plant(tmp_path: Path) -> Plant:
    """Write the project into a new folder. edits: file -> its text, or (old, new) to replace in it."""

    def write(edits: dict[str, str | tuple[str, str]] | None = None) -> Path:
        root = tmp_path / f"project-{len(list(tmp_path.iterdir()))}"
        texts = {name: _dedent(text) for name, text in FILES.items()}
        for name, edit in (edits or {}).items():
            if isinstance(edit, str):
                texts[name] = _dedent(edit)
            else:
                assert edit[0] in texts[name]
                texts[name] = texts[name].replace(*edit)
        for name, text in texts.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)
        return root

    return write


def _dedent(text: str) -> str:
    lines = text.strip("\n").split("\n")
    margin = len(lines[0]) - len(lines[0].lstrip())
    return "\n".join(line[margin:] if line[:margin].isspace() else line for line in lines) + "\n"
