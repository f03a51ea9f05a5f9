"""The WSGI bridge beside a plain Flask view and a2wsgi, at the same work, under gunicorn gthread.

    .venv/bin/python -m bench.wsgi [--seconds 2] [--rounds 5] [--connections 8] [--threads 8]

Each endpoint parses the same JSON with pydantic, reads the same two rows in one transaction through a
SQLAlchemy Engine on SQLite, and answers the same JSON. One server each, all in one run, in turns, so that a
slow moment hits all of them. The servers have the first core and the load the last one. "SQL in a thread" is
how an async application uses an Engine so that its loop stays free: one more hop to a thread and back.
"""

import argparse
import os
import socket
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tests.hosts.servers import Server, serving

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from starlette.types import ASGIApp

BODY = (
    b'{"origin_owner_id":"customer-4711","origin_owner_name":"Acme Widgets and Sons","provider":"bamboohr",'
    b'"categories":["hris","ats"],"multiple":false,"expires_in":432000,"metadata":{"plan":"gold","seats":42},'
    b'"label":"Payroll in the north","token":"eyJhbGciOiJIUzI1NiJ9.e30.0123456789abcdefghijklmn"}'
)
NAMES = {
    "flask": "plain Flask view",
    "bridge": "our bridge",
    "a2wsgi": "a2wsgi",
    "bridge_threaded": "our bridge, SQL in a thread",
    "a2wsgi_threaded": "a2wsgi, SQL in a thread",
}


def work() -> Callable[[bytes], bytes]:
    """What every endpoint does: bytes of JSON in, two rows read, bytes of JSON out."""
    from pydantic import BaseModel
    from sqlalchemy import create_engine, text

    class Session(BaseModel):
        origin_owner_id: str
        origin_owner_name: str
        provider: str | None
        categories: list[str]
        multiple: bool
        expires_in: int
        metadata: dict[str, object]
        label: str
        token: str

    engine = create_engine(f"sqlite:///{os.environ['BENCH_DATABASE']}")
    key_row = text("SELECT id, name FROM keys WHERE id = :id")
    session_row = text("SELECT id, owner FROM sessions WHERE owner = :owner")

    def answer(body: bytes) -> bytes:
        session = Session.model_validate_json(body)
        with engine.connect() as connection:
            key = connection.execute(key_row, {"id": 7}).one()
            row = connection.execute(session_row, {"owner": session.origin_owner_id}).one()
        return b'{"id":%d,"key":"%s","owner":"%s"}' % (row.id, key.name.encode(), row.owner.encode())

    return answer


def asgi_app(*, threaded: bool = False) -> "ASGIApp":
    """The Starlette application; its SQL runs on the loop, or in a worker thread."""
    from anyio import to_thread
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    answer = work()

    async def authenticate(request: Request) -> Response:
        body = await request.body()
        content = await to_thread.run_sync(answer, body) if threaded else answer(body)
        return Response(content, media_type="application/json")

    return Starlette(routes=[Route("/authenticate", authenticate, methods=["POST"])])


def flask() -> "WSGIApplication":
    from flask import Flask, Response, request

    app = Flask(__name__)
    answer = work()

    @app.post("/connect/authenticate")
    def authenticate() -> Response:
        return Response(answer(request.get_data()), mimetype="application/json")

    return app.wsgi_app


def bridge(*, threaded: bool = False) -> "WSGIApplication":
    from connect_hub.hosts.wsgi import wsgi_middleware

    return wsgi_middleware(flask(), asgi_app(threaded=threaded), "/connect")


def bridge_threaded() -> "WSGIApplication":
    return bridge(threaded=True)


def a2wsgi(*, threaded: bool = False) -> "WSGIApplication":
    from a2wsgi import ASGIMiddleware
    from werkzeug.middleware.dispatcher import DispatcherMiddleware

    mounts = {"/connect": ASGIMiddleware(asgi_app(threaded=threaded))}  # type: ignore[arg-type]
    return DispatcherMiddleware(flask(), mounts)  # type: ignore[arg-type]


def a2wsgi_threaded() -> "WSGIApplication":
    return a2wsgi(threaded=True)


@dataclass
class Measured:
    """Requests per second and server CPU per request, one of each a round."""

    rates: list[float] = field(default_factory=list)
    cpu_us: list[float] = field(default_factory=list)


def load(server: Server, connections: int, seconds: float) -> tuple[int, float]:
    """Keep `connections` busy for `seconds`; returns how many requests were answered, and in how long."""
    request = (
        b"POST /connect/authenticate HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n%s" % (len(BODY), BODY)
    )
    counts = [0] * connections
    until = time.monotonic() + seconds

    def keep_busy(number: int) -> None:
        with server.connect() as connection:
            while time.monotonic() < until:
                connection.sendall(request)
                _read_answer(connection)
                counts[number] += 1

    threads = [threading.Thread(target=keep_busy, args=(number,)) for number in range(connections)]
    begun = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts), time.monotonic() - begun


def _read_answer(connection: socket.socket) -> None:
    answer = connection.recv(65536)
    while b"\r\n\r\n" not in answer:
        answer += connection.recv(65536)
    head, _, body = answer.partition(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(answer.decode(errors="replace"))
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    while len(body) < length:
        body += connection.recv(65536)


def cpu_seconds(server: Server) -> float:
    """CPU time of gunicorn's workers so far."""
    total = 0.0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if int(fields[1]) == server.pid:
            total += (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return total


@contextmanager
def database() -> Iterator[str]:
    """A SQLite file with a thousand keys and sessions."""
    from sqlalchemy import create_engine, text

    with tempfile.TemporaryDirectory() as folder:
        path = f"{folder}/bench.db"
        engine = create_engine(f"sqlite:///{path}")
        with engine.begin() as connection:
            connection.execute(text("CREATE TABLE keys (id INTEGER PRIMARY KEY, name TEXT)"))
            connection.execute(text("CREATE TABLE sessions (id INTEGER PRIMARY KEY, owner TEXT UNIQUE)"))
            for number in range(1000):
                connection.execute(
                    text("INSERT INTO keys VALUES (:id, :name)"), {"id": number, "name": "key"}
                )
                row = {"id": number, "owner": f"customer-{number + 4000}"}
                connection.execute(text("INSERT INTO sessions VALUES (:id, :owner)"), row)
        engine.dispose()
        yield path


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--seconds", type=float, default=2.0, help="of load, a round and server")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--connections", type=int, default=8)
    options.add_argument("--threads", type=int, default=8, help="of gunicorn")
    chosen = options.parse_args()
    results = {name: Measured() for name in NAMES}
    cores = sorted(os.sched_getaffinity(0))
    with ExitStack() as stack:
        env = {"BENCH_DATABASE": stack.enter_context(database())}
        gthread = ["--worker-class", "gthread", "--threads", str(chosen.threads)]
        os.sched_setaffinity(0, cores[:1])  # the servers inherit it
        servers = {
            name: stack.enter_context(serving("gunicorn", f"bench.wsgi:{name}()", *gthread, env=env))
            for name in NAMES
        }
        os.sched_setaffinity(0, cores[-1:])
        for server in servers.values():
            load(server, chosen.connections, 0.5)
        for _ in range(chosen.rounds):
            for name, server in servers.items():
                before = cpu_seconds(server)
                count, seconds = load(server, chosen.connections, chosen.seconds)
                results[name].rates.append(count / seconds)
                results[name].cpu_us.append((cpu_seconds(server) - before) / count * 1e6)
    show(results)


def show(results: dict[str, Measured]) -> None:
    """Print the best and the median of each, and their ratio to the Flask view's median."""
    floor = results["flask"]
    print(f"{'':28}{'best req/s':>12}{'median':>9}{'ratio':>8}{'CPU us/request':>16}{'ratio':>8}")
    for name, measured in results.items():
        rate, cpu = statistics.median(measured.rates), statistics.median(measured.cpu_us)
        print(
            f"{NAMES[name]:28}{max(measured.rates):12.0f}{rate:9.0f}"
            f"{rate / statistics.median(floor.rates):8.2f}"
            f"{cpu:16.0f}{cpu / statistics.median(floor.cpu_us):8.2f}"
        )


if __name__ == "__main__":
    main()
