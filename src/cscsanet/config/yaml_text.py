"""The YAML of params.yaml, read so that no value means something else than it shows.

Plain scalars are those of YAML 1.2. Under YAML 1.1 `010` is 8, `1:30` is 90, `no` is false, `1_000`
is 1000 and `1e-3` is text. Here `1e-3` is a number, and all others are text, which is then refused
where a number is due. A key that is there twice is an error, since its last value would win.
"""

import re
from pathlib import Path
from typing import Any

import yaml

from cscsanet.errors import CscsanetError
from cscsanet.parsing import BoundedLoader, check_values


class _Loader(BoundedLoader):
    """A loader with the scalars of YAML 1.2, and without tags and repeated keys."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """Return a node that has no tag in the text."""
        event: Any = self.peek_event()  # type: ignore[no-untyped-call]
        if getattr(event, "tag", None) is not None:
            line = event.start_mark.line + 1 if event.start_mark else 0
            raise CscsanetError(f"line {line}: tag {event.tag}: write the value without a tag")
        return super().compose_node(parent, index)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        """Return a mapping, whose keys are text and differ."""
        lines: dict[str, int] = {}
        for key, _ in node.value:
            line = key.start_mark.line + 1
            if key.tag == "tag:yaml.org,2002:merge":
                continue
            if key.tag != "tag:yaml.org,2002:str":
                shown = getattr(key, "value", "") if isinstance(key, yaml.ScalarNode) else "a list or mapping"
                raise CscsanetError(
                    f"line {line}: key {shown}: must be text; write it in quotes or remove it"
                )
            if key.value in lines:
                raise CscsanetError(
                    f"line {line}: key {key.value} is there already at line {lines[key.value]}; keep one of them"
                )
            lines[key.value] = line
        return super().construct_mapping(node, deep)


_INTEGER = r"(?:0|[1-9][0-9]*)"
for _kind, _pattern, _first in (
    ("null", r"~|null|Null|NULL|", "~nN"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", rf"[-+]?{_INTEGER}", "-+0123456789"),
    (
        "float",
        rf"[-+]?(?:(?:{_INTEGER}(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][-+]?[0-9]+)?|\.(?:inf|Inf|INF))|\.(?:nan|NaN|NAN)",
        "-+.0123456789",
    ),
    ("merge", r"<<", "<"),
):
    _Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_kind}", re.compile(rf"^(?:{_pattern})$"), [*_first, *([""] * (_kind == "null"))]
    )


def read_yaml(path: Path) -> Any:
    """Return the content of a YAML file; `OSError` if it cannot be opened.

    Raises:
        CscsanetError: the file is no UTF-8 or no YAML, a key is there twice, or a value has a tag.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise CscsanetError(f"{path}: not UTF-8 at byte {error.start + 1}; save it as UTF-8") from None
    try:
        return parse_yaml(text)
    except CscsanetError as error:
        raise CscsanetError(f"{path}: {error}") from None


def parse_yaml(text: str) -> Any:
    """Return the content of YAML text; errors as in `read_yaml`, without the path."""
    try:
        # A SafeLoader: no object but lists, mappings and scalars can be made.
        value = yaml.load(text, _Loader)
        check_values(value)
        return value
    except CscsanetError:
        raise
    # PyYAML raises a few other types: for 5000 digits, or for lists that nest 500 times.
    except Exception as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise CscsanetError(f"not valid YAML: {reason[:200]}") from None
