"""Programs of npm, as children that cannot outlive the test run."""

import json
import os
import subprocess
import tempfile
from pathlib import Path
from typing import IO

from playwright._impl._driver import compute_driver_executable

__all__ = ["ROOT", "NodeProgram"]

ROOT = Path(__file__).resolve().parents[2]


def node_path() -> str:
    """The Node that Playwright's wheel carries: the same for all, and new enough for oidc-provider (22).

    Debian 12's own is 18. `$PLAYWRIGHT_NODEJS_PATH` names another one.
    """
    return compute_driver_executable()[0]


class NodeProgram:
    """One Node program of this repository that speaks JSON lines.

    It must exit when its standard input ends: that is how `close` stops it, and why nothing stays behind if
    the test run is killed.
    """

    def __init__(self, script: str, *arguments: str, environment: dict[str, str] | None = None) -> None:
        """Start `script`, a path from the root of the repository, with `environment` added to ours."""
        assert (ROOT / "node_modules").is_dir(), "node_modules is missing: run scripts/test, or npm ci"
        self._errors: IO[str] = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by close()
        self._process = subprocess.Popen(
            [node_path(), str(ROOT / script), *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
            cwd=ROOT,
            env=os.environ | (environment or {}),
        )

    def read(self) -> object:
        """The next line that it writes, parsed; AssertionError with its last words if it ended instead."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if line == "":
            self._errors.seek(0)
            raise AssertionError(f"a Node program ended without an answer: {self._errors.read()[-2000:]}")
        return json.loads(line)

    def write(self, message: object) -> None:
        """Send one line of JSON."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(message) + "\n")
        self._process.stdin.flush()

    def close(self) -> None:
        """End its input, wait for it, and kill it if it does not go in five seconds."""
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            pipe.close()
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()
