"""JSON and YAML in which every value is read as it is written, or refused.

The usual parsers keep the last of two values of one key, read 1e999 as infinity, and raise whatever
comes up for some texts: RecursionError for deep nesting, IndexError for `!!int ""`.
"""

import json
import math
from collections.abc import Hashable
from typing import Any

import yaml

# Far beyond the files of a project. Aliases can make a few lines stand for more values than fit in memory, and a merge
# (<<) writes them out.
_MOST_VALUES = 100_000
_DEEPEST = 100  # far below the depth at which Python's recursion ends, and PyYAML takes minutes
_MERGE = "tag:yaml.org,2002:merge"


def parse_json(text: str, *, infinite: bool = False) -> Any:
    """Return the value of a JSON text.

    infinite: whether numbers may be Infinity, which only Python writes.

    Raises:
        ValueError: it is not JSON, nests too deeply, or holds a key twice, a number that is not
            finite, or half of a surrogate pair.
    """

    def constant(name: str) -> float:
        if name == "NaN" or not infinite:
            raise ValueError(f"{name} is no number")
        return float(name)

    try:
        value = json.loads(text, object_pairs_hook=_once, parse_float=_finite, parse_constant=constant)
        if "\\u" in text:
            # Raises UnicodeEncodeError, a ValueError, for half of a pair, which no file or terminal takes.
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except RecursionError:
        raise ValueError("it nests too deeply") from None
    return value


def parse_yaml(text: str) -> Any:
    """Return the value of a YAML text, of the types that YAML has itself.

    Raises:
        ValueError: it is not YAML, nests too deeply, holds a key twice or half of a surrogate pair, or
            stands for too many values.
    """
    try:
        value = yaml.load(text, _Loader)
        check_values(value)
    # PyYAML raises a dozen types, for a date like 2001-13-01 or a tag that does not fit its value.
    except Exception as error:
        raise ValueError(" ".join(str(error).split())[:200] or type(error).__name__) from None
    return value


def check_values(value: Any) -> None:
    """Raise an error if a value is too large, or holds half of a surrogate pair.

    Raises:
        ValueError: as said.
    """
    waiting, count = [value], 0
    while waiting:
        entry = waiting.pop()
        count += 1
        if count > _MOST_VALUES:
            raise ValueError(f"its aliases stand for more than {_MOST_VALUES} values")
        if isinstance(entry, dict):
            waiting += [*entry, *entry.values()]
        elif isinstance(entry, list | tuple | set):
            waiting += entry
        elif isinstance(entry, str):
            entry.encode("utf-8")  # raises for half of a surrogate pair


class BoundedLoader(yaml.SafeLoader):
    """PyYAML's safe loader, which ends at the first excess of depth or of values, aliases written out."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self._sizes: dict[str, int] = {}
        self._values = self._depth = 0

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Return a node; ValueError if it is too deep, the values are too many, or an alias is within itself."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        before, is_alias = self._values, isinstance(event, yaml.AliasEvent)
        self._values += self._sizes.get(event.anchor, 0) if is_alias else 1
        if self._values > _MOST_VALUES:
            raise ValueError(f"its aliases stand for more than {_MOST_VALUES} values")
        self._depth += 1
        if self._depth > _DEEPEST:
            raise ValueError(f"it nests too deeply, over {_DEEPEST} levels")
        node = super().compose_node(parent, index)
        self._depth -= 1
        if is_alias and event.anchor not in self._sizes:
            raise ValueError("an alias is part of what it stands for")
        if event.anchor is not None:
            self._sizes[event.anchor] = self._values - before
        return node


class _Loader(BoundedLoader):
    """A loader that also refuses a key that a mapping has twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        """Return a mapping."""
        # A merge (<<) may hold keys that the mapping replaces.
        keys = [self.construct_object(key, deep=True) for key, _ in node.value if key.tag != _MERGE]
        if len(set(keys)) < len(keys):
            key = next(key for key in keys if keys.count(key) > 1)
            raise ValueError(
                f"key {key!r} occurs twice in the mapping from line {node.start_mark.line + 1} on"
            )
        return super().construct_mapping(node, deep)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        keys = [key for key, _ in pairs]
        raise ValueError(f"key {next(key for key in keys if keys.count(key) > 1)!r} occurs twice")
    return content


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text} is beyond what a number holds")
    return value
