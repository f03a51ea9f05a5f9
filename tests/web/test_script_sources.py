"""The scripts of the pages, read by TypeScript's checker and by a linter; both are programs of their own."""

import platform
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MACHINE = {"x86_64": "x64", "aarch64": "arm64", "arm64": "arm64"}[platform.machine()]
SYSTEM = platform.system().lower()
MODULES = ROOT / "node_modules"


def run(*command: str) -> str:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.node
def test_types() -> None:
    """`tsc --checkJs`, strict, finds nothing wrong in any script that the hub serves, connect.d.ts included.
    It is asked what it read: beside its types the compiler would leave out connect.js itself."""
    program = MODULES / "@typescript" / f"typescript-{SYSTEM}-{MACHINE}" / "lib" / "tsc"
    read = run(str(program), "--project", "tsconfig.json", "--pretty", "false", "--listFiles").splitlines()
    folder = ROOT / "connect_hub" / "static"
    assert {str(path) for path in folder.iterdir() if path.suffix in {".js", ".ts"}} <= set(read)


@pytest.mark.node
def test_lint() -> None:
    """Biome's recommended rules find nothing, neither error nor warning."""
    program = MODULES / "@biomejs" / f"cli-{SYSTEM}-{MACHINE}" / "biome"
    run(str(program), "lint", "--error-on-warnings")
