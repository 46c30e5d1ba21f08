"""What a module defines, and which names each definition uses."""

import pytest

from cscsanet.workflow.definitions import Module, dictionary_entries, read_module


@pytest.fixture
def read(tmp_path):
    def module(source: str, name: str = "cscsanet.work") -> Module:
        path = tmp_path / f"{len(list(tmp_path.iterdir()))}.py"
        path.write_text(source)
        return read_module(name, path)

    return module


def test_functions_classes_methods_and_constants_are_definitions_and_the_rest_statements(read):
    module = read(
        "import a.b\nfrom c import d as e\nX, Y = 1, 2\nX += 1\ndef f(): ...\nasync def g(): ...\n"
        "class A:\n    z = 1\n    def m(self): ...\n    def __len__(self): ...\nprint(X)\n"
    )
    assert set(module.definitions) == {"X", "Y", "f", "g", "A", "A.m"}
    assert len(module.definitions["X"]) == 2
    assert len(module.statements) == 1
    assert module.imports == {"a": (("a", ""),), "": (("a.b", ""),), "e": (("c", "d"),)}
    assert "__len__" in module.definitions["A"][0].content


def test_every_place_that_a_name_may_come_from_is_kept(read):
    module = read("try:\n    from fast import f\nexcept ImportError:\n    from slow import f\n")
    assert module.imports["f"] == (("fast", "f"), ("slow", "f"))


def test_uses_are_chains_and_what_is_only_assigned_is_no_use(read):
    (function,) = read("def f(x):\n    y = iq.mul(x, z)\n    global COUNT\n    return y").definitions["f"]
    assert function.uses == {("iq", "mul"), ("x",), ("z",), ("y",), ("COUNT",)}
    (function,) = read("def f():\n    y = 1").definitions["f"]
    assert function.uses == set()


@pytest.mark.parametrize(
    "body",
    [
        "x.start()",
        "getattr(x, 'start')",
        "NAMES = ['start']",
        "attrgetter('inner.start')",
        "match x:\n    case Point(start=0): ...",
        "x[0].start",
        "super().start()",
    ],
)
def test_a_method_is_named_by_an_attribute_or_by_a_string(read, body):
    module = read(f"def f(x):\n    {body.replace(chr(10), chr(10) + '    ')}\n")
    assert "start" in module.definitions["f"][0].attributes


def test_a_name_in_the_body_of_a_class_is_a_use_of_its_method(read):
    module = read("class A:\n    def forward(self): ...\n    __call__ = forward\n")
    assert "forward" in module.definitions["A"][0].attributes


@pytest.mark.parametrize(
    ("head", "unknown"),
    [
        ("class A(Base):", False),
        ("class A(Generic[T]):", False),
        ("@dataclass(frozen=True)\nclass A:", False),
        ("class A(make_base()):", True),
        ("class A(metaclass=Meta):", True),
        ("@register\nclass A:", True),
    ],
)
def test_what_may_call_the_methods_of_a_class_by_itself_is_marked(read, head, unknown):
    (definition,) = read(f"{head}\n    x = 1\n").definitions["A"]
    assert (("",) in definition.bases) is unknown


def test_a_field_of_a_section_is_a_definition_without_its_checks(read):
    source = (
        "class FitParams(Section):\n    epochs: Annotated[int, Field(ge=1)]\n    snr: tuple[int] = Field(min_length=1)\n"
        "    rate: float = 0.1\n    share: float = Field(default=0.5)\n"
        "    @model_validator(mode='after')\n    def _check(self): ...\n    @property\n    def steps(self): ...\n"
    )
    module = read(source, "cscsanet.config.training")
    fields = {"FitParams.epochs", "FitParams.snr", "FitParams.rate", "FitParams.share"}
    assert set(module.definitions) == {"FitParams", "FitParams.steps", *fields}
    relaxed = source.replace("ge=1", "ge=0").replace("min_length=1", "min_length=2")
    assert read(relaxed, "cscsanet.config.training") == module
    for old, new in [("[int, Field", "[float, Field"), ("0.1", "0.2"), ("=0.5", "=0.6")]:
        assert read(source.replace(old, new), "cscsanet.config.training") != module


def test_the_entries_of_a_dictionary_literal_are_read_by_key(tmp_path):
    path = tmp_path / "script.py"
    path.write_text("STAGES = {'a': f, 'b': g}\nOTHER = dict(c=h)\n")
    entries = dictionary_entries(path, "STAGES")
    assert {key: entry.uses for key, entry in entries.items()} == {"a": {("f",)}, "b": {("g",)}}
    assert dictionary_entries(path, "OTHER") == {}
