"""`connect-hub` as a process of its own, as an operator runs it."""

import os
import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

COMMAND = Path(sys.executable).with_name("connect-hub")
PATIENCE = 120.0


def variables(**given: str) -> dict[str, str]:
    """The environment of a process: `given`, and nothing else of ours."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CONNECT_HUB_")}
    path = f"{COMMAND.parent}{os.pathsep}{kept.get('PATH', '')}"
    return {**kept, "PATH": path, "PYTHONUNBUFFERED": "1", **given}


class Process:
    """A running command, with its output as it comes."""

    def __init__(self, popen: "subprocess.Popen[str]") -> None:
        self._popen = popen
        self._lines: queue.Queue[str | None] = queue.Queue()
        self.output = ""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self._popen.stdout is not None
        for line in self._popen.stdout:
            self._lines.put(line)
        self._lines.put(None)

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Read output until a line matches. Fails when it ends before."""
        while True:
            line = self._lines.get(timeout=PATIENCE)
            assert line is not None, f"ended without {pattern!r}:\n{self.output}"
            self.output += line
            found = re.search(pattern, line)
            if found is not None:
                return found

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        """Tell it to stop; its exit code, when it has ended and all its output is in `output`."""
        self._popen.send_signal(number)
        return self.ended()

    def ended(self) -> int:
        code = self._popen.wait(timeout=PATIENCE)
        self._reader.join(timeout=PATIENCE)
        while not self._lines.empty():
            self.output += self._lines.get() or ""
        return code

    def kill(self) -> None:
        if self._popen.poll() is None:
            self._popen.kill()
        self._popen.wait()
        self._reader.join(timeout=PATIENCE)
        assert self._popen.stdout is not None
        self._popen.stdout.close()


@contextmanager
def running(command: Sequence[str | Path], *, cwd: Path, env: Mapping[str, str]) -> Iterator[Process]:
    """A process, stdout and stderr together; killed at the end if it still runs."""
    popen = subprocess.Popen(
        command, cwd=cwd, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    process = Process(popen)
    try:
        yield process
    finally:
        process.kill()
