"""The harness finds faults that are planted in readers."""

import json
import os
import sys
import warnings
from dataclasses import replace

import numpy as np
import pytest
from fixtures.fuzz.edits import json_value, same, unlike_json
from fixtures.fuzz.outcomes import Case, OutcomeError, Reader, outcome, watching
from fixtures.fuzz.pictures import READERS as PICTURES
from fixtures.fuzz.pictures import chunks, encoded, pixels_of
from fixtures.fuzz.records import READERS as RECORDS
from fixtures.fuzz.records import put
from fixtures.fuzz.runs import run
from hypothesis import strategies as st
from PIL import Image

from cscsanet.errors import CscsanetError


@pytest.fixture
def watched():
    with watching() as pair:
        yield pair


def reader_of(read, fault=lambda content, value: None):
    return Reader("planted", st.just(Case(b"")), lambda folder, content: read(), fault)


def frame_without_checksums(folder, content):
    """Decode a frame as read_frame does, but without `verify`."""
    try:
        with Image.open(put(folder / "a.png", content), formats=("PNG",)) as picture:
            picture.load()
            if picture.mode != "RGBA":
                raise CscsanetError("no frame")
            return np.asarray(picture)
    except Exception:
        raise CscsanetError("no PNG") from None


def test_a_reader_that_ignores_checksums_is_found(watched):
    planted = replace(PICTURES[0], read=frame_without_checksums)
    with pytest.raises(OutcomeError, match="accepts, but it has no right value"):
        run(planted, 2000, 1, *watched, shrink=False)
    # The last byte before the next length is of the checksum of the pixels.
    png = encoded(pixels_of(1, 4), "PNG")
    end = png.index(b"IEND") - 5
    flipped = png[:end] + bytes([png[end] ^ 1]) + png[end + 1 :]
    with pytest.raises(OutcomeError, match="b'IDAT' has another checksum"):
        outcome(planted, Case(flipped), *watched)
    assert outcome(PICTURES[0], Case(flipped), *watched) == "refused"


def test_a_reader_that_keeps_the_last_of_two_keys_is_found(watched):
    reader = next(reader for reader in RECORDS if reader.name == "shipped manifest")

    def read(folder, content):
        try:
            value = json.loads(content)
            if not all(isinstance(value[key], str) for key in ("profile", "commit")):
                raise TypeError
        except Exception:
            raise CscsanetError("damaged") from None
        return value

    with pytest.raises(OutcomeError, match="a key twice"):
        run(replace(reader, read=read), 1000, 1, *watched, shrink=False)


def test_a_reader_that_refuses_everything_is_found(watched):
    def read(folder, content):
        raise CscsanetError("no")

    with pytest.raises(OutcomeError, match="refuses a right file: no"):
        run(replace(PICTURES[1], read=read), 200, 1, *watched, shrink=False)


def fails():
    raise KeyError("name")


def refuses(message):
    error = CscsanetError(message)
    # As the class would print it without its own care.
    error.__class__ = type("Bare", (CscsanetError,), {"__str__": Exception.__str__})
    raise error


@pytest.mark.parametrize(
    ("read", "says"),
    [
        (fails, "raises KeyError"),
        (lambda: refuses("two\nlines"), "not one printable line"),
        (lambda: refuses("\x1b[31m"), "not one printable line"),
        (lambda: refuses("x" * 2000), "has 2000 characters"),
        (lambda: warnings.warn("old", DeprecationWarning, stacklevel=1), "warns: DeprecationWarning: old"),
        (lambda: print("note", file=sys.stderr), "prints 'note"),
        (lambda: print("note"), "prints 'note"),
        (lambda: os.write(2, b"native"), "prints 'native'"),
    ],
    ids=["exception", "lines", "escape", "endless", "warning", "stderr", "stdout", "native"],
)
def test_what_is_no_outcome_is_told(watched, read, says):
    with pytest.raises(OutcomeError, match=says):
        outcome(reader_of(read), Case(b""), *watched)


def test_an_oracle_that_finds_no_right_value_is_a_fault(watched):
    def oracle(content, value):
        raise ValueError("cut")

    with pytest.raises(OutcomeError, match=r"accepts, but it has no right value \(ValueError: cut\)"):
        outcome(reader_of(lambda: 1, oracle), Case(b""), *watched)


def test_right_and_refused_are_told_apart(watched):
    assert outcome(reader_of(lambda: 1), Case(b""), *watched) == "right"
    assert outcome(reader_of(lambda: refuses("no")), Case(b""), *watched) == "refused"


def test_a_bool_is_no_number_and_a_text_neither():
    assert same({"a": [1, 2.0]}, {"a": (1, 2)})
    assert same(float("nan"), float("nan"))
    assert not same(True, 1)
    assert not same("1", 1)
    assert not same([1], [1, 1])
    assert not same({"a": 1}, {"b": 1})
    assert not same(None, False)


@pytest.mark.parametrize(
    "text", [b'{"a": 1, "a": 1}', b"[NaN]", b"1e999", b"\xff", b"[" * 5000 + b"]" * 5000]
)
def test_json_that_says_no_one_thing_has_no_value(text):
    with pytest.raises(ValueError):  # noqa: PT011, of several parsers
        json_value(text)
    assert "ambiguous" in unlike_json(1, text)


def test_a_changed_header_of_a_png_passes_its_checksum():
    png = encoded(pixels_of(1, 3), "PNG")
    assert [kind for kind, _ in chunks(png)] == [b"IHDR", b"IDAT", b"IEND"]
    broken = png.replace(b"IHDR\x00", b"IHDR\x01")
    with pytest.raises(ValueError, match="another checksum"):
        chunks(broken)
