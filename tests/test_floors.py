"""Minimum safe versions: no library older than the first release without a known advisory."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parents[1]

# Distribution -> first release that is safe to run, and why (advisories as of November 2026).
FLOORS = {
    "starlette": ("1.10.0", "CVE-2026-54283 and before (1.3.1); WSGI root_path boundary (1.10.0)"),
    "fastapi": ("0.133", "the first that takes a safe starlette"),
    "python-multipart": ("0.0.31", "CVE-2026-53537 to CVE-2026-53540"),
    "pyjwt": ("2.15.0", "CVE-2026-101918, CVE-2026-102275"),
    "joserfc": ("1.7.6", "CVE-2026-119284"),
    "authlib": ("1.9.0", "CVE-2026-114617"),
    "cryptography": ("50.0.0", "CVE-2026-69247, CVE-2026-69248"),
    "httpx2": (
        "2.15.1",
        "CVE-2026-84378 to CVE-2026-84382 (2.12.0); CPU growth on OpenSSL before 3.4 (2.15.1)",
    ),
    "h11": ("0.16.0", "CVE-2025-43859"),
    "jinja2": ("3.1.6", "CVE-2025-27516"),
    "urllib3": ("2.7.0", "CVE-2026-44431"),
    "requests": ("2.33.0", "CVE-2026-25645"),
    "aiohttp": ("3.14.1", "CVE-2026-54273 to CVE-2026-54280"),
    "pip": ("26.2", "CVE-2026-13346"),
}

# Known to be unsafe with untrusted peers, whatever its version.
BANNED = {"httpx"}


def declared() -> list[Requirement]:
    """Every requirement that pyproject.toml states: the core's, the extras', the dependency groups'."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    lines: list[object] = [*project["project"]["dependencies"]]
    for extra in project["project"]["optional-dependencies"].values():
        lines.extend(extra)
    for group in project["dependency-groups"].values():
        lines.extend(group)
    return [Requirement(line) for line in lines if isinstance(line, str)]


def lower_bound(requirement: Requirement) -> Version | None:
    """The release of a requirement's `>=` or `==`."""
    found = [Version(part.version) for part in requirement.specifier if part.operator in {">=", "=="}]
    return max(found, default=None)


@pytest.mark.parametrize("name", FLOORS)
def test_what_is_installed_is_safe(name: str) -> None:
    """A library of the table, if installed, is at its floor or above."""
    try:
        installed = Version(version(name))
    except PackageNotFoundError:
        installed = None
    floor, reason = FLOORS[name]
    assert installed is None or installed >= Version(floor), reason


@pytest.mark.parametrize("requirement", declared(), ids=str)
def test_what_is_declared_is_safe(requirement: Requirement) -> None:
    """Each requirement has a lower bound, at its floor or above, so that no resolver picks an unsafe one."""
    bound = lower_bound(requirement)
    assert bound is not None, f"{requirement} has no lower bound"
    floor, reason = FLOORS.get(canonicalize_name(requirement.name), ("0", ""))
    assert bound >= Version(floor), reason


@pytest.mark.parametrize(
    "name", ["starlette", "python-multipart", "pyjwt", "cryptography", "httpx2", "jinja2"]
)
def test_the_core_names_its_risks(name: str) -> None:
    """What the core depends on and the table knows is required by name, with a bound of ours."""
    core = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["dependencies"]
    assert name in {canonicalize_name(Requirement(line).name) for line in core}


@pytest.mark.parametrize("name", sorted(BANNED))
def test_nothing_unsafe_is_declared(name: str) -> None:
    """httpx 0.28 is not for untrusted peers; nothing of ours asks for it."""
    assert name not in {canonicalize_name(requirement.name) for requirement in declared()}


def test_scripts_upgrade_pip_to_its_floor() -> None:
    """The environment that the scripts make has a pip without the known advisory."""
    text = (ROOT / "scripts" / "environment.sh").read_text("utf-8")
    stated = re.search(r'"pip>=([0-9.]+)"', text)
    assert stated is not None
    assert Version(stated[1]) >= Version(FLOORS["pip"][0])
