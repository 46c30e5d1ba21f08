"""JSON and YAML: what the usual parsers misread or stumble over is a ValueError."""

import pytest
import yaml

from cscsanet.parsing import parse_json, parse_yaml

DEEP = 5000


def test_json_is_read_as_it_is_written():
    assert parse_json('{"a": [1, -2.5e-3, true, null, "é\\u00e9\\ud83d\\ude00"]}') == {
        "a": [1, -0.0025, True, None, "éé😀"]
    }


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"a": 1, "b": {"c": 1, "c": 1}}', "key 'c' occurs twice"),
        ("[NaN]", "NaN is no number"),
        ("-Infinity", "-Infinity is no number"),
        ("1e999", "1e999 is beyond"),
        ("[" * DEEP + "]" * DEEP, "nests too deeply"),
        ('["\\ud800"]', "surrogates not allowed"),
        ('{"\\udc00": 1}', "surrogates not allowed"),
        ("9" * 5000, "digits"),
        ("\ufeff1", "BOM"),
        ("", "Expecting value"),
    ],
)
def test_json_that_would_be_misread_is_refused(text, says):
    with pytest.raises(ValueError, match=says):
        parse_json(text)


def test_infinity_is_a_number_only_where_it_is_said_to_be():
    assert parse_json("[Infinity, -Infinity]", infinite=True) == [float("inf"), -float("inf")]
    for text in ("[NaN]", "1e999"):
        with pytest.raises(ValueError, match=r"NaN|1e999"):
            parse_json(text, infinite=True)


def test_yaml_is_read_as_it_is_written():
    text = "a: {b: [1, 2.5, yes, ~, é]}\nc: &c {d: 1}\ne: {<<: *c, d: 2}\nf: .inf\n"
    assert parse_yaml(text) == yaml.safe_load(text)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n", "key 'c' occurs twice in the mapping from line 3 on"),
        ("{1: a, 0x1: b}", "key 1 occurs twice"),
        ("a: 2001-13-01", "month must be in 1..12"),
        ("!!int ''", "index out of range"),
        ("!!bool 2", "2"),
        ("!!python/name:os.system", "could not determine a constructor"),
        ("[" * DEEP, "recursion"),
        ("{[1]: 2}", "unhashable"),
        ("&a [*a]", "aliases stand for more than"),
        ('"\\ud800"', "surrogates not allowed"),
        ("a: [1", "while parsing a flow sequence"),
        ("\x00", "unacceptable character"),
    ],
)
def test_yaml_that_would_be_misread_is_refused_in_one_line(text, says):
    with pytest.raises(ValueError, match=says) as error:
        parse_yaml(text)
    assert "\n" not in str(error.value)


def test_a_few_lines_that_stand_for_millions_of_values_are_refused_at_once():
    lines = ["x0: &l0 [a, a]", *(f"x{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, 9))]
    with pytest.raises(ValueError, match="aliases stand for more than"):
        parse_yaml("\n".join(lines))
