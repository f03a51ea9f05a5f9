"""How long the dashboard's pages take with a million rows, beside a thousand.

    .venv/bin/python -m bench.dashboard postgres [--accounts 1000000] [--events 5000000] [--rounds 15]
    .venv/bin/python -m bench.dashboard sqlite --accounts 100000 --events 500000

Fills two databases of its own, one with a thousand accounts, sessions, audit entries, steps and events, each
delivered once, one with as many as are asked for (sessions, audit entries and steps as many as accounts), and
asks for each page in turns through the whole application, in this process. Printed are medians in
milliseconds, and how many times the small one's the large one's is. A list's deep page is its thousandth, or
the last of the small database. Pages with counts are asked for as they mostly are, with counts that were made
a moment ago, and once more with none kept ("anew"). The aim: no page above 1.5.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import httpx2
from sqlalchemy import BindParameter, Engine, Table, bindparam, create_engine, text

from connect_hub import (
    ConnectHub,
    HubConfig,
    KeyRing,
    NetworkConfig,
    Project,
    RateConfig,
    SQLStorage,
    Webhook,
)
from connect_hub.audit import Actor, ActorKind, AuditEntry
from connect_hub.clock import FixedClock
from connect_hub.dashboard import DashboardConfig, OperatorTokens
from connect_hub.keys import new_key_text
from connect_hub.models import Account, AccountType, Session, Step, StepKind
from connect_hub.operators import Role
from connect_hub.storage.account_rows import account_row
from connect_hub.storage.attempt_rows import step_row
from connect_hub.storage.operator_rows import audit_row
from connect_hub.storage.session_rows import session_row
from connect_hub.storage.sql import Tables
from connect_hub.web.documents import cursor_text
from connect_hub.webhooks import generate_secret
from connect_hub.webhooks.targets import webhook_target
from tests.peers.postgres import PostgresServer

SMALL = 1_000
DEEP = 1_000 * 25
NOW = datetime(2026, 1, 2, tzinfo=UTC)
EVERY = timedelta(seconds=30)
"""Between two rows: a million of them are of one year."""
T = Tables()


def templates() -> dict[Table, tuple[dict[str, object], dict[str, str]]]:
    """By table: one row, and what is different in each copy, as SQL over the number `n`."""
    at = f"{int(NOW.timestamp() * 1000)} - n * {EVERY // timedelta(milliseconds=1)}"
    account = Account(
        id="x",
        project_id="default",
        provider="bamboohr",
        method="api_key",
        origin_owner_id="x",
        origin_owner_name="Acme",
        created_at=NOW,
        updated_at=NOW,
        type=AccountType.PRODUCTION,
        slot=None,
    )
    session = Session(
        id=1,
        project_id="default",
        jti="x",
        origin_owner_id="x",
        origin_owner_name="Acme",
        created_at=NOW,
        expires_at=NOW,
    )
    entry = AuditEntry(
        id="x",
        project_id="default",
        at=NOW,
        actor=Actor(ActorKind.OPERATOR, "op", "Ada", "192.0.2.1"),
        action="link.created",
        subject="x",
    )
    step = Step(session_id=1, project_id="default", kind=StepKind.FAILED, at=NOW, provider="bamboohr")
    event = {
        "project_id": "default",
        "name": "account.updated",
        "owner_id": "x",
        "provider": "bamboohr",
        "sequence": 1,
        "body": b"{}",
    }
    delivery = {
        "target": webhook_target("default", "payroll"),
        "sequence": 1,
        "state": "delivered",
        "attempts": 1,
        "epoch": 1,
    }
    tried = {
        "epoch": 1,
        "duration_ms": 40,
        "status": 200,
        "request_headers": "{}",
        "response_headers": "{}",
        "response_body": b"ok",
    }
    # Ids in no order: the real ones are random.
    mixed = "((n * 2654435761) % 4294967296)"
    return {
        T.accounts: (
            account_row(account),
            {
                "id": f"'acc_' || {mixed} || '_' || n",
                "origin_owner_id": "'owner-' || n",
                "created_at": at,
                "status": "CASE n % 50 WHEN 0 THEN 'expired' WHEN 1 THEN 'error' ELSE 'active' END",
            },
        ),
        T.sessions: (
            session_row(session),
            {
                "id": "n",
                "jti": f"'j' || {mixed} || '_' || n",
                "origin_owner_id": "'owner-' || n",
                "created_at": at,
                "expires_at": f"{at} + 432000000",
            },
        ),
        T.audit: (
            audit_row(entry),
            {"id": f"'e' || {mixed} || '_' || n", "at": at, "subject": "'' || n"},
        ),
        T.steps: (step_row(step, 1), {"session_id": "n", "at": at}),
        T.events: (
            event,
            {
                "id": f"'msg_' || {mixed} || '_' || n",
                "record_id": f"'acc_' || {mixed} || '_' || n",
                "created_at": at,
            },
        ),
        T.deliveries: (
            delivery,
            {
                "id": f"'dlv_' || {mixed} || '_' || n",
                "event_id": f"'msg_' || {mixed} || '_' || n",
                "record_id": f"'acc_' || {mixed} || '_' || n",
                "next_at": at,
                "created_at": at,
                "settled_at": at,
            },
        ),
        T.delivery_attempts: (
            tried,
            {
                "delivery_id": f"'dlv_' || {mixed} || '_' || n",
                "event_id": f"'msg_' || {mixed} || '_' || n",
                "started_at": at,
            },
        ),
    }


def fill(engine: Engine, accounts: int, events: int) -> None:
    """Copy each row as often as is asked for, inside the database; indexes are made when all are there."""
    for table, (row, differing) in templates().items():
        count = events if table in (T.events, T.deliveries, T.delivery_attempts) else accounts
        given = {name: value for name, value in row.items() if name not in differing}
        columns = [*given, *differing]
        values = [*(f":{name}" for name in given), *differing.values()]
        names = ", ".join(engine.dialect.identifier_preparer.quote(name) for name in columns)
        # n runs up to `count`; a bound number has no type in PostgreSQL's arithmetic, so it is written out.
        numbers = (
            f"generate_series(CAST(1 AS BIGINT), {count}) AS g(n)"
            if engine.dialect.name == "postgresql"
            else f"(WITH RECURSIVE g(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM g WHERE n < {count}) "  # noqa: S608
            "SELECT n FROM g)"
        )
        statement = text(
            f"INSERT INTO {table.fullname} ({names}) SELECT {', '.join(values)} FROM {numbers}"  # noqa: S608
        )
        typed = statement.bindparams(*(_bind(table, name, value) for name, value in given.items()))
        with engine.begin() as c:
            for index in table.indexes:
                index.drop(c)
            c.execute(typed)
            for index in table.indexes:
                index.create(c)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
        if engine.dialect.name == "postgresql":
            for table in templates():
                c.execute(text(f"VACUUM {table.fullname}"))
        c.execute(text("ANALYZE"))


def _bind(table: Table, name: str, value: object) -> BindParameter[object]:
    return bindparam(name, value, type_=table.c[name].type)


class Desk:
    """One hub, asked as an administrator."""

    def __init__(self, engine: Engine) -> None:
        webhook = Webhook(url="https://receiver.test/", secrets=[generate_secret()], name="payroll")
        self.clock = FixedClock(NOW)
        self.hub = ConnectHub(
            public_url="https://hub.test/connect",
            keys=KeyRing.from_text(new_key_text()),
            storage=SQLStorage(engine),
            connectors=["bamboohr"],
            config=HubConfig(
                projects={"default": Project(webhooks=[webhook])},
                dashboard=DashboardConfig(auth=OperatorTokens()),
                clock=self.clock,
                dispatch=False,
                network=NetworkConfig(rates=RateConfig(per_client=None, per_operator=None)),
            ),
        )
        transport = httpx2.ASGITransport(app=self.hub.app, root_path="/connect")
        self.http = httpx2.AsyncClient(transport=transport, base_url="https://hub.test")

    async def sign_in(self) -> None:
        token = (await self.hub.operators.add(name="Ada", roles={"*": Role.ADMIN})).token
        answer = await self.http.post(
            "/connect/dashboard/sign-in",
            data={"token": token},
            headers={"origin": "https://hub.test", "sec-fetch-site": "same-origin"},
        )
        assert answer.status_code == 303, answer.text
        cookie = answer.headers["set-cookie"].partition(";")[0]
        self.http.headers["cookie"] = cookie

    async def ask(self, path: str, *, anew: bool) -> float:
        """How many milliseconds a page takes; with `anew`, long after its counts were made."""
        if anew:
            self.clock.advance(timedelta(seconds=20))
        begun = time.perf_counter()
        answer = await self.http.get(f"/connect/dashboard/in/default{path}", headers={"accept": "text/html"})
        took = (time.perf_counter() - begun) * 1000
        assert answer.status_code == 200, (path, answer.status_code)
        return took


def pages(rows: int) -> dict[str, str]:
    """What is asked for, of a database of so many rows."""
    at = NOW - min(DEEP, rows - 30) * EVERY
    deep, number = cursor_text(at, "zzz"), min(DEEP, rows - 30)
    mixed = f"{500 * 2654435761 % 4294967296}_500"
    return {
        "overview": "",
        "accounts": "/accounts",
        "accounts, deep": f"/accounts?cursor={deep}",
        "accounts, one status": "/accounts?status=expired",
        "accounts, one customer": "/accounts?q=owner-500",
        "accounts, no such name": "/accounts?q=nobody",
        "account": f"/accounts/acc_{mixed}",
        "links": "/links",
        "links, deep": f"/links?cursor={cursor_text(at, number)}",
        "link": "/links/500",
        "attempts": "/attempts?days=7",
        "attempts, deep": f"/attempts?days=7&cursor={cursor_text(at, f'{number}-1')}",
        "webhooks": "/webhooks",
        "deliveries": "/webhooks/payroll",
        "deliveries, deep": f"/webhooks/payroll?cursor={deep}",
        "deliveries, one state": "/webhooks/payroll?state=dead",
        "delivery": f"/deliveries/dlv_{mixed}",
        "connectors": "/connectors",
        "connector": "/connectors/bamboohr",
        "keys": "/keys",
        "audit log": "/audit",
        "audit log, deep": f"/audit?cursor={deep}",
        "settings": "/settings",
    }


COUNTING = ["overview", "attempts", "connectors", "connector"]
"""Pages with counts that are kept for a while."""


@contextmanager
def engines(kind: str, folder: Path) -> Iterator[tuple[Engine, Engine]]:
    """An engine on an empty database each, for the small one and the large one."""
    if kind == "sqlite":
        small, large = (create_engine(f"sqlite:///{folder / name}.db") for name in ("small", "large"))
        yield small, large
        small.dispose()
        large.dispose()
        return
    server = PostgresServer()
    try:
        with server.fresh_database() as one, server.fresh_database() as other:
            small, large = (create_engine(database.url("psycopg")) for database in (one, other))
            yield small, large
            small.dispose()
            large.dispose()
    finally:
        server.close()


async def measure(small: Engine, large: Engine, accounts: int, rounds: int) -> bool:
    desks = (Desk(small), Desk(large))
    for desk in desks:
        await desk.sign_in()
    print(f"{'page':24}{'1,000':>10}{accounts:>12,}{'times':>8}")
    fine = True
    asked = [(name, False) for name in pages(SMALL)] + [(name, True) for name in COUNTING]
    for name, anew in asked:
        paths = (pages(SMALL)[name], pages(accounts)[name])
        taken: tuple[list[float], list[float]] = ([], [])
        for number in range(rounds + 2):
            for desk, where, into in zip(desks, paths, taken, strict=True):
                took = await desk.ask(where, anew=anew)
                if number >= 2:
                    into.append(took)
        first, second = median(taken[0]), median(taken[1])
        fine = fine and second <= 1.5 * first
        name = f"{name}, anew" if anew else name
        print(f"{name:24}{first:>10.1f}{second:>12.1f}{second / first:>8.2f}")
    for desk in desks:
        await desk.hub.aclose()
    return fine


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["sqlite", "postgres"])
    parser.add_argument("--accounts", type=int, default=1_000_000)
    parser.add_argument("--events", type=int, default=5_000_000)
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, engines(given.kind, Path(folder)) as (small, large):
        for engine, accounts, events in ((small, SMALL, SMALL), (large, given.accounts, given.events)):
            begun = time.perf_counter()
            SQLStorage.create_all(engine)
            fill(engine, accounts, events)
            print(f"{accounts:,} accounts, {events:,} events: {time.perf_counter() - begun:.0f} s")
        return 0 if asyncio.run(measure(small, large, given.accounts, given.rounds)) else 1


if __name__ == "__main__":
    sys.exit(main())
