"""T35: an engine and a sessionmaker that the hub shares stay, object for object, as their host made them."""

import contextlib
from inspect import getattr_static
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import Engine, create_engine, event, text
from sqlalchemy.event import registry
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.util import memoized_property
from starlette.applications import Starlette
from starlette.routing import Mount

from connect_hub import Event, SQLStorage, Transaction
from tests.hosts.mounted import HostedCustomer
from tests.hubs import API_KEY, GOOD_KEY, Hub, make_hub
from tests.peers.database_server import Database

OPTIONS: dict[str, Any] = {
    "pool_size": 3,
    "max_overflow": 2,
    "pool_timeout": 11,
    "pool_recycle": 1234,
    "execution_options": {"host": "mine"},
}
PATIENT: dict[str, dict[str, Any]] = {
    "pysqlite": {"timeout": 7},
    "aiosqlite": {"timeout": 7},
    "asyncpg": {"timeout": 7},
    "pymysql": {"connect_timeout": 7},
}
"""What each driver is given to connect with."""
ASKED = {
    "sqlite": [
        f"PRAGMA {name}"
        for name in ("journal_mode", "synchronous", "busy_timeout", "foreign_keys", "query_only")
    ],
    "postgresql": [
        f"SHOW {name}"
        for name in (
            *("transaction_isolation", "synchronous_commit", "lock_timeout", "statement_timeout"),
            *("TimeZone", "search_path", "application_name", "transaction_read_only"),
        )
    ],
    "mysql": [
        f"SELECT @@SESSION.{name}"
        for name in (
            *("tx_isolation", "innodb_lock_wait_timeout", "sql_mode", "time_zone"),
            *("autocommit", "character_set_connection", "collation_connection"),
        )
    ],
}
"""How a connection is set, in the words of its database."""
_APART = {"_pool", "_overflow", "_overflow_lock", "dispatch"}
"""What a pool knows of its connections, and listeners, which are compared one by one."""


class Host:
    """An application's engine, with a listener of its own, and its sessions."""

    def __init__(self, engine: Engine | AsyncEngine) -> None:
        self.engine = engine
        self.sync = engine.sync_engine if isinstance(engine, AsyncEngine) else engine
        self.maker: Any
        if isinstance(engine, AsyncEngine):
            self.maker = async_sessionmaker(engine, expire_on_commit=False, info={"host": "mine"})
        else:
            self.maker = sessionmaker(engine, expire_on_commit=False, info={"host": "mine"})
        self.heard = 0
        event.listen(self.sync, "before_cursor_execute", self._hear)

    def _hear(self, *_: object) -> None:
        self.heard += 1

    async def settings(self) -> list[object]:
        """How a session of the host's, and a connection of its pool, are set."""
        if isinstance(self.engine, AsyncEngine):
            async with self.maker.begin() as session:
                assert type(session) is AsyncSession
                return await session.run_sync(self._settings)
        with self.maker.begin() as session:
            return self._settings(session)

    def _settings(self, session: Session) -> list[object]:
        connection = session.connection()
        driver: Any = connection.connection.driver_connection
        return [
            type(session),
            session.get_bind() is self.sync,
            session.expire_on_commit,
            dict(session.info),
            *(session.execute(text(statement)).scalar() for statement in ASKED[self.sync.dialect.name]),
            connection.get_isolation_level(),
            dict(connection.get_execution_options()),
            dict(connection.info),
            getattr(driver, "isolation_level", None),
            getattr(driver, "row_factory", None),
        ]

    def state(self) -> dict[str, Any]:
        """Everything of the host's that the hub could reach: its objects, and what lies in them."""
        found: dict[str, Any] = {
            "kw": dict(self.maker.kw),
            "options": dict(self.sync.get_execution_options()),
            "pool class": type(self.sync.pool),
            "pool size": getattr(self.sync.pool, "_pool").maxsize,  # noqa: B009  # private, of all queue pools
        }
        objects = {
            "engine": self.engine,
            "sync engine": self.sync,
            "pool": self.sync.pool,
            "dialect": self.sync.dialect,
            "sessionmaker": self.maker,
        }
        for title, one in objects.items():
            found[title] = id(one)
            for name in {*getattr(one, "__slots__", ()), *getattr(one, "__dict__", ())} - _APART:
                if isinstance(getattr_static(type(one), name, None), memoized_property):
                    continue  # SQLAlchemy works it out at the first statement that asks for it
                with contextlib.suppress(AttributeError):
                    value = getattr(one, name)
                    found[f"{title}.{name}"] = value if isinstance(value, int | str | None) else id(value)
        for title in ("sync engine", "pool", "dialect"):
            dispatch: Any = getattr(objects[title], "dispatch")  # noqa: B009  # SQLAlchemy adds it
            for name in dispatch._event_names:
                found[f"{title} on {name}"] = list(getattr(dispatch, name))
        return found


def listeners() -> set[object]:
    """Every listener of SQLAlchemy's in this process, on whatever it listens: on a class too. But for those
    that a new table has on its own columns: the hub's tables do."""
    return {key for key in registry._key_to_collection if key[1] != "after_parent_attach"}


async def own_transaction(made: Hub, host: Host) -> str:
    """The host makes a link in a transaction of its session's: the link."""
    owner: dict[str, Any] = {"origin_owner_id": "1", "origin_owner_name": "Acme"}
    if isinstance(host.engine, AsyncEngine):
        async with host.maker.begin() as session:
            return (await made.hub.links.create(**owner, connection=await session.connection())).url
    with host.maker.begin() as session:
        return (await made.hub.links.create(**owner, connection=session.connection())).url


async def journey(made: Hub, host: Host) -> list[str]:
    """Two customers connect through the mount, events go out, an account and an owner are erased."""
    hub, came = made.hub, list[str]()

    @hub.on("account.created", in_transaction=True)
    def within(event: Event, tx: Transaction) -> None:
        came.append(f"within {tx.session().execute(text('SELECT 7')).scalar()}")

    @hub.on("account.created", name="after")
    def after(event: Event) -> None:
        came.append("after")

    transport = httpx2.ASGITransport(app=Starlette(routes=[Mount("/connect", hub.app)]))
    customer = HostedCustomer(hub, transport)
    came.append((await customer.connect_by_sign_in(await own_transaction(made, host), made.provider)).heading)
    link = await hub.links.create(origin_owner_id="2", origin_owner_name="Beta")
    customer = HostedCustomer(hub, transport)
    seen = await customer.pick(link.url, "Acme Key")
    came.append((await customer.press(seen, "Connect Acme Key", {"f.api_key": GOOD_KEY})).heading)
    await hub.deliveries.run_due()
    async with httpx2.AsyncClient(transport=transport, base_url=hub.public_url.origin) as http:
        accounts = (await http.get("/connect/accounts", auth=(API_KEY, ""))).json()
    came.append(f"{len(accounts)} accounts")
    await hub.accounts.delete(accounts[0]["id"])
    await hub.owners.erase(accounts[1]["origin_owner_id"])
    await hub.upkeep.purge()
    return came


@pytest.mark.parametrize("driver", PATIENT)
async def test_the_hosts_engine_and_sessions_are_object_for_object_the_same(
    tmp_path: Path, driver: str, request: pytest.FixtureRequest
) -> None:
    """T35: after mounting, after a whole journey and after the end of the hub, the host's engine, pool,
    dialect and sessionmaker are the objects that they were, with the same attributes, options and listeners;
    a session and a connection of theirs are set as before, and nothing listens anywhere that did not."""
    url = plain = f"sqlite+{driver}:///{tmp_path}/host.db"
    if driver in {"asyncpg", "pymysql"}:
        server, sync = {"asyncpg": ("postgres", "psycopg"), "pymysql": ("mariadb", "pymysql")}[driver]
        database: Database = request.getfixturevalue(f"{server}_database")
        url, plain = database.url(driver), database.url(sync)
    options = {**OPTIONS, "connect_args": PATIENT[driver]}
    if driver in {"aiosqlite", "asyncpg"}:
        host = Host(create_async_engine(url, **options))
    else:
        host = Host(create_engine(url, **options))
    tables = create_engine(plain.replace("+aiosqlite", ""))
    SQLStorage.create_all(tables)
    tables.dispose()
    settings = await host.settings()
    state, listening = host.state(), listeners()
    assert len(state["sync engine on before_cursor_execute"]) == 1

    made = make_hub(tmp_path, storage=SQLStorage(host.engine))
    Starlette(routes=[Mount("/connect", made.hub.app)])
    assert host.state() == state
    assert listeners() <= listening

    heard = host.heard
    came = await journey(made, host)
    twice = ["after", "within 7"] * 2
    assert sorted(came) == sorted(["2 accounts", "Acme Key is connected", "Acme Login is connected", *twice])
    assert host.heard > heard, "the hub was to use the host's engine"
    for _ in range(2):
        assert host.state() == state
        assert await host.settings() == settings
        assert listeners() <= listening
        await made.hub.aclose()
    if isinstance(host.engine, AsyncEngine):
        await host.engine.dispose()
    host.sync.dispose()
