"""The database servers of the tests: fresh databases, crashes, and nothing left behind."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from sqlalchemy import create_engine, text

from tests.peers.database_server import DatabaseServer
from tests.peers.mariadb import MariadbServer
from tests.peers.postgres import PostgresServer

ROOT = Path(__file__).resolve().parents[2]
KINDS: list[tuple[type[DatabaseServer], str]] = [(PostgresServer, "psycopg"), (MariadbServer, "pymysql")]

STARTS_AND_WAITS = """
import sys, time
from tests.peers.{module} import {name}
server = {name}()
print(server.folder, server._process.pid, flush=True)
time.sleep(600)
"""


@pytest.mark.parametrize(("kind", "driver"), KINDS)
def test_a_server_survives_a_crash_and_leaves_nothing(kind: type[DatabaseServer], driver: str) -> None:
    """What was committed is there after a crash, at the same address; after `close`, no folder is."""
    server = kind(durable=True)
    try:
        with server.fresh_database() as database:
            engine = create_engine(database.url(driver))
            with engine.begin() as connection:
                connection.execute(text("CREATE TABLE kept (x INTEGER)"))
            with engine.begin() as connection:
                connection.execute(text("INSERT INTO kept VALUES (1)"))
            engine.dispose()
            server.restart()
            with engine.connect() as connection:
                assert connection.execute(text("SELECT x FROM kept")).scalar() == 1
            engine.dispose()
    finally:
        server.close()
    assert not server.folder.exists()


@pytest.mark.parametrize("kind", [PostgresServer, MariadbServer])
def test_a_killed_test_run_leaves_nothing(kind: type[DatabaseServer]) -> None:
    """Killed with SIGKILL, a test run takes its server and the server's folder along."""
    program = STARTS_AND_WAITS.format(module=kind.__module__.rpartition(".")[2], name=kind.__name__)
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, text=True
    ) as run:
        assert run.stdout is not None
        folder, server = run.stdout.readline().split()
        assert Path(folder).is_dir()
        run.send_signal(signal.SIGKILL)
    deadline = time.monotonic() + 60
    while Path(folder).exists() or _is_running(int(server)):
        assert time.monotonic() < deadline, f"{folder} or process {server} is still there"
        time.sleep(0.05)


def test_a_whole_run_leaves_nothing(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A run of tests that need both servers ends with no process and no file of theirs: they have no port,
    and all that they write is in temporary folders."""
    # Short: the path of a socket may have 107 bytes.
    with tempfile.TemporaryDirectory(prefix="run-") as scratch:
        Path(scratch).chmod(0o755)  # the servers run as `nobody` where root runs the tests
        run = subprocess.run(
            [
                *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist"),
                *("--basetemp", str(tmp_path_factory.mktemp("inner")), "tests/storage/test_claims.py"),
                *("-k", "test_no_worker_waits_for_another_one"),
            ],
            cwd=ROOT,
            env={**os.environ, "TMPDIR": scratch},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "2 passed" in run.stdout, run.stdout + run.stderr
        assert list(Path(scratch).iterdir()) == []
        assert _with_in_their_command(scratch) == []


def _with_in_their_command(word: str) -> list[str]:
    """The commands of processes that name `word`, as a server's names its folder."""
    found = []
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):  # it has ended
            found.append(file.read_bytes().replace(b"\0", b" ").decode(errors="replace"))
    return [command for command in found if word in command]


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # One that has ended, and that nobody has collected.
    return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
