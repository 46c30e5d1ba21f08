"""What a script reaches, by way of each thing that Python offers."""

import pytest

from cscsanet.errors import CscsanetError
from cscsanet.workflow.walk import Walk

LIB = "src/cscsanet/lib.py"


@pytest.fixture
def reach(plant):
    """Return what a function `work` reaches: definitions as `module:name`, without the package's name."""

    def reached(work: str, **modules: str) -> set[str]:
        files = {}
        for name, text in modules.items():
            path = name.replace("__", "/").replace("/init", "/__init__")
            files[f"src/cscsanet/{path}.py"] = text
        root = plant(
            {
                "src/cscsanet/work.py": work,
                "stages/draw.py": "from cscsanet.work import work\n\nwork()\n",
                **files,
            }
        )
        walk = Walk(root / "stages/draw.py", "draw", root / "src")
        return {key.removeprefix("cscsanet.") for key in walk.reached if key.startswith("cscsanet.")}

    return reached


@pytest.mark.parametrize(
    "work",
    [
        "from cscsanet.lib import f\ndef work(): return f()",
        "import cscsanet.lib\ndef work(): return cscsanet.lib.f()",
        "import cscsanet.lib as short\ndef work(): return short.f()",
        "from cscsanet import lib\ndef work(): return lib.f()",
        "def work():\n    from cscsanet.lib import f\n    return f()",
        "def work():\n    from cscsanet import lib\n    return lib.f()",
        "from functools import partial\nfrom cscsanet.lib import f\ndef work(): return partial(f, 1)",
        "from cscsanet.lib import f\nTABLE = {'f': f}\ndef work(): return TABLE['f']()",
        "from cscsanet.lib import f\ndef work(call=f): return call()",
        "from cscsanet.lib import f\n@f\ndef work(): return 1",
        "from cscsanet.lib import f\ndef work():\n    def inner(): return f()\n    return inner",
        "from cscsanet.lib import f\nclass A:\n    made = f()\ndef work(): return A",
        "from cscsanet.lib import f\nclass A:\n    def __len__(self): return f()\ndef work(): return A()",
        "from cscsanet.lib import f\nf = wrapped(f)\ndef work(): return f()",
        "from cscsanet.lib import f\nasync def work(): return await f()",
        "from cscsanet.lib import f\ndef work(x):\n    match x:\n        case 1: return f()",
        "from cscsanet.lib import f\ndef work(): return (y := f)()",
        "from cscsanet.lib import f\nf()\ndef work(): ...",
        "try:\n    from cscsanet.lib import f\nexcept ImportError:\n    from torch import f\ndef work(): f()",
        "from cscsanet.lib import f\nFUNCTION = None\nFUNCTION = f\ndef work(): return FUNCTION()",
    ],
)
def test_a_function_is_reached_by_its_name_and_nothing_else_of_its_module(reach, work):
    reached = reach(work, lib="def f(): ...\ndef g(): ...\nX = 1\n")
    assert "lib:f" in reached
    assert not {"lib:g", "lib:X"} & reached


def test_a_module_that_is_handed_on_counts_as_a_whole(reach):
    reached = reach("from cscsanet import lib\ndef work(): return run(lib)", lib="def f(): ...\nX = 1\n")
    assert {"lib:f", "lib:X"} <= reached


def test_names_are_followed_through_a_package_that_exports_them_again(reach):
    reached = reach(
        "from cscsanet.tools import f\ndef work(): return f()",
        tools__init="from cscsanet.tools.inner import f as f\n",
        tools__inner="def f(): ...\ndef g(): ...\n",
    )
    assert "tools.inner:f" in reached
    assert "tools.inner:g" not in reached


def test_methods_are_reached_by_name_in_the_class_and_in_its_bases(reach):
    reached = reach(
        "from cscsanet.lib import Child\ndef work(): return Child().run()",
        lib="class Base:\n    def helper(self): ...\n    def idle(self): ...\n"
        "class Child(Base):\n    def run(self): return super().helper()\n    @property\n    def size(self): ...\n"
        "class Other:\n    def run(self): ...\n",
    )
    assert {"lib:Child.run", "lib:Base.helper"} <= reached
    assert not {"lib:Child.size", "lib:Base.idle", "lib:Other.run"} & reached


@pytest.mark.parametrize(
    ("base", "whole"),
    [
        ("", False),
        ("(ABC)", False),
        ("(Own)", False),
        ("(nn.Module)", True),
        ("(OwnModule)", True),
        ("(module.Own)", False),
    ],
)
def test_all_methods_count_where_a_library_may_call_them(reach, base, whole):
    reached = reach(
        "from cscsanet.lib import A\ndef work(): return A()",
        lib="from abc import ABC\nfrom torch import nn\nfrom cscsanet import module\n"
        "class Own: ...\nclass OwnModule(nn.Module): ...\n"
        f"class A{base}:\n    def forward(self): ...\n",
        module="class Own: ...\n",
    )
    assert ("lib:A.forward" in reached) is whole


@pytest.mark.parametrize(
    "work",
    [
        "from cscsanet.lib import f\ndef work(): ...",
        "import cscsanet.lib\ndef work(): ...",
        "def work():\n    import cscsanet.lib",
        "from cscsanet import between\ndef work(): ...",
    ],
)
def test_an_import_runs_the_statements_of_a_module_and_its_decorators(reach, work):
    reached = reach(
        work,
        lib="from cscsanet.registry import register\nimport torch\ntorch.set_flush_denormal(True)\n"
        "@register\ndef f(): ...\ndef g(): ...\n",
        registry="TABLE = []\ndef register(function): TABLE.append(function)\n",
        between="from cscsanet import lib\n",
    )
    assert {"lib:<statement 1>", "lib:f", "registry:register", "registry:TABLE"} <= reached
    assert "lib:g" not in reached


def test_annotations_and_imports_for_the_type_checker_reach_nothing(reach):
    reached = reach(
        "from typing import TYPE_CHECKING\nfrom cscsanet.lib import A\n"
        "if TYPE_CHECKING:\n    from cscsanet.nowhere import B\n"
        "def work(x: A) -> 'B':\n    y: A = x\n    return y",
        lib="class A: ...\n",
    )
    assert reached == {"work:work"}


def test_a_parameter_counts_where_it_is_read(reach):
    reached = reach(
        "from cscsanet.config.params import Params\ndef work(): return Params().fit.epochs",
        config__init="",
        config__params="from pydantic import BaseModel\nclass Section(BaseModel): ...\n"
        "class FitParams(Section):\n    epochs: int\n    steps: int\nclass MoreParams(Section):\n    size: int\n"
        "class Params(Section):\n    fit: FitParams\n    more: MoreParams\n",
    )
    assert {
        "config.params:FitParams",
        "config.params:FitParams.epochs",
        "config.params:Params.fit",
    } <= reached
    assert (
        not {"config.params:FitParams.steps", "config.params:MoreParams", "config.params:Params.more"}
        & reached
    )


def test_what_logs_and_reports_is_not_followed(reach):
    assert reach("from cscsanet.tracking import log\ndef work(): log()", tracking="def log(): ...\n") == {
        "work:work"
    }


@pytest.mark.parametrize(
    ("work", "says"),
    [
        (
            "from cscsanet.lib import gone\ndef work(): gone()",
            "cscsanet.lib: defines no 'gone', which cscsanet.work:work uses",
        ),
        ("from cscsanet.nowhere import f\ndef work(): f()", "cscsanet.nowhere: no such module"),
        ("from cscsanet import lib\ndef work(): lib.gone()", "defines no 'gone'"),
        ("from cscsanet.dynamic import f\ndef work(): ...", r"dynamic\.py:1: exec\(\) hides"),
    ],
)
def test_what_cannot_be_followed_is_an_error(reach, work, says):
    with pytest.raises(CscsanetError, match=says):
        reach(work, lib="def f(): ...\n", dynamic="exec('x = 1')\n")
