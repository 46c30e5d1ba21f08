"""The kinds of values: numbers, truth values, text and lists are told apart, and no entry is repeated."""

import re
from typing import Annotated

import pytest
from pydantic import Field

from cscsanet.config.kinds import check_kind

Count = Annotated[int, Field(ge=1)]


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        (8, Count),
        (8, float),
        (0.5, float),
        (float("inf"), float),
        (True, bool),
        ("8", str),
        ([2, 8], tuple[Count, ...]),
        ((2, 8), tuple[Count, ...]),
        ([-25, -25.0], tuple[float, float]),
        ([[8, 64], [8, 16]], tuple[tuple[Count, Count], ...]),
        ([], tuple[Count, ...]),
        (None, Annotated[float, Field(gt=0)] | None),
        (0.5, Annotated[float, Field(gt=0)] | None),
    ],
)
def test_values_of_their_kind_pass(value, kind):
    check_kind(value, kind)


@pytest.mark.parametrize(
    ("value", "kind", "says"),
    [
        (True, Count, "must be a whole number; true and false are none"),
        (True, Annotated[float, Field(gt=0)] | None, "must be a number; true and false are none"),
        (False, float, "must be a number; true and false are none"),
        ("1", Count, "must be a whole number, and is text; write it in plain digits and without quotes"),
        ("1e-3", float, "must be a number, and is text"),
        (8.0, Count, "must be a whole number; write 8"),
        (8.5, Count, "must be a whole number"),
        (None, float, "must be a number, and is empty"),
        ([8], Count, "must be a whole number"),
        (1, bool, "must be true or false"),
        ("no", bool, "must be true or false, and is text"),
        (1, str, "must be text; write it in quotes"),
        (-25.0, tuple[float, float], "must be a list of 2 values; write [-25.0, -25.0]"),
        ([-25.0], tuple[float, float], "must be a list of 2 values"),
        (8, tuple[Count, ...], "must be a list; write [8]"),
        ("28", tuple[Count, ...], "must be a list; write [28]"),
        ([True, 8], tuple[Count, ...], "True must be a whole number"),
        ([8, 2, 8], tuple[Count, ...], "8 is there twice"),
        ([-25, 0.0, -25.0], tuple[float, ...], "-25.0 is there twice"),
        ([[8, 64], [8, 64]], tuple[tuple[Count, Count], ...], "[8, 64] is there twice"),
        ([8, 64], tuple[tuple[Count, Count], ...], "8 must be a list of 2 values"),
    ],
)
def test_values_of_another_kind_are_refused_with_what_to_write(value, kind, says):
    with pytest.raises(ValueError, match=re.escape(says)):
        check_kind(value, kind)


def test_a_list_that_holds_itself_is_refused():
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(ValueError, match="must be a whole number"):
        check_kind(endless, tuple[Count, ...])
