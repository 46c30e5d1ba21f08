"""What a script can reach: definitions of the package, and libraries.

The walk follows names, not calls. A function or constant is reached if a reached definition names it.
A method is reached if its class is and its name occurs in a reached definition. Two limits follow.
A class whose methods a library calls must inherit from that library: then all its methods count.
A constant counts only where it is named, so its expression must have no side effect.
"""

import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from cscsanet.errors import CscsanetError
from cscsanet.workflow.definitions import (
    PARAMETERS,
    Binding,
    Definition,
    Module,
    dictionary_entries,
    read_module,
)
from cscsanet.workflow.syntax import Chain

# These log, show or report what is made, or say where it is made, and do not change it.
WITHOUT_EFFECT = (
    "cscsanet.errors",
    "cscsanet.processes",
    "cscsanet.tracking",
    "cscsanet.workflow.code",
    "cscsanet.workflow.definitions",
    "cscsanet.workflow.engines",
    "cscsanet.workflow.kept",
    "cscsanet.workflow.pipeline_file",
    "cscsanet.workflow.progress",
    "cscsanet.workflow.ray_engine",
    "cscsanet.workflow.stopping",
    "cscsanet.workflow.syntax",
    "cscsanet.workflow.walk",
    "cscsanet.workflow.why",
    "cscsanet.workflow.workers",
)
# Versions of libraries count as code. Import name -> distributions, where these have other names.
# The optional sionna counts for none: the drops that it makes note its version.
LIBRARIES = {"PIL": ("pillow",), "onnx": ("onnx", "onnxscript"), "onnx_ir": ("onnx-ir",), "sionna": ()}
# Libraries that check, store, show or draw results, but compute none.
WITHOUT_NUMBERS = frozenset(
    {
        "filelock",
        "google",
        "jinja2",
        "matplotlib",
        "mlflow",
        "pydantic",
        "rich",
        "safetensors",
        "typer",
        "typing_extensions",
        "yaml",
    }
)
# Classes that call no method of their subclasses by themselves.
_PLAIN_BASES = frozenset(
    {"ABC", "Exception", "Generic", "NamedTuple", "Protocol", "StrEnum", "TypedDict", "object"}
)
_PACKAGE = "cscsanet"
STAGES = "STAGES"  # the dictionary in a script that serves several stages


class Walk:
    """All that one stage of a script reaches.

    reached: definitions as `module:name`. libraries: distribution -> version.
    """

    def __init__(self, script: Path, stage: str, source: Path) -> None:
        """Walk from a script. source: the folder that holds the package.

        Raises:
            CscsanetError: a file cannot be parsed, hides code, or imports what the source does not hold.
        """
        self.source = source
        self.script = read_module(f"stages.{script.stem}", script)
        self.entries = dictionary_entries(script, STAGES)
        self.stage = stage
        self.reached: dict[str, Definition] = {}
        self.waiting: list[tuple[Module, str]] = []
        self.attributes: set[str] = set()
        self.libraries: dict[str, str] = {}
        self.defined: dict[str, tuple[Module, str]] = {}
        self.imported: set[str] = set()
        self.origins: dict[str, set[str]] = {}

        self._import(self.script)
        while self.waiting:
            while self.waiting:
                self._read(*self.waiting.pop())
            for module, name in list(self.defined.values()):
                self._reach_methods(module, name)

    def contents(self) -> dict[str, str]:
        """Return what each definition stands for: its text, and where the names in it come from."""
        return {
            key: definition.content + "".join(sorted(self.origins.get(key, ())))
            for key, definition in self.reached.items()
        }

    def _import(self, module: Module) -> None:
        """Reach what runs when a module is imported: statements and decorators, in what it imports as well."""
        if module.name in self.imported:
            return
        self.imported.add(module.name)
        for index, statement in enumerate(module.statements):
            self._reach(module, f"<statement {index + 1}>", statement)
        for name, definitions in module.definitions.items():
            decorators = [chain for definition in definitions for chain in definition.decorators]
            if any(chain and self._resolve(module, chain) for chain in decorators):
                self._define(module, name.partition(".")[0])
        for bindings in module.imports.values():
            for binding in bindings:
                self._import_binding(binding)
        package = module.name.rpartition(".")[0]
        if package.startswith(_PACKAGE):
            self._import(self._module(package))

    def _import_binding(self, binding: Binding) -> None:
        origin, member = binding
        if _is_own(origin) and not _is_without_effect(f"{origin}.{member}"):
            self._import(self._module(origin))
            if self._path(f"{origin}.{member}"):
                self._import(self._module(f"{origin}.{member}"))

    def _reach(self, module: Module, name: str, definition: Definition) -> None:
        key = f"{module.name}:{name}"
        if key not in self.reached:
            self.reached[key] = definition
            self.attributes |= definition.attributes
            self.waiting.append((module, key))

    def _read(self, module: Module, key: str) -> None:
        """Follow every name in a definition that is reached."""
        definition = self.reached[key]
        for _, binding in definition.imports:
            self._import_binding(binding)
        for first, *rest in sorted(definition.uses):
            if first in module.definitions:
                self._define(module, first)
            local = [binding for name, binding in definition.imports if name == first]
            for binding in (*local, *module.imports.get(first, ())):
                self._follow(key, first, binding, tuple(rest))

    def _define(self, module: Module, name: str) -> None:
        """A name of a module is used: reach what it stands for."""
        if module is self.script and name == STAGES and self.stage in self.entries:
            self._reach(module, f"{STAGES}[{self.stage}]", self.entries[self.stage])
            return
        for index, definition in enumerate(module.definitions[name]):
            self._reach(module, name if not index else f"{name}#{index + 1}", definition)
        self.defined[f"{module.name}:{name}"] = (module, name)

    def _reach_methods(self, module: Module, name: str) -> None:
        whole = not self._is_plain(module, name)
        for key, definitions in module.definitions.items():
            owner, _, method = key.partition(".")
            if owner == name and method and (whole or method in self.attributes):
                for index, definition in enumerate(definitions):
                    self._reach(module, key if not index else f"{key}#{index + 1}", definition)

    def _is_plain(self, module: Module, name: str) -> bool:
        """Whether nothing but our own code calls the methods of a class."""
        if module.name.startswith(PARAMETERS):
            return True
        for definition in module.definitions[name]:
            for base in definition.bases:
                own_class = self._resolve(module, base)
                if own_class is None and base[-1] not in _PLAIN_BASES:
                    return False
                if own_class is not None and not self._is_plain(*own_class):
                    return False
        return True

    def _resolve(self, module: Module, chain: Chain) -> tuple[Module, str] | None:
        """Return the module and name of one of our own definitions, or None for a library's."""
        name, *rest = chain
        if name in module.definitions:
            return module, name
        for origin, member in module.imports.get(name, ()):
            submodule = self._path(f"{origin}.{member}") if member else None
            path = submodule or self._path(origin)
            if path is not None:
                inner = read_module(f"{origin}.{member}" if submodule else origin, path)
                names = tuple(rest) if submodule or not member else (member, *rest)
                if names and (inner is not module or names[0] != name):
                    return self._resolve(inner, names)
        return None

    def _follow(self, user: str, name: str, binding: Binding, rest: Chain) -> None:
        """Reach what an imported name, or an attribute of an imported module, stands for."""
        origin, member = binding
        if not _is_own(origin):
            top = origin.partition(".")[0]
            if top not in sys.stdlib_module_names and top not in WITHOUT_NUMBERS:
                self.libraries |= {library: _installed(library) for library in LIBRARIES.get(top, (top,))}
        elif _is_without_effect(f"{origin}.{member}"):
            return
        self.origins.setdefault(user, set()).add(f"{name}={origin}.{member}")
        if _is_own(origin):
            module = self._module(origin)
            self._import(module)
            chain = (member, *rest) if member else rest
            # A module that is handed on as an object: anything in it may be used.
            for names in [chain] if chain else [(each,) for each in (*module.definitions, *module.imports)]:
                self._follow_member(user, module, names)

    def _follow_member(self, user: str, module: Module, chain: Chain) -> None:
        name, *rest = chain
        if name in module.definitions:
            self._define(module, name.partition(".")[0])
        bindings = [binding for binding in module.imports.get(name, ()) if binding != (module.name, name)]
        for binding in bindings:
            self._follow(user, name, binding, tuple(rest))
        if name in module.definitions or bindings:
            return
        if self._path(f"{module.name}.{name}") is not None:
            # A package that imports its own module, or a module that is named by way of its package.
            self._follow(user, name, (f"{module.name}.{name}", ""), tuple(rest))
        elif name and not (name.startswith("__") and name.endswith("__")):
            raise CscsanetError(
                f"{module.name}: defines no '{name}', which {user} uses; import it by its name"
            )

    def _module(self, name: str) -> Module:
        path = self._path(name)
        if path is None:
            raise CscsanetError(f"{name}: no such module in {self.source}; correct the import")
        return read_module(name, path)

    def _path(self, name: str) -> Path | None:
        return _module_path(self.source, name)


def _is_own(origin: str) -> bool:
    return origin.partition(".")[0] == _PACKAGE


def _is_without_effect(name: str) -> bool:
    return f"{name}.".startswith(tuple(f"{module}." for module in WITHOUT_EFFECT))


@cache
def _module_path(source: Path, name: str) -> Path | None:
    if not _is_own(name):
        return None
    place = source / Path(*name.split("."))
    return next((path for path in (place.with_suffix(".py"), place / "__init__.py") if path.exists()), None)


@cache
def _installed(library: str) -> str:
    try:
        # Builds of one version for several accelerators differ after the plus sign.
        return version(library).partition("+")[0]
    except PackageNotFoundError:
        raise CscsanetError(
            f"{library}: not installed, but the code of a stage uses it; install it, or name its distribution "
            f"in LIBRARIES of cscsanet/workflow/code.py"
        ) from None
