"""Reduced syntax trees: what is dropped, and source that hides code."""

import ast

import pytest

from cscsanet.errors import CscsanetError
from cscsanet.workflow.syntax import as_text, last_name, name_chain, parse


@pytest.fixture
def text(tmp_path):
    def reduced(source: str, parameters: bool = False) -> str:
        path = tmp_path / "module.py"
        path.write_text(source)
        return as_text(parse(path, parameters))

    return reduced


@pytest.mark.parametrize(
    ("source", "same"),
    [
        ('"""A module."""\nx = 1  # one', "x = 1"),
        ('def f(a: int, *b: str) -> float:\n    """Return."""\n    return a', "def f(a, *b):\n    return a"),
        ("def f():\n    x: list[int] = []\n    y: int\n    return x", "def f():\n    x = []\n    return x"),
        ("X: int = 3", "X = 3"),
        ("if TYPE_CHECKING:\n    import a\nelse:\n    import b", "import b"),
        ("async def f() -> int: return 1", "async def f(): return 1"),
        ("class A:\n    'A class.'\n    x = 1", "class A:\n    x = 1"),
    ],
)
def test_what_cannot_change_a_result_is_dropped(text, source, same):
    assert text(source) == text(same)


@pytest.mark.parametrize(
    ("source", "other"),
    [
        ("x = 1", "x = 1.0"),
        ("x = 1", "x = True"),
        ("def f(a=1): return a", "def f(a=2): return a"),
        ("class A:\n    x: int", "class A:\n    x: float"),
        ("class A:\n    x: int\n    y: int", "class A:\n    y: int\n    x: int"),
        ("if not TYPE_CHECKING:\n    import a", "if not TYPE_CHECKING:\n    import b"),
        ("@cache\ndef f(): ...", "def f(): ..."),
        ("f(*a)", "f(a)"),
        ("match x:\n    case None: y", "match x:\n    case True: y"),
        ("x = lambda a: a", "x = lambda a, b=1: a"),
    ],
)
def test_what_can_change_a_result_stays(text, source, other):
    assert text(source) != text(other)


def test_checks_of_parameters_are_dropped_and_their_types_stay(text):
    checked = "class A(Section):\n    x: Annotated[int, Field(ge=1)]"
    assert text(checked, parameters=True) == text("class A(Section):\n    x: int")
    assert text(checked) != text("class A(Section):\n    x: int")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("from . import shapes", "a relative import"),
        ("from shapes import *", r"an import of \*"),
        ("import importlib\n\nimportlib.import_module('a')", "(an import of importlib|import_module)"),
        ("from importlib import import_module as load", "an import from importlib"),
        ("from importlib.util import spec_from_file_location", "an import from importlib.util"),
        ("load = __import__", "__import__"),
        ("exec('x = 1')", r"exec\(\)"),
        ("run = eval", r"eval\(\)"),
        ("globals()['f']()", r"globals\(\)"),
        ("import subprocess", "subprocess"),
        ("from subprocess import run", "subprocess"),
        ("import os\n\nos.system('python -m cscsanet')", "os.system"),
        ("import runpy\n\nrunpy.run_module('cscsanet')", "(an import of runpy|run_module)"),
        ("getattr(x, f'run_{name}')", r"getattr\(\) with a composed name"),
        ("getattr(x, 'run_' + name)", r"getattr\(\) with a composed name"),
        ("class A:\n    def __init_subclass__(cls): ...", "__init_subclass__"),
        ("for each in A.__subclasses__(): ...", "__subclasses__"),
        ("def f():\n    if x:\n        exec('1')", r"exec\(\)"),
    ],
)
def test_source_that_hides_code_is_one_line_that_names_the_place(text, line, reason):
    with pytest.raises(
        CscsanetError, match=rf"module\.py:\d+: {reason} hides which code a stage runs"
    ) as error:
        text(line)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    "line", ["model.eval()", "environment.globals['x'] = 1", "import importlib.metadata", "getattr(x, name)"]
)
def test_names_that_only_look_alike_are_fine(text, line):
    assert text(line)


def test_a_syntax_error_names_file_and_line(text):
    with pytest.raises(CscsanetError, match=r"module\.py:2: .*; correct the file"):
        text("x = 1\ny = (")


def test_names_are_read_as_chains():
    def expression(source: str) -> ast.AST:
        return ast.parse(source, mode="eval").body

    assert name_chain(expression("a.b.c")) == ("a", "b", "c")
    assert name_chain(expression("a[b]")) == ("a",)
    assert name_chain(expression("a[b].c")) == ()
    assert last_name(expression("a.b(c)")) == "b"
