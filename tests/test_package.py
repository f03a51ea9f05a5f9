"""The package as it is shipped: what it exports, what its import costs, what the wheel holds."""

import importlib
import json
import pkgutil
import subprocess
import sys
import zipfile
from dataclasses import is_dataclass
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from tests import django_host

ROOT = Path(__file__).resolve().parents[1]
PACKAGE = ROOT / "connect_hub"


def modules() -> list[str]:
    return ["connect_hub"] + [
        found.name
        for found in pkgutil.walk_packages([str(PACKAGE)], "connect_hub.")
        if found.name != "connect_hub.__main__"
    ]


@pytest.mark.parametrize("name", modules())
def test_what_a_module_exports_is_there_and_sorted(name: str) -> None:
    """`__all__` of every module is sorted, free of repetitions, and every name in it can be imported."""
    if name.startswith("connect_hub.hosts.django."):
        django_host.ready()  # models are refused before it
    module = importlib.import_module(name)
    exported = list(getattr(module, "__all__", []))
    assert len(exported) == len(set(exported))
    assert exported == sorted(exported, key=_ruff_order)
    assert [each for each in exported if not hasattr(module, each)] == []


def test_the_package_exports_the_hub() -> None:
    """A host needs one import: `from connect_hub import ConnectHub, KeyRing`."""
    assert {"ConnectHub", "KeyRing"} <= set(importlib.import_module("connect_hub").__all__)


def types_in(annotation: object) -> set[type]:
    """Our own classes that an annotation names, and those of their fields."""
    found = {each for part in get_args(annotation) for each in types_in(part)}
    if isinstance(annotation, type) and annotation.__module__.startswith("connect_hub."):
        found.add(annotation)
        if is_dataclass(annotation):
            found |= {each for field in get_type_hints(annotation).values() for each in types_in(field)}
    return found


FLOWS = ["accounts", "api_keys", "attempts", "links", "owners", "sessions", "upkeep"]


@pytest.mark.parametrize("flow", FLOWS)
def test_what_public_calls_return_can_be_named(flow: str) -> None:
    """A host annotates what `hub.<flow>` gives it, and what that is made of, by names of the package."""
    package = importlib.import_module("connect_hub")
    twin = getattr(importlib.import_module("connect_hub.sync"), f"Sync{flow.title().replace('_', '')}")
    source = next(get_args(base)[0] for base in twin.__orig_bases__)
    public = [name for name in vars(twin) if not name.startswith("_")]
    returned = {
        found for name in public for found in types_in(getattr(source, name).__annotations__["return"])
    }
    # What a provider is told when access is withdrawn; `Erased` carries it for the hub's own use.
    inner = {"Sealed", "StoredCredentials"}
    assert returned != set()
    assert {found.__name__ for found in returned} - inner - set(package.__all__) == set()


def test_importing_the_package_imports_nothing_heavy() -> None:
    """The HTTP client, SQLAlchemy, the command line and hosts come when they are used, not before."""
    heavy = ["httpx2", "sqlalchemy", "click", "uvicorn", "pydantic_settings", "flask", "fastapi", "django"]
    program = (
        "import sys, json; from connect_hub import ConnectHub, KeyRing; print(json.dumps([*sys.modules]))"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert run.stderr == ""
    assert set(heavy) & set(json.loads(run.stdout)) == set()


def test_importing_every_module_starts_nothing() -> None:
    """Importing does no work: no thread, no child, no event loop, no open file but the interpreter's own."""
    program = """
import importlib, json, os, sys, threading
from tests import django_host
django_host.ready()  # refuses models before it is set up
before = set(os.listdir("/proc/self/fd"))
for name in json.loads(sys.argv[1]):
    importlib.import_module(name)
print(threading.active_count(), len(set(os.listdir("/proc/self/fd")) - before))
"""
    names = json.dumps(modules())
    printed = subprocess.run(
        [sys.executable, "-W", "error", "-c", program, names],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (printed.stdout.split(), printed.stderr) == (["1", "0"], "")


def test_no_module_has_a_name_that_says_nothing() -> None:
    """Modules are named by their noun."""
    empty = {
        "util",
        "utils",
        "helper",
        "helpers",
        "common",
        "misc",
        "base",
        "manager",
        "mixin",
        "mixins",
        "core_utils",
    }
    assert [name for name in modules() if empty & set(name.split("."))] == []


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.Path:
    """The wheel, built from this tree by the build backend that pyproject.toml names."""
    target = tmp_path_factory.mktemp("wheel")
    command = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(target),
        str(ROOT),
    ]
    subprocess.run(command, check=True, capture_output=True)
    (built,) = target.glob("*.whl")
    return zipfile.Path(built)


def test_the_wheel_holds_everything_the_package_reads(wheel: zipfile.Path) -> None:
    """Every module and every data file of the tree is in the wheel, `py.typed` too, and nothing else."""
    inside = {
        name for name in wheel.root.namelist() if name.startswith("connect_hub/") and not name.endswith("/")
    }
    tree = {
        str(path.relative_to(ROOT))
        for path in PACKAGE.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert inside == tree
    assert "connect_hub/py.typed" in inside
    present = {name.split("/")[1] for name in inside if name.count("/") >= 2}
    assert {"catalog", "templates", "static"} <= present


def _ruff_order(name: str) -> tuple[int, str]:
    """Constants, then classes, then the rest: the order that ruff's RUF022 keeps."""
    kind = 0 if name.isupper() else 1 if name[:1].isupper() else 2
    return kind, name
