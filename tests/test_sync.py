"""`hub.sync`: what code that does not await calls, from wherever it stands."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, create_engine, event, text

from connect_hub import ConnectHub, Event, SQLStorage, Transaction
from connect_hub.errors import (
    CallInsideTransaction,
    MissingTables,
    SessionNotFound,
    StorageUnavailable,
    SyncOnEventLoop,
    ValidationFailed,
)
from connect_hub.portal import current_portal
from tests.customer import Customer
from tests.hubs import GOOD_KEY, make_hub

OWNER: dict[str, Any] = {"origin_owner_id": "42", "origin_owner_name": "Acme"}
PATIENCE = 30.0


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    engine = create_engine(f"sqlite:///{tmp_path}/host.db")
    SQLStorage.create_all(engine)
    with engine.begin() as c:
        c.execute(text("CREATE TABLE invitations (session_id INTEGER)"))
    yield engine
    engine.dispose()


@pytest.fixture
def hub(tmp_path: Path, engine: Engine) -> Iterator[ConnectHub]:
    hub = make_hub(tmp_path, storage=SQLStorage(engine)).hub
    yield hub
    current_portal().run(hub.aclose())


def invitations(engine: Engine) -> list[int]:
    with engine.connect() as c:
        return list(c.execute(text("SELECT session_id FROM invitations")).scalars())


# --- the twins ---


def test_the_flows_are_there_without_await(hub: ConnectHub) -> None:
    """A script makes a link, reads it, withdraws it, and is told in the flows' own errors."""
    link = hub.sync.links.create(origin_owner_id="42", origin_owner_name="Acme")
    assert link.url.startswith("https://hub.test/connect/link#t=")
    assert hub.sync.sessions.get(link.session.id).session.origin_owner_id == "42"
    assert hub.sync.sessions.authenticate(link.token).id == link.session.id
    assert hub.sync.links.get(link.session.id).session == link.session
    assert hub.sync.links.list(origin_owner_id="42") == [link.session]
    assert hub.sync.links.revoke(link.session.id).revoked_at is not None
    assert hub.sync.sessions.revoke(link.session.id).revoked_at is not None
    assert hub.sync.accounts.list() == []
    with pytest.raises(SessionNotFound):
        hub.sync.sessions.get(1)
    with pytest.raises(ValidationFailed):
        hub.sync.links.create(origin_owner_id="", origin_owner_name="")


CALLS: list[tuple[str, Callable[[ConnectHub], object]]] = [
    ("hub.check", lambda hub: hub.sync.check()),
    ("hub.credentials", lambda hub: hub.sync.credentials("acc_1")),
    ("hub.client", lambda hub: hub.sync.client("acc_1").__enter__()),
    ("hub.links.create", lambda hub: hub.sync.links.create(**OWNER)),
    ("hub.sessions.create", lambda hub: hub.sync.sessions.create(**OWNER)),
    ("hub.sessions.revoke", lambda hub: hub.sync.sessions.revoke(1)),
    ("hub.accounts.list", lambda hub: hub.sync.accounts.list()),
    ("hub.accounts.delete", lambda hub: hub.sync.accounts.delete("acc_1")),
    ("hub.owners.erase", lambda hub: hub.sync.owners.erase("42")),
    ("hub.api_keys.create", lambda hub: hub.sync.api_keys.create(name="ci")),
]


@pytest.mark.parametrize(("name", "call"), CALLS, ids=[name for name, _ in CALLS])
async def test_on_an_event_loop_each_names_its_coroutine(
    tmp_path: Path, name: str, call: Callable[[ConnectHub], object]
) -> None:
    """Where a loop runs, each twin raises at once and says which coroutine to await; nothing is left over."""
    hub = make_hub(tmp_path).hub
    with pytest.raises(SyncOnEventLoop, match=f"Await {name} instead"):
        call(hub)


# --- the host's own transaction ---


def test_a_link_commits_with_the_hosts_own_rows(hub: ConnectHub, engine: Engine) -> None:
    """With connection=, the session exists if and only if the host's transaction is committed."""
    with engine.begin() as c:
        kept = hub.sync.links.create(**OWNER, connection=c)
        c.execute(text("INSERT INTO invitations VALUES (:id)"), {"id": kept.session.id})
    with engine.connect() as c:
        lost = hub.sync.links.create(**OWNER, connection=c)
        c.execute(text("INSERT INTO invitations VALUES (:id)"), {"id": lost.session.id})
        c.rollback()
    assert invitations(engine) == [kept.session.id]
    assert hub.sync.sessions.get(kept.session.id).session.id == kept.session.id
    with pytest.raises(SessionNotFound):
        hub.sync.sessions.get(lost.session.id)


def test_the_connection_stays_in_its_thread(hub: ConnectHub, engine: Engine) -> None:
    """Every statement on the host's connection is run by the thread that holds its transaction."""
    hub.sync.check()
    threads: list[int] = []

    def note(connection: Connection, *_: object) -> None:
        threads.append(threading.get_ident())

    with engine.begin() as c:
        event.listen(c, "before_cursor_execute", note)
        hub.sync.sessions.create(**OWNER, connection=c)
    assert threads
    assert set(threads) == {threading.get_ident()}


async def test_a_link_for_an_account_may_join_a_transaction(tmp_path: Path, engine: Engine) -> None:
    """With account_id the account is looked up first, which waits for the database: connection= may too."""
    made = make_hub(tmp_path, storage=SQLStorage(engine))
    hub, account_id = made.hub, await connected(made.hub)

    def reconnect() -> int:
        with engine.begin() as c:
            return hub.sync.links.create(**OWNER, account_id=account_id, connection=c).session.id

    session_id = await asyncio.to_thread(reconnect)
    assert (await hub.sessions.get(session_id)).session.account_id == account_id
    await hub.aclose()


def test_a_refused_link_leaves_the_hosts_transaction_as_it_was(hub: ConnectHub, engine: Engine) -> None:
    """What the hub refuses does not end the host's transaction: its own rows commit."""
    with engine.begin() as c:
        c.execute(text("INSERT INTO invitations VALUES (1)"))
        with pytest.raises(ValidationFailed):
            hub.sync.links.create(origin_owner_id="42", origin_owner_name="", connection=c)
    assert invitations(engine) == [1]


def test_without_tables_it_says_so(tmp_path: Path) -> None:
    """A first use with connection= on a database without tables says what is missing, until it is there."""
    engine = create_engine(f"sqlite:///{tmp_path}/empty.db")
    hub = make_hub(tmp_path, storage=SQLStorage(engine)).hub
    for _ in range(2):
        with engine.connect() as c, pytest.raises(MissingTables):
            hub.sync.links.create(**OWNER, connection=c)
    SQLStorage.create_all(engine)
    with engine.begin() as c:
        link = hub.sync.links.create(**OWNER, connection=c)
    assert hub.sync.sessions.get(link.session.id).session.id == link.session.id
    current_portal().run(hub.aclose())
    engine.dispose()


# --- inside the hub's transaction ---


async def connected(hub: ConnectHub) -> str:
    """Connect Ada's key as a customer does: the account's id."""
    link = await hub.links.create(**OWNER, provider="simulated-key")
    customer = Customer(hub)
    seen = await customer.enter(link.url)
    await customer.press(seen, "Connect", {"f.api_key": GOOD_KEY})
    accounts = await hub.accounts.list()
    return accounts[0].id if accounts else ""


INSIDE: list[tuple[str, Callable[[ConnectHub], object]]] = [
    ("sync", lambda hub: hub.sync.accounts.list()),
    ("asyncio.run", lambda hub: asyncio.run(hub.accounts.list())),
    ("portal", lambda hub: current_portal().run(hub.accounts.list())),
]


@pytest.mark.parametrize(("way", "call"), INSIDE, ids=[way for way, _ in INSIDE])
async def test_a_callback_inside_the_transaction_may_not_call_the_hub(
    tmp_path: Path, engine: Engine, way: str, call: Callable[[ConnectHub], object]
) -> None:
    """By whatever way, such a call raises at once instead of waiting for its caller's own lock."""
    hub = make_hub(tmp_path, storage=SQLStorage(engine)).hub
    raised: list[BaseException] = []

    @hub.on("account.created", in_transaction=True)
    def calls_back(event: Event, tx: Transaction) -> None:
        try:
            call(hub)
        except BaseException as error:
            raised.append(error)
            raise

    assert await asyncio.wait_for(connected(hub), PATIENCE) == ""
    assert [type(error) for error in raised] == [CallInsideTransaction]
    await hub.aclose()


async def test_the_home_loop_of_a_callback_is_not_it_either(tmp_path: Path, engine: Engine) -> None:
    """run_coroutine_threadsafe to the loop that serves the request carries the mark of the transaction."""
    hub = make_hub(tmp_path, storage=SQLStorage(engine)).hub
    loop = asyncio.get_running_loop()
    raised: list[BaseException] = []

    @hub.on("account.created", in_transaction=True)
    def calls_back(event: Event, tx: Transaction) -> None:
        try:
            asyncio.run_coroutine_threadsafe(hub.accounts.list(), loop).result(PATIENCE)
        except BaseException as error:
            raised.append(error)
            raise

    assert await asyncio.wait_for(connected(hub), PATIENCE) == ""
    assert [type(error) for error in raised] == [CallInsideTransaction]
    await hub.aclose()


def test_a_database_that_comes_back_is_used(tmp_path: Path) -> None:
    """hub.sync raises StorageUnavailable while the database is away, and works when it is back."""
    there = tmp_path / "not-yet"
    hub = make_hub(tmp_path, storage=SQLStorage.sqlite(there / "hub.db")).hub
    with pytest.raises(StorageUnavailable):
        hub.sync.check()
    there.mkdir()
    hub.sync.check()
    current_portal().run(hub.aclose())
