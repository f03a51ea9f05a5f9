"""A host's callbacks inside the transaction, over an Engine and an AsyncEngine."""

import contextvars
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, Table, create_engine, event, exc, func, insert, select, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from connect_hub.callbacks import Callbacks
from connect_hub.errors import CallInsideTransaction, ConfigurationError, ConnectHubError, TransactionEnded
from connect_hub.models import Account
from connect_hub.storage.memory import MemoryStorage
from connect_hub.storage.protocol import AccountQuery, InTransaction, NewEvent, Storage
from connect_hub.storage.sql import SQLStorage
from connect_hub.storage.transaction import Transaction, callbacks_running
from connect_hub.testing.storage.values import NOW, attempt, link_request, linked, session

Read = Callable[[Callable[[Connection], object]], Awaitable[object]]


class Base(DeclarativeBase):
    pass


class Customer(Base):
    """A table of the host's."""

    __tablename__ = "customers"
    name: Mapped[str] = mapped_column(primary_key=True)


customers = Customer.__table__
assert isinstance(customers, Table)


class Host:
    """A host's engine, with the hub's tables and one of its own."""

    def __init__(self, storage: SQLStorage, engine: Engine) -> None:
        self.storage = storage
        self.engine = engine

    async def link(self, callback: Callable[[Transaction], None]) -> Account:
        def run(events: Sequence[NewEvent], account: Account, transaction: Transaction) -> None:
            with callbacks_running():
                callback(transaction)

        run_it: InTransaction = run
        return await linked(self.storage, in_transaction=run_it)

    def names(self) -> list[str]:
        with self.engine.connect() as connection:
            return list(connection.execute(select(customers.c.name).order_by(customers.c.name)).scalars())

    async def accounts(self) -> list[Account]:
        return await self.storage.accounts(AccountQuery(project_id="default"))


@pytest.fixture(params=["engine", "async engine", "begin listener"])
async def host(request: pytest.FixtureRequest, database: Path) -> AsyncIterator[Host]:
    """The third is SQLAlchemy's own recipe for SQLite: not the driver but a listener of the host's begins."""
    url = f"/{database}"
    engine = create_engine(f"sqlite://{url}")
    Base.metadata.create_all(engine)
    storage = SQLStorage(engine)
    other: AsyncEngine | None = None
    if request.param == "async engine":
        other = create_async_engine(f"sqlite+aiosqlite://{url}")
        storage = SQLStorage(other)
    if request.param == "begin listener":

        @event.listens_for(engine, "connect")
        def quiet(connection: object, _record: object) -> None:
            connection.isolation_level = None  # type: ignore[attr-defined]

        @event.listens_for(engine, "begin")
        def begin(connection: Connection) -> None:
            connection.exec_driver_sql("BEGIN")

        engine.dispose()
    yield Host(storage, engine)
    await storage.aclose()
    engine.dispose()
    if other is not None:
        await other.dispose()


def by_session(transaction: Transaction) -> None:
    orm = transaction.session()
    orm.add(Customer(name="by session"))


def by_connection(transaction: Transaction) -> None:
    assert transaction.connection is not None
    transaction.connection.execute(insert(Customer).values(name="by connection"))


async def test_the_hosts_rows_commit_with_the_account(host: Host) -> None:
    """What a callback writes, through the ORM or the connection, is there together with the account."""

    def both(transaction: Transaction) -> None:
        by_session(transaction)
        by_connection(transaction)

    await host.link(both)
    assert host.names() == ["by connection", "by session"]
    assert len(await host.accounts()) == 1


async def test_the_hosts_rows_go_with_the_account(host: Host) -> None:
    """When a later callback refuses, what earlier ones wrote is not kept; the exception is the host's own."""
    refusal = ZeroDivisionError("a fault")

    def refuse(transaction: Transaction) -> None:
        by_session(transaction)
        transaction.session().flush()
        by_connection(transaction)
        raise refusal

    with pytest.raises(ZeroDivisionError) as caught:
        await host.link(refuse)
    assert caught.value is refusal
    assert (caught.value.__cause__, caught.value.__context__) == (None, None)
    assert host.names() == []
    assert await host.accounts() == []
    await host.link(by_connection)
    assert host.names() == ["by connection"]


async def test_the_hosts_database_errors_are_the_hosts(host: Host) -> None:
    """An IntegrityError of the host's own rows is neither a conflict of ours nor a reason to try again."""
    calls = []

    def twice(transaction: Transaction) -> None:
        calls.append(1)
        by_connection(transaction)
        by_connection(transaction)

    with pytest.raises(exc.IntegrityError):
        await host.link(twice)

    def at_flush(transaction: Transaction) -> None:
        calls.append(1)
        by_connection(transaction)
        transaction.session().add(Customer(name="by connection"))

    with pytest.raises(exc.IntegrityError):
        await host.link(at_flush)
    assert len(calls) == 2
    assert host.names() == []
    assert await host.accounts() == []


async def test_a_savepoint_of_the_hosts_is_its_own(host: Host) -> None:
    """A callback may roll its ORM session back, or commit it, and the transaction goes on."""

    def try_things(transaction: Transaction) -> None:
        orm = transaction.session()
        orm.add(Customer(name="given up"))
        orm.flush()
        orm.rollback()
        orm.add(Customer(name="kept"))
        orm.commit()
        assert transaction.connection is not None
        with transaction.connection.begin_nested():
            by_connection(transaction)

    await host.link(try_things)
    assert host.names() == ["by connection", "kept"]


def _commit(c: Connection) -> None:
    c.commit()


def _rollback(c: Connection) -> None:
    c.rollback()


def _close(c: Connection) -> None:
    c.close()


def _invalidate(c: Connection) -> None:
    c.invalidate()


def _text(words: str) -> Callable[[Connection], None]:
    def end(c: Connection) -> None:
        c.execute(text(words))

    return end


def _driver_rollback(c: Connection) -> None:
    c.connection.rollback()


@pytest.mark.parametrize("swallowed", [False, True])
@pytest.mark.parametrize(
    "end",
    [
        _commit,
        _rollback,
        _close,
        _invalidate,
        _text("COMMIT"),
        _text(" rollback"),
        _text("End"),
        _driver_rollback,
    ],
    ids=["commit", "rollback", "close", "invalidate", "COMMIT", "ROLLBACK", "END", "driver rollback"],
)
async def test_a_callback_may_not_end_the_transaction(
    host: Host, end: Callable[[Connection], None], swallowed: bool
) -> None:
    """Commit, rollback and close are TransactionEnded, also where the callback hides it; nothing is kept,
    and the next link works."""

    def callback(transaction: Transaction) -> None:
        by_connection(transaction)
        assert transaction.connection is not None
        try:
            end(transaction.connection)
            if end is not _driver_rollback:  # what follows one is out of anybody's hands
                by_connection(transaction)
        except Exception:
            if not swallowed:
                raise

    with pytest.raises(TransactionEnded):
        await host.link(callback)
    assert host.names() == []
    assert await host.accounts() == []
    await host.link(by_connection)
    assert host.names() == ["by connection"]
    assert len(await host.accounts()) == 1


async def test_a_commit_behind_sqlalchemys_back_is_noticed(host: Host) -> None:
    """A commit of the driver's connection cannot be stopped; it is an error, so that it shows at once."""

    def callback(transaction: Transaction) -> None:
        assert transaction.connection is not None
        transaction.connection.connection.commit()

    with pytest.raises(TransactionEnded):
        await host.link(callback)


async def test_a_call_into_the_hub_raises_at_once(host: Host) -> None:
    """A storage method called from a callback would wait for its caller: CallInsideTransaction instead."""
    errors: list[ConnectHubError] = []

    def call(transaction: Transaction) -> None:
        for calling in (host.storage.account("x"), host.storage.touch_account("x", now=NOW)):
            try:
                calling.send(None)
            except ConnectHubError as error:
                errors.append(error)

    await host.link(call)
    assert [type(error) for error in errors] == [CallInsideTransaction, CallInsideTransaction]
    assert await host.storage.account("x") is None


async def test_context_reaches_the_callback(host: Host) -> None:
    """Context variables of the caller, a tenant's name say, are those of the callback."""
    tenant = contextvars.ContextVar("tenant", default="none")
    tenant.set("acme")
    seen = []
    await host.link(lambda _: seen.append(tenant.get()))
    assert seen == ["acme"]


async def test_a_race_is_lost_before_the_callback(host: Host) -> None:
    """A transaction that runs again, as another made the account, has not called the host's code before."""
    calls = []
    first = await linked(host.storage)

    def callback(events: Sequence[NewEvent], account: Account, transaction: Transaction) -> None:
        calls.append(account.id)

    made = session()
    await host.storage.create_session(made)
    tried = attempt(made)
    await host.storage.save_attempt(tried)
    request = link_request(made, tried, new_account_id=first.id, in_transaction=callback)
    assert (await host.storage.link(request)).account.id == first.id
    assert calls == [first.id]


async def test_memory_has_no_connection() -> None:
    """Under MemoryStorage a callback gets None and, for a session, an error that says what to use."""
    seen = []

    def callback(events: Sequence[NewEvent], account: Account, transaction: Transaction) -> None:
        seen.append(transaction.connection)
        transaction.session()

    storage: Storage = MemoryStorage()
    with pytest.raises(ConfigurationError, match="SQLStorage"):
        await linked(storage, in_transaction=callback)
    assert seen == [None]
    with pytest.raises(ConfigurationError, match="SQLStorage"):
        await storage.create_session(session(), connection=object())  # type: ignore[arg-type]


async def test_registered_callbacks_get_all_of_this(host: Host) -> None:
    """`Callbacks.run_in_transaction` is what the flows hand to `link`: it marks the context by itself."""
    callbacks = Callbacks()
    inside: list[object] = []

    @callbacks.on("account.created", in_transaction=True)
    def made(event: object, transaction: Transaction) -> None:
        by_session(transaction)
        with pytest.raises(CallInsideTransaction):
            host.storage.account("x").send(None)
        inside.append(threading.current_thread())

    def announce(account: Account, *_: object) -> Sequence[NewEvent]:
        from connect_hub.events import account_event

        return [account_event("account.created", account, targets=lambda *_: (), now=NOW)]

    await linked(host.storage, announce=announce, in_transaction=callbacks.run_in_transaction)
    assert host.names() == ["by session"]
    assert len(inside) == 1
    with host.engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(customers)).scalar() == 1
