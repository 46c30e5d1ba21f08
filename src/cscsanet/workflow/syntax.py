"""Syntax trees of Python source, without all that cannot change a result.

Comments, docstrings, annotations of functions and variables, and imports for the type checker are
dropped. So are the checks of parameters, since DVC watches the values themselves. Source that runs
code which it does not name is an error.
"""

import ast
from pathlib import Path

from cscsanet.errors import CscsanetError

# Names that import or run code which the source does not name.
_DYNAMIC = frozenset(
    {"__import__", "import_module", "spec_from_file_location", "run_module", "run_path", "__subclasses__"}
    | {"__init_subclass__", "subprocess", "popen", "posix_spawn"}
)
# Modules that find or load code by its name as text, and functions of `os` that start a process.
_DYNAMIC_MODULES = ("importlib", "pkgutil", "pydoc", "runpy", "builtins", "imp")
_STATIC_MODULES = ("importlib.metadata", "importlib.resources")
_PROCESSES = ("system", "exec", "spawn", "popen", "posix_spawn", "startfile")
_DYNAMIC_BUILTINS = frozenset({"eval", "exec", "globals"})  # as attributes, they are others: `model.eval()`
_NAME_TAKERS = frozenset({"getattr", "attrgetter", "methodcaller"})
_IGNORED_FIELDS = frozenset({"ctx", "type_comment", "type_ignores", "kind"})

Chain = tuple[str, ...]  # `a.b.c` as ("a", "b", "c")


def parse(path: Path, parameters: bool = False) -> ast.Module:
    """Return the reduced syntax tree of a source file. parameters: it declares sections of parameters.

    Raises:
        CscsanetError: the file cannot be parsed, or it imports or runs code that it does not name.
    """
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError as error:
        raise CscsanetError(f"{path}:{error.lineno}: {error.msg}; correct the file") from None
    for node in ast.walk(tree):
        if reason := _hidden_code(node):
            raise CscsanetError(
                f"{path}:{getattr(node, 'lineno', 0)}: {reason} hides which code a stage runs; "
                f"name the code in an import instead"
            )
    reduced = _Reduced(parameters).visit(tree)
    assert isinstance(reduced, ast.Module)
    return reduced


def _hidden_code(node: ast.AST) -> str:
    """Return what in a node runs code that the source does not name, or an empty string."""
    names: list[str] = []
    if isinstance(node, ast.ImportFrom):
        if node.level:
            return "a relative import"
        names = [*str(node.module).split("."), *(alias.name for alias in node.names)]
        if "*" in names:
            return "an import of *"
        if node.module == "os" and any(alias.name.startswith(_PROCESSES) for alias in node.names):
            return "a process that os starts"
        full = [f"{node.module}.{alias.name}" for alias in node.names]
        if any(_loads_code(name) for name in full):
            return f"an import from {node.module}"
    elif isinstance(node, ast.Import):
        names = [part for alias in node.names for part in alias.name.split(".")]
        if any(_loads_code(alias.name) for alias in node.names):
            return f"an import of {node.names[0].name}"
    elif isinstance(node, ast.Name):
        if node.id in _DYNAMIC_BUILTINS:
            return f"{node.id}()"
        names = [node.id]
    elif isinstance(node, ast.Attribute):
        chain = name_chain(node)
        if chain[:1] == ("os",) and len(chain) == 2 and chain[1].startswith(_PROCESSES):
            return f"os.{chain[1]}"
        names = [node.attr]
    elif isinstance(node, ast.Subscript) and name_chain(node.value) == ("sys", "modules"):
        return "a look into sys.modules"
    elif isinstance(node, ast.FunctionDef):
        names = [node.name]
    elif isinstance(node, ast.Call) and last_name(node) in _NAME_TAKERS:
        composed = any(isinstance(argument, ast.JoinedStr | ast.BinOp) for argument in node.args[:2])
        return f"{last_name(node)}() with a composed name" if composed else ""
    return next((name for name in names if name in _DYNAMIC), "")


def _loads_code(name: str) -> bool:
    """Whether a module, or a name in it, finds or loads code by a name that is text."""
    return name.partition(".")[0] in _DYNAMIC_MODULES and not name.startswith(_STATIC_MODULES)


class _Reduced(ast.NodeTransformer):
    """Drop all that cannot change a result."""

    def __init__(self, parameters: bool) -> None:
        self.parameters = parameters

    def visit_Expr(self, node: ast.Expr) -> ast.AST | None:
        docstring = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if docstring else self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST | list[ast.stmt]:
        self.generic_visit(node)
        return node.orelse if last_name(node.test) == "TYPE_CHECKING" else node

    def visit_arg(self, node: ast.arg) -> ast.AST:
        return ast.arg(node.arg)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        # The annotations of a class declare its fields, so they stay: a tuple marks them.
        for statement in node.body:
            if isinstance(statement, ast.AnnAssign):
                statement.annotation = ast.Tuple([statement.annotation])
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST | None:
        self.generic_visit(node)
        if isinstance(node.annotation, ast.Tuple):
            node.annotation = node.annotation.elts[0]
            return node
        return ast.Assign([node.target], node.value) if node.value else None

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        """Of `Annotated[type, check, ...]`, a parameter's type alone can change a result."""
        if self.parameters and last_name(node.value) == "Annotated" and isinstance(node.slice, ast.Tuple):
            node = node.slice.elts[0]  # type: ignore[assignment]
            return self.visit(node)  # type: ignore[no-any-return]
        return self.generic_visit(node)


def as_text(node: ast.AST) -> str:
    """Return a syntax tree as text that is the same for every version of Python that parses it alike."""
    parts = []
    for name, value in ast.iter_fields(node):
        if name in _IGNORED_FIELDS:
            continue
        if isinstance(value, list):
            text = "".join(as_text(item) if isinstance(item, ast.AST) else repr(item) for item in value)
            if text:
                parts.append(f"{name}[{text}]")
        elif value is not None:
            parts.append(f"{name}={as_text(value) if isinstance(value, ast.AST) else repr(value)}")
    return f"{type(node).__name__}({' '.join(parts)})"


def name_chain(node: ast.AST) -> Chain:
    """Return `a.b.c` as ("a", "b", "c") and `a[b]` as ("a",); nothing for other expressions."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute):
        parts.append(node.attr)
        node = node.value
    if isinstance(node, ast.Name):
        return (node.id, *reversed(parts))
    return name_chain(node.value) if isinstance(node, ast.Subscript) and not parts else ()


def last_name(node: ast.AST) -> str:
    """Return the last part of a name, of a call's function included: `c` of `a.b.c` and of `a.b.c(d)`."""
    chain = name_chain(node.func if isinstance(node, ast.Call) else node)
    return chain[-1] if chain else ""
