"""Python source as definitions: what a module defines, and which names each definition uses.

A method is a definition by itself, and so is a field of a section of parameters: a new parameter
changes nothing for the code that does not read it.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cscsanet.workflow.syntax import Chain, as_text, last_name, name_chain, parse

PARAMETERS = "cscsanet.config."  # the package whose sections declare and check parameters
_METHOD_DECORATORS = frozenset(
    {"abstractmethod", "cached_property", "classmethod", "property", "staticmethod"}
)
_FUNCTION_DECORATORS = frozenset({"cache", "contextmanager", "lru_cache", "wraps"})
_CLASS_DECORATORS = frozenset({"dataclass", "final", "runtime_checkable", "total_ordering", "unique"})
_UNKNOWN_BASE = ("",)

Binding = tuple[str, str]  # the module, and the name in it, or "" for the module itself


@dataclass(frozen=True)
class Definition:
    """One function, class, method or constant of a module, or a statement that runs when the module is imported.

    content: its syntax tree as text. uses: the names in it. attributes: every attribute name in it, and every string
    that could be one. imports: the names that imports inside it bind. decorators: of a function, class or method.
    bases: of a class; `_UNKNOWN_BASE` stands for what the source does not name.
    """

    content: str
    uses: frozenset[Chain]
    attributes: frozenset[str]
    imports: tuple[tuple[str, Binding], ...]
    decorators: tuple[Chain, ...] = ()
    bases: tuple[Chain, ...] = ()


@dataclass(frozen=True)
class Module:
    """One source file.

    definitions: by name, `Class.method` for methods. statements: what else runs at import. imports: what each
    imported name may stand for; "" collects modules that are imported without a name of their own.
    """

    name: str
    definitions: dict[str, tuple[Definition, ...]]
    statements: tuple[Definition, ...]
    imports: dict[str, tuple[Binding, ...]]


@cache
def read_module(name: str, path: Path) -> Module:
    """Return the definitions of one source file.

    Raises:
        CscsanetError: the file cannot be parsed, or it imports or runs code that the source does not name.
    """
    definitions: dict[str, list[Definition]] = {}
    statements: list[Definition] = []
    imports: dict[str, tuple[Binding, ...]] = {}
    for node in parse(path, parameters=name.startswith(PARAMETERS)).body:
        bound: tuple[tuple[str, Binding], ...] = ()
        if isinstance(node, ast.Import | ast.ImportFrom):
            bound = tuple(_bindings(node))
        elif isinstance(node, ast.ClassDef):
            for key, definition in _class(node, name.startswith(PARAMETERS)):
                definitions.setdefault(key, []).append(definition)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            definitions.setdefault(node.name, []).append(_definition(node))
            if not _names(_decorators(node)) <= _FUNCTION_DECORATORS:
                # A library's decorator may register the function, which then runs without being named.
                statements.append(_definition(node))
        elif targets := _assigned(node):
            for target in targets:
                definitions.setdefault(target, []).append(_definition(node))
        else:
            statements.append(_definition(node))
            bound = statements[-1].imports
        for key, binding in bound:
            imports[key] = (*imports.get(key, ()), binding)
    return Module(name, {key: tuple(found) for key, found in definitions.items()}, tuple(statements), imports)


def dictionary_entries(path: Path, name: str) -> dict[str, Definition]:
    """Return the values of a dictionary literal at the top of a file by key, or nothing if there is no such dictionary."""
    for node in parse(path).body:
        if isinstance(node, ast.Assign) and _assigned(node) == [name] and isinstance(node.value, ast.Dict):
            pairs = zip(node.value.keys, node.value.values, strict=True)
            return {
                str(key.value): _definition(value) for key, value in pairs if isinstance(key, ast.Constant)
            }
    return {}


def _class(node: ast.ClassDef, parameters: bool) -> Iterator[tuple[str, Definition]]:
    """Yield the class without its ordinary methods, and each of these by itself; fields of a section as well."""
    is_section = parameters and any(last_name(base).endswith(("Params", "Section")) for base in node.bases)
    body: list[ast.stmt] = []
    decorators = _decorators(node)
    bases = [name_chain(base) or _UNKNOWN_BASE for base in node.bases]
    if not _names(decorators) <= _CLASS_DECORATORS or any(key.arg == "metaclass" for key in node.keywords):
        bases.append(_UNKNOWN_BASE)
    for statement in node.body:
        names = _names(_decorators(statement))
        decorators += _decorators(statement)
        is_method = isinstance(statement, ast.FunctionDef) and names <= _METHOD_DECORATORS
        if is_method and not _is_hook(statement.name):  # type: ignore[attr-defined]
            yield f"{node.name}.{statement.name}", _definition(statement)  # type: ignore[attr-defined]
        elif parameters and any(name.endswith("validator") for name in names):
            continue
        elif is_section and isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
            if _only_checks(statement.value):
                statement.value = None
            yield f"{node.name}.{statement.target.id}", _definition(statement)
        else:
            body.append(statement)
    rest = _definition(ast.ClassDef(node.name, node.bases, node.keywords, body, node.decorator_list))
    # `__call__ = forward` in the body of a class uses its method.
    attributes = rest.attributes | {chain[0] for chain in rest.uses}
    yield (
        node.name,
        Definition(rest.content, rest.uses, attributes, rest.imports, tuple(decorators), tuple(bases)),
    )


def _definition(node: ast.AST) -> Definition:
    names = _Names()
    names.visit(node)
    return Definition(
        as_text(node),
        frozenset(names.uses),
        frozenset(names.attributes),
        tuple(names.imports),
        tuple(_decorators(node)),
    )


class _Names(ast.NodeVisitor):
    """Collect the names, attributes and imports of a syntax tree."""

    def __init__(self) -> None:
        self.uses: set[Chain] = set()
        self.attributes: set[str] = set()
        self.imports: list[tuple[str, Binding]] = []

    def visit_Name(self, node: ast.Name) -> None:
        if not isinstance(node.ctx, ast.Store):
            self.uses.add((node.id,))

    def visit_Global(self, node: ast.Global) -> None:
        self.uses |= {(name,) for name in node.names}

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.attributes.add(node.attr)
        chain = name_chain(node)
        if chain:
            self.attributes |= set(chain[1:])
            self.uses.add(chain)
        else:
            self.visit(node.value)

    def visit_Constant(self, node: ast.Constant) -> None:
        parts = node.value.split(".") if isinstance(node.value, str) else [""]
        if all(part.isidentifier() for part in parts):
            self.attributes |= set(parts)

    def visit_MatchClass(self, node: ast.MatchClass) -> None:
        self.attributes |= set(node.kwd_attrs)
        self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        self.imports += _bindings(node)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        self.imports += _bindings(node)


def _bindings(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, Binding]]:
    for alias in node.names:
        if isinstance(node, ast.ImportFrom):
            yield alias.asname or alias.name, (node.module or "", alias.name)
        elif alias.asname:
            yield alias.asname, (alias.name, "")
        else:
            # `import a.b` binds `a` and imports `a.b` as well.
            top = alias.name.partition(".")[0]
            yield top, (top, "")
            yield "", (alias.name, "")


def _assigned(node: ast.AST) -> list[str]:
    """Return the names that a statement assigns to, if that is all that it does."""
    if not isinstance(node, ast.Assign | ast.AugAssign):
        return []
    flat: list[ast.AST] = []
    for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
        flat += target.elts if isinstance(target, ast.Tuple) else [target]
    names = [target.id for target in flat if isinstance(target, ast.Name)]
    return names if len(names) == len(flat) else []


def _decorators(node: ast.AST) -> list[Chain]:
    decorators = getattr(node, "decorator_list", [])
    return [name_chain(entry.func if isinstance(entry, ast.Call) else entry) for entry in decorators]


def _only_checks(value: ast.AST | None) -> bool:
    """Whether the value of a field is a `Field(...)` without a default."""
    return (
        isinstance(value, ast.Call)
        and last_name(value) == "Field"
        and not value.args
        and not any(str(keyword.arg).startswith("default") for keyword in value.keywords)
    )


def _names(chains: list[Chain]) -> set[str]:
    return {chain[-1] if chain else "" for chain in chains}


def _is_hook(name: str) -> bool:
    """Whether Python or a library calls a method by this name: `__len__`, `_missing_`, `model_post_init`."""
    return (name.startswith("_") and name.endswith("_")) or name == "model_post_init"
