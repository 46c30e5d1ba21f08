"""Make plain docstrings readable in the site: a griffe extension.

A docstring of this project is prose in which `name: what it is.` describes an argument, and `>>>` starts an example. Here
each argument becomes an item of a list, and each example a block of code. `Raises:` is left to the parser.
"""

import re
from collections.abc import Iterator
from typing import Any

import griffe

_SKIP = re.compile(r"\s*# doctest:.*$", re.MULTILINE)


class Docstrings(griffe.Extension):
    """Rewrite the docstrings of a package, once it is read as a whole."""

    def on_package(self, *, pkg: griffe.Module, **kwargs: Any) -> None:
        """Rewrite the docstring of every module, class, function and attribute."""
        for obj in _every(pkg):
            if obj.docstring:
                obj.docstring.value = readable(obj.docstring.value, names_of(obj))


def _every(obj: griffe.Object) -> Iterator[griffe.Object]:
    yield obj
    for member in obj.members.values():
        # What a module imports is read where it is defined.
        if not member.is_alias:
            yield from _every(member)


def names_of(obj: griffe.Object) -> set[str]:
    """Return the names that a docstring may describe: parameters, and attributes of a class."""
    names: set[str] = set()
    if isinstance(obj, griffe.Function):
        names |= {parameter.name.lstrip("*") for parameter in obj.parameters}
    if isinstance(obj, griffe.Class):
        names |= set(obj.members)
        init = obj.members.get("__init__")
        if isinstance(init, griffe.Function):
            names |= {parameter.name for parameter in init.parameters}
            names |= set(re.findall(r"self\.(\w+)", "".join(init.source)))
    return names - {"self", "cls"}


def readable(text: str, names: set[str]) -> str:
    """Return a docstring as Markdown. names: that it may describe."""
    blocks = re.split(r"\n\s*\n", text.strip("\n"))
    return "\n\n".join(part for block in blocks for part in _block(block, names))


def _block(block: str, names: set[str]) -> Iterator[str]:
    if block.lstrip().startswith(">>>"):
        yield f"```pycon\n{_SKIP.sub('', _dedented(block))}\n```"
    elif block.startswith("    ") or re.match(r"\s*(Raises|Axes):", block):
        # Formulas and drawings are code already. A legend of axes describes no arguments.
        yield block
    else:
        yield from _arguments(block, names)


def _arguments(block: str, names: set[str]) -> Iterator[str]:
    """Yield the prose of a paragraph, and a list of the arguments that it describes."""
    if not names:
        yield block
        return
    known = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    # At the start, or after the end of a sentence: "a, b: what they are."
    label = re.compile(rf"(?:^|(?<=[.;])\s+|\n)((?:{known})(?:, (?:{known}))*): ", re.DOTALL)
    parts = label.split(block)
    if parts[0].strip():
        yield parts[0].strip()
    items = [
        f"- {', '.join(f'`{name}`' for name in labels.split(', '))}: {' '.join(said.split())}"
        for labels, said in zip(parts[1::2], parts[2::2], strict=True)
    ]
    if items:
        yield "\n".join(items)


def _dedented(block: str) -> str:
    lines = block.splitlines()
    indent = len(lines[0]) - len(lines[0].lstrip())
    return "\n".join(line[indent:] for line in lines)
