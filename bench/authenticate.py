"""CPU per request of `POST /connect_sessions/authenticate`, beside a floor that does the unavoidable by hand.

    .venv/bin/python -m bench.authenticate [--rounds 15] [--requests 400] [--concurrency 8] [--profile]

The floor is a bare Starlette route: it parses the same JSON with pydantic, verifies the same JWT with PyJWT,
reads the API key's row and the session's row in one transaction through the same kind of Engine in a worker
thread (in memory: from two dicts), and answers the same document. Both are called in this process through a
minimal ASGI driver, in turns, so that a slow moment hits both; CPU time counts all threads.
"""

import argparse
import asyncio
import base64
import cProfile
import hashlib
import hmac
import json
import pstats
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import jwt
from pydantic import BaseModel
from sqlalchemy import bindparam, create_engine, select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message

from connect_hub import (
    ConnectHub,
    HubConfig,
    KeyRing,
    MemoryStorage,
    NetworkConfig,
    Rate,
    RateConfig,
    SQLStorage,
)
from connect_hub.keys import Purpose, new_key_text

URL = "https://app.example.com"
PATH = "/connect_sessions/authenticate"


@dataclass(frozen=True)
class Case:
    """One application and the request that it is asked again and again."""

    name: str
    app: ASGIApp
    body: bytes
    authorization: bytes


async def ask(case: Case) -> bytes:
    """One request; the body of the answer. Raises if it was refused."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "https",
        "path": PATH,
        "raw_path": PATH.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"host", b"app.example.com"),
            (b"user-agent", b"bench"),
            (b"accept", b"application/json"),
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(case.body)),
            (b"authorization", case.authorization),
        ],
        "client": ("192.0.2.1", 40000),
        "server": ("192.0.2.2", 443),
        "state": {},
    }
    chunks: list[bytes] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": case.body, "more_body": False}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            if message["status"] != 201:
                raise RuntimeError(f"{case.name}: {message['status']}")
        else:
            chunks.append(message["body"])

    await case.app(scope, receive, send)
    return b"".join(chunks)


async def cpu(case: Case, *, requests: int, concurrency: int) -> float:
    """Microseconds of CPU for one request."""

    async def some() -> None:
        for _ in range(requests // concurrency):
            await ask(case)

    before = time.process_time()
    await asyncio.gather(*(some() for _ in range(concurrency)))
    return (time.process_time() - before) / (requests // concurrency * concurrency) * 1e6


class Token(BaseModel):
    """The body of the request."""

    token: str


def floor_rows(storage: SQLStorage) -> Callable[[str, str], Awaitable[bytes]]:
    """Reads the hash of a key and the row of a session, through an Engine of its own on the same database."""
    engine, tables = create_engine(storage.engine.url), storage.tables
    by_id = select(tables.api_keys).where(tables.api_keys.c.id == bindparam("key_id"))
    by_jti = select(tables.sessions).where(tables.sessions.c.jti == bindparam("jti"))
    threads = ThreadPoolExecutor(1)

    def rows(key_id: str, jti: str) -> bytes:
        with engine.connect() as connection:
            key = connection.execute(by_id, {"key_id": key_id}).one()
            session = connection.execute(by_jti, {"jti": jti}).one()
        assert session.jti == jti
        return bytes.fromhex(key.secret_hash)

    async def read(key_id: str, jti: str) -> bytes:
        return await asyncio.get_running_loop().run_in_executor(threads, rows, key_id, jti)

    return read


def floor(read: Callable[[str, str], Awaitable[bytes]], signing_key: bytes, document: object) -> ASGIApp:
    """The bare route; `read` gives the hash of the key's secret and makes sure of the session."""

    async def authenticate(request: Request) -> Response:
        encoded = request.headers["authorization"].partition(" ")[2]
        api_key = base64.b64decode(encoded).decode().partition(":")[0]
        _, _, key_id, secret = api_key.split("_", 3)
        wanted = Token.model_validate_json(await request.body())
        claims = jwt.decode(
            wanted.token,
            signing_key,
            algorithms=["HS256"],
            audience=URL,
            issuer=URL,
            options={"require": ["exp", "iat", "aud", "iss", "sub", "jti"]},
        )
        stored = await read(key_id, claims["jti"])
        if not hmac.compare_digest(hashlib.sha256(secret.encode()).digest(), stored):
            return Response(status_code=401)
        return JSONResponse(document, 201)

    return Starlette(routes=[Route(PATH, authenticate, methods=["POST"])])


async def pair(storage: SQLStorage | MemoryStorage, name: str) -> tuple[Case, Case]:
    """Our hub on this storage, and its floor."""
    keys = KeyRing.from_text(new_key_text())
    endless = Rate(1e9, 10**9)  # the limiter works, and never refuses
    network = NetworkConfig(rates=RateConfig(per_api_key=endless))
    hub = ConnectHub(
        public_url=URL,
        keys=keys,
        storage=storage,
        connectors=["bamboohr"],
        config=HubConfig(dispatch=False, network=network),
    )
    issued = await hub.api_keys.create(name="bench")
    session = await hub.sessions.create(
        origin_owner_id="customer-4711",
        origin_owner_name="Acme Widgets and Sons",
        categories=["hris", "ats"],
        label="Payroll in the north",
        metadata={"plan": "gold", "seats": 42},
    )
    body = json.dumps({"token": session.token}).encode()
    authorization = b"Basic " + base64.b64encode(f"{issued.text}:".encode())
    ours = Case(f"hub, {name}", hub.app, body, authorization)
    document = json.loads(await ask(ours))
    hashes, sessions = {issued.key.id: issued.key.secret_hash}, {session.session.jti: session}

    async def from_dicts(key_id: str, jti: str) -> bytes:
        assert jti in sessions
        return hashes[key_id]

    read = floor_rows(storage) if isinstance(storage, SQLStorage) else from_dicts
    _, signing_key = keys.signing_key(Purpose.LINK_SIGN)
    return ours, Case(f"floor, {name}", floor(read, signing_key, document), body, authorization)


async def compare(
    pairs: Sequence[tuple[Case, Case]], *, rounds: int, requests: int, concurrency: int
) -> None:
    """Print CPU per request of each case, and the ratio of the rates: the floor's time over ours."""
    times: dict[str, list[float]] = {case.name: [] for both in pairs for case in both}
    for _ in range(rounds):
        for both in pairs:
            for case in both:
                times[case.name].append(await cpu(case, requests=requests, concurrency=concurrency))
    for ours, bare in pairs:
        for case in (bare, ours):
            spent = times[case.name]
            print(f"{case.name:16} best {min(spent):7.1f} us   median {statistics.median(spent):7.1f} us")
        ratios = [b / o for o, b in zip(times[ours.name], times[bare.name], strict=True)]
        best = min(times[bare.name]) / min(times[ours.name])
        print(f"{'':16} rate of the floor's: best {best:.2f}, median {statistics.median(ratios):.2f}\n")


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--requests", type=int, default=400)
    parser.add_argument("--concurrency", type=int, default=8)
    parser.add_argument("--profile", action="store_true", help="where the hub's time goes, on memory")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        sqlite = SQLStorage.sqlite(Path(folder) / "hub.db")
        pairs = [await pair(MemoryStorage(), "memory"), await pair(sqlite, "SQLite")]
        if options.profile:
            profile = cProfile.Profile()
            profile.enable()
            await cpu(pairs[0][0], requests=options.requests * 5, concurrency=1)
            profile.disable()
            pstats.Stats(profile).sort_stats("tottime").print_stats(40)
        else:
            await compare(
                pairs,
                rounds=options.rounds,
                requests=options.requests,
                concurrency=options.concurrency,
            )
        await sqlite.aclose()


if __name__ == "__main__":
    asyncio.run(main())
