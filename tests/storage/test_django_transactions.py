"""The hub's transactions are Django's: models in callbacks, `atomic()` around the hub, lost connections."""

import asyncio
import itertools
import logging
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from pathlib import Path

import pytest
from sqlalchemy import Connection, text

from connect_hub.errors import (
    ConfigurationError,
    MissingTables,
    StorageConflict,
    StorageUnavailable,
    TransactionEnded,
)
from connect_hub.models import Account
from connect_hub.runtime.waiting import Here
from connect_hub.storage.protocol import AccountQuery, NewEvent, SessionQuery
from connect_hub.storage.transaction import Transaction, callbacks_running
from connect_hub.sync import SyncHub
from connect_hub.testing.storage.values import NOW, linked, session
from tests import django_host
from tests.hubs import make_hub
from tests.peers.postgres import PostgresServer

django_host.ready()

from django.apps import apps  # noqa: E402  # needs a Django that is set up
from django.db import IntegrityError, OperationalError, connections, transaction  # noqa: E402
from django.db.models.functions import Lower  # noqa: E402

from connect_hub.hosts.django.storage import DjangoStorage  # noqa: E402
from tests.django_host.databases import database_on, sqlite_copy, with_tables  # noqa: E402
from tests.django_host.models import Tool  # noqa: E402


@pytest.fixture(scope="module")
def aliases(tmp_path_factory: pytest.TempPathFactory, postgres: PostgresServer) -> Iterator[dict[str, str]]:
    path = tmp_path_factory.mktemp("django") / "template.db"
    with database_on(postgres, CONN_MAX_AGE=None) as alias:
        yield {
            "sqlite": with_tables(ENGINE="django.db.backends.sqlite3", NAME=str(path)),
            "postgresql": alias,
        }


class Host:
    """A project's database with the hub's storage on it."""

    def __init__(self, alias: str) -> None:
        self.alias = alias
        self.storage = DjangoStorage(alias)
        self._owners = itertools.count(1)

    async def link(self, callback: Callable[[], object]) -> Account:
        """Link an account, with `callback` inside the transaction."""
        return await self.link_on(lambda _connection: callback())

    async def link_on(self, callback: Callable[[Connection], object]) -> Account:
        """The same; `callback` is given the connection that the hub writes on."""

        def run(_events: Sequence[NewEvent], _account: Account, transaction: Transaction) -> None:
            assert transaction.connection is not None
            with callbacks_running():
                callback(transaction.connection)

        owner = f"owner-{next(self._owners)}"
        return await linked(self.storage, session(origin_owner_id=owner), in_transaction=run)

    def add(self, name: str) -> Tool:
        tool: Tool = Tool.objects.using(self.alias).create(account_id=name)
        return tool

    async def tools(self) -> list[str]:
        def names() -> list[str]:
            try:
                return sorted(Tool.objects.using(self.alias).values_list("account_id", flat=True))
            finally:
                connections[self.alias].close()

        return await asyncio.to_thread(names)

    async def accounts(self) -> list[Account]:
        return await self.storage.accounts(AccountQuery(project_id="default"))


@pytest.fixture(params=["sqlite", "postgresql"])
async def host(
    request: pytest.FixtureRequest, aliases: dict[str, str], tmp_path: Path
) -> AsyncIterator[Host]:
    alias = aliases[request.param]
    if request.param == "sqlite":
        alias = sqlite_copy(alias, tmp_path / "host.db")
    else:
        await asyncio.to_thread(_empty, alias)
    host = Host(alias)
    yield host
    await host.storage.aclose()


def _empty(alias: str) -> None:
    for model in apps.get_app_config("connect_hub").get_models():
        model.objects.using(alias).all().delete()
    Tool.objects.using(alias).all().delete()
    connections[alias].close()


async def test_models_commit_with_the_account(host: Host) -> None:
    """A callback writes and reads its models on the connection that the hub writes on: it sees the account
    that is not committed, and both are there afterwards."""
    row = apps.get_model("connect_hub", "Account")
    seen: list[int] = []

    def callback() -> None:
        host.add("a")
        with transaction.atomic(using=host.alias):
            host.add("b")
        seen.append(row.objects.using(host.alias).count())

    await host.link(callback)
    assert seen == [1]
    assert await host.tools() == ["a", "b"]
    assert len(await host.accounts()) == 1


async def test_models_go_with_the_account(host: Host) -> None:
    """What a callback raises is what the caller gets, and neither its rows nor the hub's are kept."""
    refusal = ZeroDivisionError("a fault")

    def callback() -> None:
        host.add("a")
        raise refusal

    with pytest.raises(ZeroDivisionError) as caught:
        await host.link(callback)
    assert caught.value is refusal
    assert await host.tools() == []
    assert await host.accounts() == []
    await host.link(lambda: host.add("b"))
    assert await host.tools() == ["b"]


async def test_an_error_of_the_models_is_the_hosts(host: Host) -> None:
    """A unique column of the host's, broken: its own IntegrityError, not a conflict of the hub's."""
    await host.link(lambda: host.add("a"))
    with pytest.raises(IntegrityError):
        await host.link(lambda: host.add("a"))
    assert len(await host.accounts()) == 1


async def test_an_error_within_a_block_of_its_own_is_survived(host: Host) -> None:
    """`atomic()` in a callback is a savepoint: what failed in it is undone, the rest is kept."""
    await host.link(lambda: host.add("a"))

    def callback() -> None:
        with pytest.raises(IntegrityError), transaction.atomic(using=host.alias):
            host.add("a")
        host.add("b")

    await host.link(callback)
    assert await host.tools() == ["a", "b"]
    assert len(await host.accounts()) == 2


def hidden_error(host: Host) -> None:
    with pytest.raises(IntegrityError):
        host.add("a")


def rollback(host: Host) -> None:
    host.add("b")
    transaction.set_rollback(True, using=host.alias)


def close(host: Host) -> None:
    host.add("b")
    connections[host.alias].close()


def raw_rollback(host: Host) -> None:
    host.add("b")
    connections[host.alias].connection.rollback()


@pytest.mark.parametrize("end", [hidden_error, rollback, close, raw_rollback], ids=lambda end: end.__name__)
async def test_a_transaction_that_was_ended_is_refused(host: Host, end: Callable[[Host], None]) -> None:
    """An error of a model that the callback hides, a rollback, a closed connection: nothing is kept, and it
    is said. The next one works."""
    await host.link(lambda: host.add("a"))
    with pytest.raises(TransactionEnded):
        await host.link(lambda: end(host))
    assert await host.tools() == ["a"]
    assert len(await host.accounts()) == 1
    await host.link(lambda: host.add("c"))
    assert await host.tools() == ["a", "c"]


@pytest.mark.parametrize("hides", [False, True], ids=["raising", "hiding"])
@pytest.mark.parametrize("how", ["close", "invalidate", "rollback", "commit"])
async def test_the_hubs_own_connection_is_not_the_callbacks_to_end(host: Host, how: str, hides: bool) -> None:
    """`tx.connection`, closed, thrown away or ended: TransactionEnded, whether the callback hides it or fails
    because of it, and nothing is kept. The next one works."""

    def callback(connection: Connection) -> None:
        host.add("a")
        getattr(connection, how)()
        if hides:
            return
        connection.execute(text("SELECT 1"))
        raise ZeroDivisionError("what became of it does not matter any more")

    with pytest.raises(TransactionEnded):
        await host.link_on(callback)
    assert await host.tools() == []
    assert await host.accounts() == []
    await host.link(lambda: host.add("b"))
    assert await host.tools() == ["b"]
    assert len(await host.accounts()) == 1


async def test_a_commit_in_a_callback_is_forbidden(host: Host) -> None:
    """Django itself refuses it, and nothing is kept."""

    def callback() -> None:
        host.add("a")
        transaction.commit(using=host.alias)

    with pytest.raises(transaction.TransactionManagementError):
        await host.link(callback)
    assert await host.tools() == []
    assert await host.accounts() == []


async def test_on_commit_comes_after_the_commit(host: Host, caplog: pytest.LogCaptureFixture) -> None:
    """A function for after the commit sees both; one that fails is logged, and undoes nothing."""
    seen: list[tuple[int, bool]] = []

    def after() -> None:
        seen.append((Tool.objects.using(host.alias).count(), connections[host.alias].in_atomic_block))
        raise ZeroDivisionError("a fault")

    def callback() -> None:
        host.add("a")
        transaction.on_commit(after, using=host.alias)

    with caplog.at_level(logging.ERROR, "connect_hub.django"):
        await host.link(callback)
    assert seen == [(1, False)]
    assert "transaction.on_commit" in caplog.text
    assert len(await host.accounts()) == 1
    with pytest.raises(ZeroDivisionError):
        await host.link(lambda: (transaction.on_commit(after, using=host.alias), 1 // 0))
    assert len(seen) == 1


async def test_djangos_functions_stay_djangos(host: Host) -> None:
    """SQLAlchemy puts nothing on the connection: lookups with Django's own functions work after the hub."""
    found: list[object] = []

    def callback() -> None:
        host.add("Abc")
        tools = Tool.objects.using(host.alias)
        found.append(tools.filter(account_id__regex=r"^A.c$", is_used=True).count())
        found.append(tools.filter(account_id__iregex=r"^a.C$").annotate(x=Lower("account_id")).get().x)
        found.append(tools.get().added_at.tzinfo is not None)

    await host.link(callback)
    assert found == [1, "abc", True]


@pytest.mark.parametrize("host", ["postgresql"], indirect=True)
async def test_nothing_stays_open(host: Host) -> None:
    """Closed, a storage leaves no connection; used again, it opens one."""

    def others() -> int:
        with connections[host.alias].cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()")
            (count,) = cursor.fetchone()
        connections[host.alias].close()
        return int(count) - 1

    await host.link(lambda: None)
    assert await asyncio.to_thread(others) > 0  # CONN_MAX_AGE is None here: they are kept
    await host.storage.aclose()
    async with asyncio.timeout(30):
        while await asyncio.to_thread(others):  # noqa: ASYNC110  # the server hears of it a moment later
            await asyncio.sleep(0.01)
    await host.link(lambda: None)
    assert len(await host.accounts()) == 2


@pytest.mark.parametrize("host", ["postgresql"], indirect=True)
async def test_a_lost_connection_is_found_out(host: Host) -> None:
    """R13: where the server ended the connections that are kept, one call says so and the next one works."""

    def end_all() -> None:
        with connections[host.alias].cursor() as cursor:
            cursor.execute(
                "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity "
                "WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        connections[host.alias].close()

    await asyncio.gather(*(host.link(lambda: None) for _ in range(8)))
    await asyncio.to_thread(end_all)
    failures = 0
    async with asyncio.timeout(30):
        while True:
            try:
                await host.link(lambda: None)
                break
            except StorageUnavailable:
                failures += 1
    assert failures == 1  # it had the connections of all the other threads closed
    assert len(await host.accounts()) == 9


@pytest.fixture
def sync(host: Host, tmp_path: Path) -> Iterator[SyncHub]:
    made = make_hub(tmp_path, storage=host.storage)
    yield made.hub.sync
    connections[host.alias].close()


OWNER = {"origin_owner_id": "42", "origin_owner_name": "Acme"}


class TestTheHostsTransaction:
    """`hub.sync.sessions.create(…, connection=connection)`; in a thread, as views are."""

    async def test_a_session_commits_with_the_hosts_rows(self, host: Host, sync: SyncHub) -> None:
        """It is there when the block ends, and the hub's links work."""

        def view() -> None:
            with transaction.atomic(using=host.alias):
                sync.sessions.create(**OWNER, connection=connections[host.alias])  # type: ignore[arg-type]
                host.add("a")
            connections[host.alias].close()

        await asyncio.to_thread(view)
        assert len(await host.storage.sessions(SessionQuery(project_id="default", now=NOW))) == 1
        assert await host.tools() == ["a"]

    async def test_a_session_goes_with_the_hosts_rows(self, host: Host, sync: SyncHub) -> None:
        """A block that is rolled back leaves no session."""

        def view() -> None:
            try:
                with transaction.atomic(using=host.alias):
                    sync.links.create(**OWNER, connection=connections[host.alias])  # type: ignore[arg-type]
                    host.add("a")
                    raise ZeroDivisionError
            finally:
                connections[host.alias].close()

        with pytest.raises(ZeroDivisionError):
            await asyncio.to_thread(view)
        assert await host.storage.sessions(SessionQuery(project_id="default", now=NOW)) == []
        assert await host.tools() == []

    async def test_without_a_block_it_commits_by_itself(self, host: Host, sync: SyncHub) -> None:
        """As every write of Django's outside one."""

        def view() -> None:
            sync.sessions.create(**OWNER, connection=connections[host.alias])  # type: ignore[arg-type]
            connections[host.alias].close()

        await asyncio.to_thread(view)
        assert len(await host.storage.sessions(SessionQuery(project_id="default", now=NOW))) == 1

    async def test_a_conflict_undoes_the_hubs_part_alone(self, host: Host) -> None:
        """What the hub refuses is a savepoint of its own: the host's block goes on."""
        given = session()
        await host.storage.create_session(given)

        def view() -> None:
            with transaction.atomic(using=host.alias):
                host.add("a")
                connection = connections[host.alias]
                loop = asyncio.new_event_loop()
                loop.set_default_executor(Here())
                with pytest.raises(StorageConflict):
                    loop.run_until_complete(host.storage.create_session(given, connection=connection))
                loop.close()
                host.add("b")
            connections[host.alias].close()

        await asyncio.to_thread(view)
        assert await host.tools() == ["a", "b"]

    async def test_a_connection_of_another_thread_or_database_is_refused(self, host: Host) -> None:
        """Awaited, the work would be done in another thread, on another connection."""
        with pytest.raises(ConfigurationError, match="inside sync_to_async"):
            await host.storage.create_session(session(), connection=connections[host.alias])
        with pytest.raises(ConfigurationError, match=r"not the one of 'default'"):
            await host.storage.create_session(session(), connection=connections["default"])
        with pytest.raises(ConfigurationError, match="not object"):
            await host.storage.create_session(session(), connection=object())  # type: ignore[arg-type]


class TestWhatIsRefused:
    def test_an_unknown_alias(self) -> None:
        """It is named, with those that there are."""
        with pytest.raises(ConfigurationError, match=r"using='nowhere'.*'default'"):
            DjangoStorage("nowhere")

    async def test_tables_that_are_not_there(self, tmp_path: Path) -> None:
        """The message says which command makes them."""
        from tests.django_host.databases import added

        alias = added(ENGINE="django.db.backends.sqlite3", NAME=str(tmp_path / "empty.db"))
        storage = DjangoStorage(alias)
        with pytest.raises(MissingTables, match=r"manage\.py migrate"):
            await storage.check()
        await storage.aclose()

    async def test_a_server_that_is_not_there(self, tmp_path: Path) -> None:
        """R13: StorageUnavailable, as of any other database."""
        from tests.django_host.databases import added

        alias = added(ENGINE="django.db.backends.postgresql", NAME="x", HOST=str(tmp_path), USER="x")
        storage = DjangoStorage(alias)
        with pytest.raises(StorageUnavailable) as caught:
            await storage.check()
        assert isinstance(caught.value.__cause__, OperationalError)
        await storage.aclose()
