"""The kind of each value in params.yaml: a number is no text and no truth value, and a list repeats no entry.

Without this, pydantic takes `true` for 1 and `'1'` for a number.
"""

from collections.abc import Mapping
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel


def check_kind(value: Any, kind: Any) -> None:
    """Check a value, and the entries of a list, against the type of their parameter.

    kind: the type that the parameter is declared with.

    Raises:
        ValueError: the value is of another kind, or an entry of a list is there twice.
    """
    while get_origin(kind) in (Annotated, UnionType, Union):
        if get_origin(kind) is not Annotated:
            if value is None:
                return
            kind = _alternative(value, [each for each in get_args(kind) if each is not NoneType])
        else:
            kind = get_args(kind)[0]
    if get_origin(kind) is tuple:
        _check_list(value, get_args(kind))
    elif kind is bool and not isinstance(value, bool):
        raise ValueError(f"must be true or false{_is_text(value)}")
    elif kind in (int, float):
        _check_number(value, kind)
    elif kind is str and not isinstance(value, str):
        raise ValueError("must be text; write it in quotes")
    elif isinstance(kind, type) and issubclass(kind, BaseModel) and not isinstance(value, (Mapping, kind)):
        raise ValueError("must be a section; write its keys below it")


def _alternative(value: Any, kinds: list[Any]) -> Any:
    """Return the kind that a value is meant to be of: of text and a list, text if it is text."""
    texts = [kind for kind in kinds if kind is str or str in get_args(kind)]
    others = [kind for kind in kinds if kind not in texts]
    return (texts or others)[0] if isinstance(value, str) or not others else others[0]


def _check_number(value: Any, kind: type) -> None:
    name = "a whole number" if kind is int else "a number"
    if isinstance(value, bool):
        raise ValueError(f"must be {name}; true and false are none")
    if isinstance(value, str):
        raise ValueError(
            f"must be {name}{_is_text(value)}; write it in plain digits and without quotes, as 1000 or 0.001"
        )
    if not isinstance(value, (int, float)):
        raise ValueError(f"must be {name}{', and is empty' if value is None else ''}")
    if kind is int and isinstance(value, float):
        whole = f"; write {value:.0f}" if value.is_integer() else ""
        raise ValueError(f"must be {name}{whole}")


def _check_list(value: Any, kinds: tuple[Any, ...]) -> None:
    several = kinds[-1] is ...
    length = "" if several else f" of {len(kinds)} values"
    if not isinstance(value, (list, tuple)) or not (several or len(value) == len(kinds)):
        example = "" if isinstance(value, (list, tuple, Mapping)) else f"; write {_example(value, kinds)}"
        raise ValueError(f"must be a list{length}{example}")
    for entry, kind in zip(value, kinds[:1] * len(value) if several else kinds, strict=True):
        try:
            check_kind(entry, kind)
        except ValueError as error:
            raise ValueError(f"{entry!r} {error}") from None
    if several:
        for index, entry in enumerate(value):
            if entry in value[:index]:
                raise ValueError(f"{_shown(entry)} is there twice; name each entry once")


def _example(value: Any, kinds: tuple[Any, ...]) -> str:
    return f"[{', '.join([str(value)] * (1 if kinds[-1] is ... else len(kinds)))}]"


def _is_text(value: Any) -> str:
    return ", and is text" if isinstance(value, str) else ""


def _shown(entry: Any) -> str:
    return str(entry.model_dump() if isinstance(entry, BaseModel) else entry)
