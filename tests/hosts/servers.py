"""Real servers as subprocesses: started on a free port of 127.0.0.1, waited for, stopped, leaving nothing.

with serving("gunicorn", "tests.hosts.wsgi_apps:application", "--threads", "4") as server:
    server.port, server.pid, server.output()
"""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

__all__ = ["KINDS", "Server", "serving"]

KINDS = ("gunicorn", "waitress", "uvicorn", "hypercorn", "granian")

_ROOT = Path(__file__).resolve().parents[2]
_START = 60.0
_STOP = 30.0


@dataclass(frozen=True)
class Server:
    """A running server. `pid` is the process that was started: gunicorn's master, with workers below it."""

    address: tuple[str, int] | str
    """Host and port, or the path of a Unix socket."""
    process: "subprocess.Popen[bytes]"
    log: Path

    @property
    def port(self) -> int:
        assert isinstance(self.address, tuple), "a Unix socket has no port"
        return self.address[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def command(self) -> str:
        return " ".join(str(word) for word in self.process.args)  # type: ignore[union-attr]  # a list of ours

    def output(self) -> str:
        """All that the server has printed so far, errors included."""
        return self.log.read_text(errors="replace")

    def connect(self, seconds: float = 5.0) -> socket.socket:
        """A new connection whose reads and writes give up after `seconds`."""
        connection = socket.socket(socket.AF_INET if isinstance(self.address, tuple) else socket.AF_UNIX)
        connection.settimeout(seconds)
        try:
            connection.connect(self.address)
        except OSError:
            connection.close()
            raise
        return connection

    def stop(self) -> int:
        """Ask the server to end (SIGTERM) and return its exit status; kill its whole group if it will not."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(_STOP)
        except subprocess.TimeoutExpired:
            _kill_group(self.process)
            raise AssertionError(f"The server did not stop within {_STOP} s:\n{self.output()}") from None


@contextlib.contextmanager
def serving(
    kind: str,
    app: str,
    *options: str,
    env: Mapping[str, str] | Callable[[int], Mapping[str, str]] | None = None,
    unix: bool = False,
) -> Iterator[Server]:
    """Run `app` ("module:name") under `kind`, one of KINDS, with more `options`.

    The listening socket is made here and inherited, so that no other process can take the port and no
    request is refused while the server starts; granian cannot inherit one, and shares the port instead.
    `unix`: the server makes a Unix socket and listens on that. `env` may be a function of the port, for an
    application that must know its own address.
    """
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        log = Path(folder, "output")
        port = 0
        inherited: tuple[int, ...] = ()
        if unix:
            address: tuple[str, int] | str = f"{folder}/s"
            listens = _UNIX[kind](f"{folder}/s")
        else:
            listener = stack.enter_context(socket.socket(socket.AF_INET))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, kind == "granian")
            listener.bind(("127.0.0.1", 0))
            address, port = listener.getsockname(), listener.getsockname()[1]
            if kind != "granian":
                listener.listen(128)
                listener.set_inheritable(True)
                inherited = (listener.fileno(),)
            listens = _TCP[kind](listener.fileno(), port)
        more = env(port) if callable(env) else env or {}
        with log.open("wb") as output:
            process = subprocess.Popen(
                _command(kind, app, listens, list(options)),
                cwd=_ROOT,
                env={**os.environ, "PYTHONPATH": str(_ROOT), "PYTHONUNBUFFERED": "1", **more},
                stdout=output,
                stderr=subprocess.STDOUT,
                pass_fds=inherited,
                start_new_session=True,
            )
        server = Server(address, process, log)
        stack.callback(_kill_group, process)
        if inherited:
            listener.close()  # from here on only the server holds it: when it dies, a connection is refused
        _wait_until_it_answers(server)
        yield server
        if process.poll() is None:
            server.stop()


_TCP: dict[str, Callable[[int, int], list[str]]] = {
    "gunicorn": lambda fd, port: ["--bind", f"fd://{fd}"],
    "waitress": lambda fd, port: [f"sockets=[socket.socket(fileno={fd})]"],
    "uvicorn": lambda fd, port: ["--fd", str(fd)],
    "hypercorn": lambda fd, port: ["--bind", f"fd://{fd}"],
    "granian": lambda fd, port: ["--host", "127.0.0.1", "--port", str(port)],
}
_UNIX: dict[str, Callable[[str], list[str]]] = {
    "gunicorn": lambda path: ["--bind", f"unix:{path}"],
    "waitress": lambda path: [f"unix_socket={path!r}"],
    "uvicorn": lambda path: ["--uds", path],
    "hypercorn": lambda path: ["--bind", f"unix:{path}"],
    "granian": lambda path: ["--uds", path],
}


def _command(kind: str, app: str, listens: list[str], options: list[str]) -> list[str]:
    if kind == "gunicorn":
        fixed = ["--no-control-socket", "--graceful-timeout", "5"]
        return [sys.executable, "-m", "gunicorn", *listens, *fixed, *options, app]
    if kind == "waitress":
        module, _, name = app.partition(":")
        code = (
            "import socket, sys, signal, importlib, waitress\n"
            "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))\n"
            f"app = eval({name!r}, vars(importlib.import_module({module!r})))\n"
            f"waitress.serve(app, {', '.join(listens)}, threads=4)\n"
        )
        return [sys.executable, "-c", code, *options]
    return [sys.executable, "-m", kind, *listens, *options, app]


def _wait_until_it_answers(server: Server) -> None:
    """Poll until one request is answered, with whatever status: the kernel accepts before the server does."""
    deadline = time.monotonic() + _START
    while time.monotonic() < deadline:
        if server.process.poll() is not None:
            raise AssertionError(f"The server ended with {server.process.returncode}:\n{server.output()}")
        with contextlib.suppress(OSError), server.connect(1.0) as probe:
            probe.sendall(b"GET /-/ready HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
            if probe.recv(1):
                return
        time.sleep(0.02)
    raise AssertionError(f"The server did not answer within {_START} s:\n{server.output()}")


def _kill_group(process: "subprocess.Popen[bytes]") -> None:
    """End what is left of the process group that was started here."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
