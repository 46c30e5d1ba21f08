"""JSON and YAML: what the usual parsers misread or stumble over is a ValueError."""

import time

import pytest
import yaml

from cscsanet import parsing
from cscsanet.config import yaml_text
from cscsanet.config.yaml_text import parse_yaml as parse_params_yaml
from cscsanet.errors import CscsanetError
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
        ("[" * DEEP, "nests too deeply"),
        ("{[1]: 2}", "unhashable"),
        ("&a [*a]", "an alias is part of what it stands for"),
        ('"\\ud800"', "surrogates not allowed"),
        ("a: [1", "while parsing a flow sequence"),
        ("\x00", "unacceptable character"),
    ],
)
def test_yaml_that_would_be_misread_is_refused_in_one_line(text, says):
    with pytest.raises(ValueError, match=says) as error:
        parse_yaml(text)
    assert "\n" not in str(error.value)


# Nested aliases, as values and as mappings that a merge would write out: 10^20 values in some 20 lines.
ALIASES = {
    "values": ["x0: &l0 [a]", *(f"x{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 21))],
    "merges": [
        "x0: &l0 {a: 1}",
        *(f"x{n}: &l{n}\n  <<: [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 21)),
    ],
}


@pytest.mark.parametrize("kind", list(ALIASES))
@pytest.mark.parametrize("parse", [parse_yaml, parse_params_yaml])
def test_a_few_lines_that_stand_for_endless_values_are_refused_at_once(kind, parse):
    started = time.perf_counter()
    with pytest.raises((ValueError, CscsanetError), match="aliases stand for more than") as error:
        parse("\n".join(ALIASES[kind]))
    assert "\n" not in str(error.value)
    assert time.perf_counter() - started < 5


def test_a_merge_of_a_few_values_is_read():
    assert parse_yaml("a: &a {b: 1}\nc: {<<: *a, d: 2}\ne: [*a, *a]") == {
        "a": {"b": 1},
        "c": {"b": 1, "d": 2},
        "e": [{"b": 1}] * 2,
    }


@pytest.mark.parametrize("loader", [parsing._Loader, yaml_text._Loader])
def test_loaders_build_plain_values_alone(loader):
    assert issubclass(loader, yaml.SafeLoader)
    made = {tag for tag in loader.yaml_constructors if tag and "python" in tag}
    assert made == set()
    assert set(loader.yaml_constructors) == set(yaml.SafeLoader.yaml_constructors)
    assert loader.yaml_multi_constructors == {}
