"""CPU per request of the hub's list page, beside a bare Jinja page of the same size.

    .venv/bin/python -m bench.list_page [--rounds 9] [--requests 100] [--profile]

The floor is a Starlette route that reads the visit's row and the session's row in one transaction through
the same kind of Engine in a worker thread (in memory: from two dicts), and renders one flat template: the
hub's own answer with the varying parts of each card put back as `{{ … }}` in a loop over dicts, escaped. It
reads no accounts, as the hub reads none for a session that has connected nothing. `templates` is the hub with
a folder of the host's own templates, which is empty: the page is then rendered for each request. All are
called in this process through a minimal ASGI driver, in turns; CPU time counts all threads.
"""

import argparse
import asyncio
import cProfile
import hashlib
import pstats
import re
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import jinja2
from sqlalchemy import bindparam, create_engine, select
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message

from connect_hub import (
    ConnectHub,
    HubConfig,
    KeyRing,
    MemoryStorage,
    NetworkConfig,
    PageConfig,
    Rate,
    RateConfig,
    SQLStorage,
)
from connect_hub.connectors.catalog import parse
from connect_hub.connectors.definition import Connector
from connect_hub.keys import new_key_text
from connect_hub.models import Category
from connect_hub.testing.provider.connectors import key_toml

ADDRESS = "https://app.example.com"
SIZES = (8, 150, 1000)
CARD = re.compile(
    r'<li data-search="(?P<search>[^"]*)" data-category="(?P<category>[^"]*)">'
    r'<a class="tool" href="(?P<url>[^"]*)">'
    r'(?P<before>.*?)src="(?P<logo>[^"]*)"(?P<between>.*?translate="no">)(?P<name>[^<]*)(?P<middle>.*?)'
    r'<span class="category">(?P<label>[^<]*)</span>(?P<after>.*?)</li>',
    re.DOTALL,
)


@dataclass(frozen=True)
class Case:
    """One application and the address that it is asked for again and again."""

    name: str
    app: ASGIApp
    path: str
    cookie: str = ""


async def ask(case: Case, *, method: str = "GET", body: str = "") -> tuple[int, dict[str, str], str]:
    """One request: status, headers, body."""
    headers = [
        (b"host", b"app.example.com"),
        (b"user-agent", b"bench"),
        (b"accept", b"text/html"),
        (b"sec-fetch-site", b"same-origin"),
        (b"cookie", case.cookie.encode()),
    ]
    if body:
        headers.append((b"content-type", b"application/x-www-form-urlencoded"))
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "scheme": "https",
        "path": case.path,
        "raw_path": case.path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": headers,
        "client": ("192.0.2.1", 40000),
        "server": ("192.0.2.2", 443),
        "state": {},
    }
    status, answered, chunks = 0, dict[str, str](), []

    async def receive() -> Message:
        return {"type": "http.request", "body": body.encode(), "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        if message["type"] == "http.response.start":
            status = message["status"]
            answered.update((name.decode(), value.decode()) for name, value in message["headers"])
        else:
            chunks.append(message["body"])

    await case.app(scope, receive, send)
    return status, answered, b"".join(chunks).decode()


async def cpu(case: Case, requests: int) -> float:
    """Microseconds of CPU for one request."""
    before = time.process_time()
    for _ in range(requests):
        status, _, _ = await ask(case)
        assert status == 200
    return (time.process_time() - before) / requests * 1e6


def connectors(count: int) -> list[Connector]:
    """So many made-up connectors, over all categories."""
    categories = list(Category)
    made = []
    for number in range(count):
        toml = key_toml(base_url="https://provider.example", name=f"Provider {number:03}")
        toml = toml.replace('key = "simulated-key"', f'key = "provider-{number:03}"')
        category = categories[number % len(categories)].value
        toml = toml.replace('categories = ["hris"]', f'categories = ["{category}"]')
        made.append(parse(toml, f"provider-{number:03}.toml"))
    return made


async def list_page(
    storage: SQLStorage | MemoryStorage, name: str, count: int, templates: Path | None = None
) -> Case:
    """The hub's list, as a customer sees it who has just confirmed."""
    endless = Rate(1e9, 10**9)  # the limiters work, and never refuse
    network = NetworkConfig(rates=RateConfig(per_client=endless, per_visit=endless))
    hub = ConnectHub(
        public_url=ADDRESS,
        keys=KeyRing.from_text(new_key_text()),
        storage=storage,
        connectors=connectors(count),
        config=HubConfig(
            dispatch=False,
            network=network,
            pages=PageConfig(templates=() if templates is None else (templates,)),
        ),
    )
    link = await hub.links.create(origin_owner_id="customer-4711", origin_owner_name="Acme Widgets and Sons")
    _, _, landing = await ask(Case("", hub.app, "/link/open"), method="POST", body=f"token={link.token}")
    nonce = re.search(r'name="nonce" value="([^"]+)"', landing)
    assert nonce is not None
    form = f"token={link.token}&nonce={nonce[1]}"
    _, headers, _ = await ask(Case("", hub.app, "/link/confirm"), method="POST", body=form)
    return Case(
        f"hub, {name}, {count}", hub.app, headers["location"], headers["set-cookie"].partition(";")[0]
    )


def floor_read(storage: SQLStorage | MemoryStorage) -> Callable[[str], Awaitable[None]]:
    """Reads the visit and its session, as a page of a visit must, by what its cookie holds."""
    if isinstance(storage, MemoryStorage):
        return _from_dicts
    engine, tables = create_engine(storage.engine.url), storage.tables
    of_visit = select(tables.visits).where(tables.visits.c.secret_hash == bindparam("hash"))
    of_session = select(tables.sessions).where(tables.sessions.c.id == bindparam("id"))
    threads = ThreadPoolExecutor(1)

    def rows(secret: str) -> None:
        with engine.connect() as connection:
            hashed = hashlib.sha256(f"{ADDRESS}\n{secret}".encode()).hexdigest()
            visit = connection.execute(of_visit, {"hash": hashed}).one()
            session = connection.execute(of_session, {"id": visit.session_id}).one()
        assert session.id == visit.session_id

    async def read(secret: str) -> None:
        await asyncio.get_running_loop().run_in_executor(threads, rows, secret)

    return read


_VISITS: dict[str, int] = {}
_SESSIONS = {1: "session"}


async def _from_dicts(secret: str) -> None:
    hashed = hashlib.sha256(secret.encode()).hexdigest()
    assert _SESSIONS[_VISITS.setdefault(hashed, 1)]


async def floor(ours: Case, storage: SQLStorage | MemoryStorage, name: str, count: int) -> Case:
    """A bare page that answers what `ours` answers."""
    _, _, html = await ask(ours)
    found = list(CARD.finditer(html))
    assert len(found) == count, f"{len(found)} cards of {count}: the card's template has changed"
    first = found[0]
    card = (
        '<li data-search="{{ c.search }}" data-category="{{ c.category }}">'
        '<a class="tool" href="{{ c.url }}">'
        f'{first["before"]}src="{{{{ c.logo }}}}"{first["between"]}{{{{ c.name }}}}{first["middle"]}'
        f'<span class="category">{{{{ c.label }}}}</span>{first["after"]}</li>\n'
    )
    source = (
        "{% raw %}" + html[: first.start()] + "{% endraw %}{% for c in cards %}" + card + "{% endfor %}"
        "{% raw %}" + html[found[-1].end() :] + "{% endraw %}"
    )
    template = jinja2.Environment(autoescape=True, enable_async=False).from_string(source)
    cards = [{name: unescape(value) for name, value in match.groupdict().items()} for match in found]

    read = floor_read(storage)

    async def page(request: Request) -> Response:
        (secret,) = request.cookies.values()
        await read(secret)
        return HTMLResponse(template.render(cards=cards))

    app = Starlette(routes=[Route("/list", page)])
    bare = Case(f"floor, {name}, {count}", app, "/list", ours.cookie)
    _, _, answer = await ask(bare)
    assert abs(len(answer) - len(html)) < len(html) / 50, f"{len(answer)} bytes, not {len(html)}"
    return bare


async def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--requests", type=int, default=100)
    parser.add_argument("--profile", action="store_true", help="where the hub's time goes, on memory")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for count in SIZES:
            memory = MemoryStorage()
            sqlite = SQLStorage.sqlite(Path(folder) / f"{count}.db")
            ours = await list_page(memory, "memory", count)
            stored = await list_page(sqlite, "SQLite", count)
            rendered = await list_page(MemoryStorage(), "memory, templates", count, Path(folder))
            if options.profile:
                for case in (ours, rendered):
                    profile = cProfile.Profile()
                    profile.enable()
                    await cpu(case, options.requests)
                    profile.disable()
                    pstats.Stats(profile).sort_stats("tottime").print_stats(30)
            else:
                in_memory = await floor(ours, memory, "memory", count)
                on_disk = await floor(stored, sqlite, "SQLite", count)
                pairs = [(in_memory, ours), (in_memory, rendered), (on_disk, stored)]
                await _compare(pairs, options.rounds, options.requests)
            await sqlite.aclose()


async def _compare(pairs: list[tuple[Case, Case]], rounds: int, requests: int) -> None:
    cases = {case.name: case for pair in pairs for case in pair}
    times: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, case in cases.items():
            times[name].append(await cpu(case, requests))
    for name, spent in times.items():
        print(f"{name:28} best {min(spent):8.1f} us   median {statistics.median(spent):8.1f} us")
    for bare, case in pairs:
        ratios = [b / o for b, o in zip(times[bare.name], times[case.name], strict=True)]
        best = min(times[bare.name]) / min(times[case.name])
        median = statistics.median(ratios)
        print(f"{case.name:28} rate of the floor's: best {best:.2f}, median {median:.2f}")
    print()


if __name__ == "__main__":
    asyncio.run(main())
