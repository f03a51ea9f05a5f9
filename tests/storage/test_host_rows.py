"""A host's own models in the transaction that links an account, by each driver."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import Engine, ForeignKey, String, create_engine, func, select
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column, relationship

from connect_hub import Event, LinkRefused, Transaction
from connect_hub.storage.sql import SQLStorage, Tables
from tests.customer import Customer
from tests.hubs import GOOD_KEY, Hub, make_hub
from tests.peers.database_server import Database

PRESS = "Connect Acme Key"


class Base(DeclarativeBase):
    """Of the host."""


class Tenant(Base):
    """A customer, who may have so many connections."""

    __tablename__ = "host_tenants"
    id: Mapped[int] = mapped_column(primary_key=True)
    room: Mapped[int]
    connections: Mapped[list["Connection"]] = relationship(back_populates="tenant")


class Connection(Base):
    """What the host keeps of an account."""

    __tablename__ = "host_connections"
    account_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    tenant_id: Mapped[int] = mapped_column(ForeignKey("host_tenants.id"))
    tenant: Mapped[Tenant] = relationship(back_populates="connections")


@pytest.fixture(params=["sqlite", "aiosqlite", "psycopg", "asyncpg", "pymysql", "aiomysql"])
async def place(request: pytest.FixtureRequest, database: Path) -> AsyncIterator[tuple[Hub, Engine]]:
    """A hub with its tables beside the host's, and an engine to look with."""
    driver: str = request.param
    url = own = f"sqlite:///{database}"
    if driver == "aiosqlite":
        url = f"sqlite+aiosqlite:///{database}"
    elif driver != "sqlite":
        server = "postgres" if driver in {"psycopg", "asyncpg"} else "mariadb"
        tables: Database = request.getfixturevalue(f"{server}_tables")
        url, own = tables.url(driver), tables.url("psycopg" if server == "postgres" else "pymysql")
    looking = create_engine(own)
    Base.metadata.create_all(looking)
    with Session(looking) as session, session.begin():
        session.add(Tenant(id=42, room=0))
    engine: Engine | AsyncEngine
    engine = create_async_engine(url) if driver.startswith(("aio", "asyncpg")) else create_engine(url)
    storage = SQLStorage(engine)
    yield make_hub(database.parent, storage=storage), looking
    await storage.aclose()
    if isinstance(engine, AsyncEngine):
        await engine.dispose()
    else:
        engine.dispose()
    Base.metadata.drop_all(looking)
    looking.dispose()


async def test_a_host_that_rolls_back_leaves_nothing(place: tuple[Hub, Engine]) -> None:
    """The host's callback writes its models through `tx.session()`, reads them back, and refuses: the
    customer reads its message, and there is no account, no event of one and no row of the host's. When
    it does not refuse, all are there."""
    made, looking = place

    @made.hub.on("account.created", in_transaction=True)
    def keep(event: Event, tx: Transaction) -> None:
        session = tx.session()
        tenant = session.get_one(Tenant, int(str(event.data["origin_owner_id"])))
        tenant.connections.append(Connection(account_id=str(event.account_id)))
        session.flush()
        held = session.scalar(select(func.count()).select_from(Connection))
        if held is not None and held > tenant.room:
            raise LinkRefused(f"Your plan has room for {tenant.room} tools.")

    def kept() -> list[int | None]:
        t = Tables()
        with looking.connect() as c:
            told = select(func.count()).where(t.events.c.name.startswith("account."))
            accounts, rows = (
                select(func.count()).select_from(table)
                for table in (t.accounts, Base.metadata.tables["host_connections"])
            )
            return [c.scalar(statement) for statement in (accounts, told, rows)]

    link = await made.hub.links.create(
        origin_owner_id="42", origin_owner_name="Acme", provider="simulated-key"
    )
    customer = Customer(made.hub)
    form = await customer.enter(link.url)
    refused = await customer.press(form, PRESS, {"f.api_key": GOOD_KEY})
    assert "Your plan has room for 0 tools." in refused.text
    assert kept() == [0, 0, 0]

    with Session(looking) as session, session.begin():
        session.get_one(Tenant, 42).room = 1
    done = await customer.press(refused, PRESS, {"f.api_key": GOOD_KEY})
    assert done.heading == "Acme Key is connected"
    accounts, events, connections = kept()
    assert (accounts, connections) == (1, 1)
    assert events
