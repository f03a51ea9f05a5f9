"""The architecture as a test: who may import whom, and where each third-party library may be named."""

import ast
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "connect_hub"

# A module is in the layer of the longest of these that it starts with. L5 is what composes the hub.
LAYERS = {
    "errors": 0,
    "message": 0,
    "models": 0,
    "clock": 0,
    "secret": 0,
    "secret_paths": 0,
    "header_names": 0,
    "credentials": 0,
    "audit": 0,
    "operators": 0,
    "host_address": 0,
    "folding": 0,
    "_version": 0,
    "keys": 1,
    "tokens": 1,
    "vault": 1,
    "config": 1,
    "identity": 1,
    "dashboard": 1,
    "nonce": 1,
    "trigger_tokens": 1,
    "callbacks": 1,
    "events": 1,
    "connectors": 1,
    "storage": 1,
    "webhooks": 1,
    "net": 1,
    "portal": 1,
    "outbound": 1,  # the lazy door to net
    "storage.memory": 2,
    "storage.sql": 2,
    "auth": 2,
    "webhooks.delivery": 2,
    "flows": 3,
    "web": 4,
    "worker": 4,  # who runs deliveries: beside the web, and below the hub that starts it
    "runtime": 5,
    "sync": 5,
    "hub": 5,
    "": 5,  # connect_hub/__init__.py names the hub
    "hosts.django.management": 6,  # the command line, as manage.py has it
    "hosts": 4,  # the hub offers them as init_app and wsgi; they know it by its type alone
    "cli": 6,
    "testing": 6,
}

# Where a library may be imported, by the same prefixes; "" is anywhere (pydantic is the core's data).
CONFINED = {
    "httpx2": ["net"],
    "httpcore2": ["net"],
    "h11": ["net"],
    "sqlalchemy": ["hosts.django", "storage.sql"],
    "aiosqlite": ["storage.sql"],
    "jwt": ["tokens", "hosts.identities.gateway"],
    "cryptography": ["keys", "vault"],
    "starlette": ["web", "hosts", "testing", "hub"],
    "jinja2": ["web", "hosts", "testing"],
    "markupsafe": ["web", "hosts", "testing"],
    "python_multipart": ["web"],
    "segno": ["web.dashboard"],
    "click": ["cli"],
    "uvicorn": ["cli", "testing.serving"],
    "pydantic_settings": ["cli"],
    "flask": ["hosts.flask", "hosts.identities.flask_login", "hosts.operators.flask_login"],
    "flask_login": ["hosts.identities.flask_login", "hosts.operators.flask_login"],
    "django": ["hosts.django"],
    "pytest": ["testing"],
    "pydantic": [""],
    "pydantic_core": [""],
    "anyio": [""],
    "typing_extensions": [],
}


@dataclass(frozen=True)
class Import:
    """One import statement: `source` names `target`, both dotted, without `connect_hub.` where ours."""

    source: str
    target: str
    lazy: bool
    """Inside a function: it runs when called, not when the module is imported."""
    line: int

    def __str__(self) -> str:
        return f"connect_hub.{self.source}:{self.line} imports {self.target}"


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def covers(prefix: str, module: str) -> bool:
    return prefix in {"", module} or module.startswith(f"{prefix}.")


def layer(module: str) -> int | None:
    """The layer of one of our modules; None for one that the table does not know."""
    named = [prefix for prefix in LAYERS if prefix != "" and covers(prefix, module)]
    if module == "":
        return LAYERS[""]
    return LAYERS[max(named, key=len)] if named else None


class _Imports(ast.NodeVisitor):
    """Every import of a module that runs, those for the type checker alone left out."""

    def __init__(self, module: str, *, is_package: bool) -> None:
        self.module = module
        self.package = module if is_package else module.rpartition(".")[0]
        self.depth = 0
        self.found: list[tuple[str, bool, int]] = []

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._inside(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._inside(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._inside(node)

    def visit_If(self, node: ast.If) -> None:
        if "TYPE_CHECKING" in ast.dump(node.test):
            for statement in node.orelse:
                self.visit(statement)
        else:
            self.generic_visit(node)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self.found.append((alias.name, self.depth > 0, node.lineno))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        origin = node.module or ""
        if node.level > 0:
            parents = ["connect_hub", *self.package.split(".")] if self.package else ["connect_hub"]
            origin = ".".join([*parents[: len(parents) - node.level + 1], *([origin] if origin else [])])
        for alias in node.names:
            whole = f"{origin}.{alias.name}"
            is_ours = whole.removeprefix("connect_hub.") in MODULES
            self.found.append((whole if is_ours else origin, self.depth > 0, node.lineno))

    def _inside(self, node: ast.AST) -> None:
        self.depth += 1
        self.generic_visit(node)
        self.depth -= 1


def imports() -> Iterator[tuple[Import, bool]]:
    """Every import in the package, and whether its target is ours."""
    for module, path in MODULES.items():
        visitor = _Imports(module, is_package=path.name == "__init__.py")
        visitor.visit(ast.parse(path.read_text("utf-8")))
        for name, lazy, line in visitor.found:
            ours = name.partition(".")[0] == "connect_hub"
            target = name.removeprefix("connect_hub").removeprefix(".") if ours else name
            yield Import(module, target, lazy, line), ours


OURS = [found for found, ours in imports() if ours]
FOREIGN = [found for found, ours in imports() if not ours]


def test_every_module_has_a_layer() -> None:
    """A module that the table of layers does not name has no place in the architecture yet."""
    assert [module for module in MODULES if layer(module) is None] == []


def test_modules_import_their_own_layer_or_below() -> None:
    """No module reaches up, not even lazily from inside a function."""
    upward = [
        str(found)
        for found in OURS
        if (own := layer(found.source)) is not None
        and (other := layer(found.target)) is not None
        and other > own
    ]
    assert upward == []


def test_no_cycles_at_module_level() -> None:
    """Modules can be imported in any order: what they import when imported forms no circle."""
    graph: dict[str, set[str]] = {module: set() for module in MODULES}
    for found in OURS:
        if not found.lazy and found.target in graph and found.target != found.source:
            graph[found.source].add(found.target)
    while free := {module for module, needs in graph.items() if not needs}:
        graph = {module: needs - free for module, needs in graph.items() if module not in free}
    assert graph == {}


@pytest.mark.parametrize("library", CONFINED)
def test_libraries_are_named_only_where_they_belong(library: str) -> None:
    """A third-party library is imported by the modules that own it and by no other."""
    strays = [
        str(found)
        for found in FOREIGN
        if found.target.partition(".")[0] == library
        and not any(covers(owner, found.source) for owner in CONFINED[library])
    ]
    assert strays == []


def test_no_library_is_used_without_a_rule() -> None:
    """A new third-party import needs a line in the table above, and with it a decision where it belongs."""
    known = set(sys.stdlib_module_names) | set(CONFINED)
    assert [str(found) for found in FOREIGN if found.target.partition(".")[0] not in known] == []


@pytest.mark.parametrize(
    ("source", "target", "lazy"),
    [
        ("from connect_hub.web import app", "web.app", False),
        ("from . import errors", "errors", False),
        ("def f():\n    from connect_hub.hub import ConnectHub", "hub", True),
        ("from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import connect_hub.hub", None, False),
    ],
)
def test_the_reader_of_imports_sees_what_runs(source: str, target: str | None, lazy: bool) -> None:
    """The judge is judged: absolute, relative and lazy imports are seen, those for types alone are not."""
    visitor = _Imports("clock", is_package=False)
    visitor.visit(ast.parse(source))
    ours = [(name, inside) for name, inside, _ in visitor.found if name.startswith("connect_hub")]
    expected = [] if target is None else [(f"connect_hub.{target}", lazy)]
    # a module that is not written yet is seen by its package
    assert ours in (expected, [(name.rpartition(".")[0], inside) for name, inside in expected])
