"""The scripts of the pages, read by TypeScript's checker and by a linter; both are programs of their own."""

import platform
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MACHINE = {"x86_64": "x64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]
SYSTEM = platform.system().lower()
MODULES = ROOT / "node_modules"


def run(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.node
def test_types() -> None:
    """`tsc --checkJs` finds nothing wrong in any script that the hub serves, connect.d.ts included."""
    program = MODULES / "@typescript" / f"typescript-{SYSTEM}-{MACHINE}" / "lib" / "tsc"
    run(str(program), "--project", "tsconfig.json", "--pretty", "false")


@pytest.mark.node
def test_lint() -> None:
    """Biome's recommended rules find nothing, neither error nor warning."""
    program = MODULES / "@biomejs" / f"cli-{SYSTEM}-{MACHINE}" / "biome"
    run(str(program), "lint", "--error-on-warnings")
