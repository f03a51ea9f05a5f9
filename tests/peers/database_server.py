"""What the database servers of the tests share: a folder of their own, a user who may run them, an end."""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

__all__ = ["Database", "DatabaseServer"]

_PATIENCE = 120
"""Seconds; far more than any of this takes, but on a machine that does much else."""

# Waits until the test run is gone, however it went, and then ends the server and removes its folder.
_KEEPER = r"""
trap '' HUP INT TERM
cat >/dev/null
for file in "$1/pid" "$1/data/postmaster.pid"; do
    if pid=$(head -n 1 "$file" 2>/dev/null) && kill -s "$2" "$pid"; then
        tries=50
        while [ $tries -gt 0 ] && kill -0 "$pid" 2>/dev/null; do
            sleep 0.2
            tries=$((tries - 1))
        done
    fi
done
rm -rf -- "$1"
"""


@dataclass(frozen=True)
class Database:
    """One database of a server, by the URLs of its drivers."""

    name: str
    template: str
    """A URL with places for driver and name."""

    def url(self, driver: str) -> str:
        """As SQLAlchemy writes it, through a driver such as `psycopg`."""
        return self.template.format(driver=driver, name=self.name)


class DatabaseServer(ABC):
    """A server with its data in a temporary folder, reached through a Unix socket there.

    It runs as the user of the tests, or as `nobody` where that is root. Neither server nor folder outlives
    the test run, also when that is killed.
    """

    kill_signal: signal.Signals
    """Ends it at once, without a word to its clients and without writing what it holds back."""

    def __init__(self, *, durable: bool = False) -> None:
        """Start it. `durable`: commits reach the disk, as they would elsewhere; slower."""
        self._durable = durable
        self._names = 0
        self._process: subprocess.Popen[bytes] | None = None
        # Short, because the path of a socket may have 107 bytes; and not in pytest's own folder, which
        # nobody but the user of the tests may enter.
        self.folder = Path(tempfile.mkdtemp(prefix="chub-"))
        self._keeper = subprocess.Popen(
            ["/bin/sh", "-c", _KEEPER, "keeper", str(self.folder), self.kill_signal.name.removeprefix("SIG")],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        try:
            self._user = self._unprivileged()
            self._run(self.initialize())
            self.start()
        except BaseException:
            self.close()
            raise

    @abstractmethod
    def initialize(self) -> Sequence[str]:
        """The command that fills `folder`/data."""

    @abstractmethod
    def serve(self) -> Sequence[str]:
        """The command that serves it until it gets a signal."""

    @abstractmethod
    def socket(self) -> Path:
        """Where it listens."""

    @abstractmethod
    def execute(self, *statements: str) -> None:
        """Run statements as the administrator, each by itself. Raises the driver's error."""

    @abstractmethod
    def database(self, name: str) -> Database:
        """How a database is reached."""

    def start(self) -> None:
        """Start the server and wait until it answers."""
        self._process = self._spawn(self.serve())
        self._until(self._answers)

    def kill(self) -> None:
        """End it as a crash would."""
        assert self._process is not None
        self._process.send_signal(self.kill_signal)
        self._process.wait(_PATIENCE)

    def restart(self) -> None:
        """Crash, and come back at the same address."""
        self.kill()
        self.start()

    @contextmanager
    def fresh_database(self) -> Iterator[Database]:
        """An empty database, dropped afterwards, whoever is still connected."""
        self._names += 1
        name = f"test_{self._names}"
        self.execute(f"CREATE DATABASE {name}")
        try:
            yield self.database(name)
        finally:
            self.execute(self.drop(name))

    def drop(self, name: str) -> str:
        """The statement that drops a database."""
        return f"DROP DATABASE {name}"

    def log(self) -> str:
        """What it has said so far."""
        return (self.folder / "log").read_text("utf-8", "replace")

    def close(self) -> None:
        """End the server, and remove its folder."""
        if self._process is not None and self._process.poll() is None:
            self.kill()
        for left in (self.folder / "pid", self.folder / "data" / "postmaster.pid"):
            left.unlink(missing_ok=True)  # the number may be another process's by now
        assert self._keeper.stdin is not None
        self._keeper.stdin.close()
        self._keeper.wait(_PATIENCE)

    def _unprivileged(self) -> str | None:
        if os.geteuid() != 0:
            return None
        nobody = pwd.getpwnam("nobody")
        os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
        return nobody.pw_name

    def _spawn(self, command: Sequence[str]) -> subprocess.Popen[bytes]:
        group = None if self._user is None else pwd.getpwnam(self._user).pw_gid
        with (self.folder / "log").open("ab") as log:
            return subprocess.Popen(
                command,
                cwd=self.folder,
                user=self._user,
                group=group,
                extra_groups=None if group is None else [],
                # A folder for temporary files of its own: a MariaDB that starts removes those of others.
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": str(self.folder),
                    "TMPDIR": str(self.folder),
                    "LC_ALL": "C.UTF-8",
                },
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def _run(self, command: Sequence[str]) -> None:
        status = self._spawn(command).wait(_PATIENCE)
        assert status == 0, f"{command[0]} ended with {status}: {self.log()[-2000:]}"

    def _answers(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, f"the server has ended: {self.log()[-2000:]}"
        try:
            with socket.socket(socket.AF_UNIX) as probe:  # drivers leave sockets open that do not connect
                probe.connect(str(self.socket()))
            self.execute("SELECT 1")
        except Exception:  # of whatever driver: it is not there yet
            return False
        return True

    def _until(self, condition: Callable[[], bool]) -> None:
        deadline = time.monotonic() + _PATIENCE
        while not condition():
            assert time.monotonic() < deadline, f"the server does not answer: {self.log()[-2000:]}"
            time.sleep(0.05)


def program(name: str, *folders: str) -> str:
    """The path of a server's program, which distributions like to keep out of PATH."""
    path = os.pathsep.join([os.environ["PATH"], *folders])
    found = shutil.which(name, path=path)
    assert found is not None, f"{name} is missing: run scripts/test, which installs it"
    return found
