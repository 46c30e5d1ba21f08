"""The YAML of params.yaml: each value is what it shows, and nothing is dropped in silence."""

import pytest

from cscsanet.config.yaml_text import parse_yaml, read_yaml
from cscsanet.errors import CscsanetError


def read(tmp_path, text: str | bytes):
    file = tmp_path / "params.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_yaml(file)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("1", 1),
        ("+1", 1),
        ("-25.0", -25.0),
        ("1e-3", 0.001),
        ("1E3", 1000.0),
        ("1.0e-3", 0.001),
        (".5", 0.5),
        (".inf", float("inf")),
        ("true", True),
        ("~", None),
        ("", None),
        ("[2, 8]", [2, 8]),
        ("&a [2]", [2]),
    ],
)
def test_numbers_truth_values_and_lists_are_those_of_yaml_1_2(tmp_path, written, value):
    (read_back,) = read(tmp_path, f"key: {written}\n").values()
    assert read_back == value
    assert type(read_back) is type(value)


@pytest.mark.parametrize(
    "written", ["010", "1_000", "1:30", "yes", "no", "on", "off", "2024-01-01", "0x10", "0o10", "1e", "01.5"]
)
def test_what_yaml_1_1_reads_as_something_else_stays_text(tmp_path, written):
    assert read(tmp_path, f"key: {written}\n") == {"key": written}


def test_a_byte_order_mark_changes_nothing(tmp_path):
    assert read(tmp_path, b"\xef\xbb\xbfkey: 1\n") == {"key": 1}


def test_an_alias_and_a_merge_stand_for_what_they_name(tmp_path):
    text = "a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\nc: *a\n"
    assert read(tmp_path, text) == {"a": {"x": 1, "y": 2}, "b": {"x": 1, "y": 3}, "c": {"x": 1, "y": 2}}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("seed: 1\nthreads: 2\nseed: 3\n", "line 3: key seed is there already at line 1; keep one of them"),
        ("a:\n  b: 1\n  b: 1\n", "line 3: key b is there already at line 2"),
        ("a: {b: 1, b: 2}\n", "line 1: key b is there already at line 1"),
        ("1: 2\n", "line 1: key 1: must be text"),
        ("[a]: 2\n", "line 1: key a list or mapping: must be text"),
        ("a: 1\nb: !!int '010'\n", "line 2: tag tag:yaml.org,2002:int: write the value without a tag"),
        ("a: !!python/object:os.system {}\n", "write the value without a tag"),
        ("a:\t1\n", "not valid YAML"),
        ("\ta: 1\n", "not valid YAML"),
        ("a: 1\n---\na: 2\n", "not valid YAML: expected a single document"),
        ("a: *b\n", "not valid YAML: found undefined alias"),
        (b"a: 1 # \xff\n", "not UTF-8 at byte 8; save it as UTF-8"),
        ("a: 1\n".encode("utf-16"), "not UTF-8 at byte 1"),
    ],
)
def test_what_could_be_misread_is_an_error_of_one_line(tmp_path, text, says):
    with pytest.raises(CscsanetError) as error:
        read(tmp_path, text)
    assert says in str(error.value)
    assert "params.yaml: " in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        "seed: " + "9" * 5000,
        "seed: " + "[" * 500 + "]" * 500,
        "a: &a [1, 1]\n"
        + "".join(f"{n}: &{n} [{', '.join(['*a'] * 99)}]\n" for n in ("b", "c"))
        + "d: &d ["
        + ", ".join(["*c"] * 99)
        + "]\ne: ["
        + ", ".join(["*d"] * 2000)
        + "]",
        'seed: "\\ud800"',
    ],
    ids=["digits", "nested", "aliases", "surrogate"],
)
def test_what_stands_for_too_much_or_for_no_text_is_one_line(text):
    with pytest.raises(CscsanetError, match="not valid YAML"):
        parse_yaml(text)
