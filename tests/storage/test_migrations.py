"""From the tables of the release before to those of this one, and both releases on them."""

import secrets
import threading
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

import pytest
from anyio.to_thread import run_sync
from click.testing import CliRunner, Result
from sqlalchemy import (
    Connection,
    Engine,
    create_engine,
    event,
    func,
    insert,
    inspect,
    select,
    text,
    update,
)

from connect_hub.cli import main
from connect_hub.errors import ConfigurationError, MissingTables, WrongSchema
from connect_hub.storage import account_rows, api_key_rows, attempt_rows, rows, session_rows
from connect_hub.storage.protocol import AccountQuery
from connect_hub.storage.sql import SQLStorage, Tables
from connect_hub.storage.sql.migrations import statements, upgrade
from connect_hub.storage.sql.migrations.steps import STEPS
from connect_hub.storage.sql.migrations.versions import OLDEST, UPGRADING, VERSION, note, notes
from connect_hub.storage.sql.schema import explain_schema
from connect_hub.storage.sql.tables import OLDEST_VERSION, SCHEMA_VERSION
from connect_hub.testing.storage.values import NOW, api_key, attempt, digest, linked, session, state, visit
from tests.peers.database_server import Database
from tests.storage.previous_schema import PreviousTables

MANY = 100_000


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'host.db'}?timeout=30"
    database: Database = request.getfixturevalue(
        "postgres_database" if request.param == "postgresql" else "mariadb_database"
    )
    return database.url("psycopg" if request.param == "postgresql" else "pymysql")


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    engine = create_engine(url)
    yield engine
    engine.dispose()


def command(*arguments: str) -> Result:
    """`connect-hub db …`, in a thread without an event loop."""
    return CliRunner().invoke(main, ["db", *arguments], catch_exceptions=False)


def previous(engine: Engine, prefix: str = "connect_hub_") -> PreviousTables:
    """The tables as the release before made them."""
    tables = PreviousTables(prefix=prefix)
    tables.metadata.create_all(engine)
    return tables


def described(engine: Engine, prefix: str) -> list[str]:
    """All that a database knows of the tables with that prefix, without it."""
    inspector = inspect(engine)
    lines: list[str] = []
    for name in inspector.get_table_names():
        if not name.startswith(prefix):
            continue
        table = name.removeprefix(prefix)
        lines += [
            f"{table}.{one['name']} {one['type']!r} nullable={one['nullable']} default={one['default']}"
            for one in inspector.get_columns(name)
        ]
        lines.append(f"{table} primary key {inspector.get_pk_constraint(name)['constrained_columns']}")
        lines += [
            f"{table} index {str(one['name']).replace(prefix, '')} {one['column_names']} {one['unique']}"
            for one in inspector.get_indexes(name)
        ]
        lines += [f"{table} unique {one['column_names']}" for one in inspector.get_unique_constraints(name)]
    return sorted(lines)


def run_script(engine: Engine, prefix: str, since: int) -> None:
    spoken = "mariadb" if engine.dialect.name == "mysql" else engine.dialect.name
    with engine.begin() as c:
        for statement in statements(Tables(prefix=prefix), spoken, since=since):
            c.exec_driver_sql(statement.replace("%", "%%"))


def test_every_way_leads_to_the_same_schema(engine: Engine) -> None:
    """A database that was upgraded, one that is new, and those that `db sql` makes are the same, column by
    column; where a step forgot something, the difference names it."""
    Tables(prefix="meta_").metadata.create_all(engine)  # as a host's own migrations would make it
    wanted = described(engine, "meta_")
    SQLStorage.create_all(engine, prefix="new_")
    previous(engine, "old_")
    SQLStorage.create_all(engine, prefix="old_")
    run_script(engine, "sql0_", 0)
    previous(engine, "sql1_")
    run_script(engine, "sql1_", 1)
    for prefix in ("new_", "old_", "sql0_", "sql1_"):
        got = described(engine, prefix)
        differ = {f"has no {line}" for line in wanted if line not in got}
        differ |= {f"has {line}" for line in got if line not in wanted}
        assert not differ, f"{prefix}: {sorted(differ)}; name it in storage/sql/migrations/steps.py"
        with engine.connect() as c:
            noted = notes(c, Tables(prefix=prefix))
        assert noted == {VERSION: SCHEMA_VERSION, OLDEST: OLDEST_VERSION}


def test_steps_only_add() -> None:
    """R21: what a step adds to an old table can be left out by the release that does not know it."""
    t = Tables()
    assert [step.version for step in STEPS] == list(range(2, SCHEMA_VERSION + 1))
    for step in STEPS:
        for name, columns in step.columns.items():
            for column in columns:
                made = t.named(name).c[column]
                assert made.nullable or made.server_default is not None, made
        for name, indexes in step.indexes.items():
            unique = {str(one.name) for one in t.named(name).indexes if one.unique}
            assert not unique.intersection(f"{t.prefix}{name}_{index}_ix" for index in indexes)


# --- data ---


def by_old_code(c: Connection, t: PreviousTables, number: int) -> None:
    """One row in each table, by the statements of the release before: with the columns that it knew."""
    made = session(id=number, jti=f"old-{number}")
    tried = attempt(made, id=f"att-{number}")
    account = {column.name: None for column in t.accounts.columns} | {
        "id": f"acc-{number}",
        "project_id": "default",
        "provider": "acme",
        "method": "api_key",
        "origin_owner_id": f"owner-{number}",
        "origin_owner_name": "Zoë",
        "type": "production",
        "metadata": "{}",
        "setup_information": "{}",
        "status": "active",
        "status_reasons": "[]",
        "generation": 1,
        "sequence": 1,
        "asked_scopes": "[]",
        "granted_scopes": "[]",
        "refresh_epoch": 0,
        "created_at": rows.milliseconds(NOW),
        "updated_at": rows.milliseconds(NOW),
        "sealed": b"sealed",
    }
    happened = {
        "id": f"msg-{number}",
        "project_id": "default",
        "name": "account.created",
        "record_id": f"acc-{number}",
        "owner_id": f"owner-{number}",
        "sequence": 1,
        "body": b"{}",
        "created_at": rows.milliseconds(NOW),
    }
    delivery = {
        "id": f"dlv-{number}",
        "event_id": f"msg-{number}",
        "record_id": f"acc-{number}",
        "sequence": 1,
        "target": "webhook:one",
        "state": "pending",
        "attempts": 0,
        "epoch": 0,
        "last_error": None,
        "next_at": rows.milliseconds(NOW),
        "lease_until": None,
        "created_at": rows.milliseconds(NOW),
        "settled_at": None,
    }
    remembered = {
        "scope": "s",
        "key": f"k{number}",
        "body_hash": "b",
        "session_id": number,
        "created_at": rows.milliseconds(NOW),
    }
    written: list[tuple[object, Mapping[str, object]]] = [
        (t.sessions, session_rows.session_row(made)),
        (t.visits, session_rows.visit_row(visit(made, f"visit-{number}"))),
        (t.attempts, attempt_rows.attempt_row(tried)),
        (t.states, attempt_rows.state_row(state(tried, f"state-{number}"))),
        (t.api_keys, api_key_rows.api_key_row(api_key(id=f"key-{number}"))),
        (t.accounts, account),
        (t.events, happened),
        (t.deliveries, delivery),
        (t.idempotency, remembered),
        (t.meta, {"name": f"fact-{number}", "value": b"1"}),
    ]
    for table, row in written:
        known = {name: value for name, value in row.items() if name in table.c}  # type: ignore[attr-defined]
        c.execute(insert(table), known)  # type: ignore[arg-type]
    c.execute(update(t.visits).values(last_seen_at=t.visits.c.last_seen_at + 1))
    c.execute(update(t.deliveries).values(attempts=t.deliveries.c.attempts + 1))
    for table in t.all():
        assert c.execute(select(table).limit(1)).first() is not None


def multiply(c: Connection, t: PreviousTables, times: int) -> None:
    """Copies of the one account that is there."""
    quote = c.dialect.identifier_preparer.quote
    digits = " UNION ALL ".join(f"SELECT {n} AS d" for n in range(10))
    places = ", ".join(f"({digits}) d{power}" for power in range(5))
    number = "d0.d + 10 * d1.d + 100 * d2.d + 1000 * d3.d + 10000 * d4.d"
    text_of = {"sqlite": "TEXT", "postgresql": "VARCHAR"}.get(c.dialect.name, "CHAR")
    names = [quote(column.name) for column in t.accounts.columns]
    table, into = t.accounts.name, ", ".join(names)
    copied = ", ".join(
        f"CONCAT({name}, '-', CAST({number} AS {text_of}))" if name in {"id", "origin_owner_id"} else name
        for name in names
    )
    if c.dialect.name == "sqlite":
        copied = copied.replace("CONCAT(", "(").replace(", '-', ", " || '-' || ")
    c.exec_driver_sql(
        f"INSERT INTO {table} ({into}) SELECT {copied} FROM {table}, {places} WHERE {number} < {times}"  # noqa: S608  # names of ours
    )


async def test_a_hundred_thousand_accounts_are_upgraded(engine: Engine, url: str) -> None:
    """R21: `db upgrade` of a database with 100,000 accounts by the release before keeps them all. This
    release works on its rows, and the release before goes on working on the new tables, side by side."""
    old = previous(engine)
    with engine.begin() as c:
        by_old_code(c, old, 1)
        multiply(c, old, MANY - 1)
    storage = SQLStorage(engine)
    with pytest.raises(MissingTables, match=r"older than this release.*db upgrade"):
        await storage.check()

    run = await run_sync(command, "check", "--database-url", url)
    assert (run.exit_code, "missing: column connect_hub_visits.embedded" in run.stdout) == (1, True)
    run = await run_sync(command, "upgrade", "--database-url", url)
    assert run.exit_code == 0, run.output
    assert "added connect_hub_events.provider\n" in run.stdout
    assert (await run_sync(command, "check", "--database-url", url)).exit_code == 0

    await storage.check()
    with engine.begin() as c:
        assert c.execute(select(func.count()).select_from(Tables().accounts)).scalar() == MANY
        by_old_code(c, old, 2)
    for number in (1, 2):
        kept = await storage.account(f"acc-{number}")
        assert kept is not None
        assert kept.origin_owner_name == "Zoë"
        assert await storage.visit(digest(f"visit-{number}")) is not None
    claimed = await storage.claim_deliveries(
        {"webhook:one": 9}, limit=9, lease=timedelta(minutes=1), now=NOW + timedelta(hours=1)
    )
    assert sorted(one.event_id for one in claimed) == ["msg-1", "msg-2"]
    made = await linked(storage)
    with engine.connect() as c:  # what this release writes, the release before reads
        found = c.execute(select(old.accounts).where(old.accounts.c.id == made.id)).one()
    assert account_rows.account_of(found)[0] == made
    listed = await storage.accounts(AccountQuery(project_id="default", limit=10))
    assert len(listed) == 10
    await storage.aclose()


# --- what is refused ---


@pytest.mark.parametrize("fatal", ["CREATE TABLE connect_hub_endpoints", "ALTER TABLE", "CREATE INDEX"])
async def test_an_upgrade_that_was_cut_off_goes_on(engine: Engine, fatal: str) -> None:
    """Where each statement is kept, a half upgraded database is refused with what to do; elsewhere nothing
    of it is left. The next upgrade ends it."""
    old = previous(engine)
    with engine.begin() as c:
        by_old_code(c, old, 1)

    def cut(_c: object, _cursor: object, statement: str, *_: object) -> None:
        if fatal in " ".join(statement.split()):
            raise RuntimeError("cut off")

    event.listen(engine, "before_cursor_execute", cut)
    with pytest.raises(RuntimeError, match="cut off"):
        SQLStorage.create_all(engine)
    event.remove(engine, "before_cursor_execute", cut)

    storage = SQLStorage(engine)
    if engine.dialect.name in {"mysql", "mariadb"}:
        with pytest.raises(WrongSchema, match=r"did not end.*db upgrade.*again"):
            await storage.check()
    else:
        assert not inspect(engine).has_table("connect_hub_endpoints")
        with pytest.raises(MissingTables, match="db upgrade"):
            await storage.check()
    SQLStorage.create_all(engine)
    await storage.check()
    assert await storage.account("acc-1") is not None
    await storage.aclose()


@pytest.mark.parametrize("url", ["mariadb"], indirect=True)
async def test_ids_that_differ_by_spaces_were_one(engine: Engine) -> None:
    """T41: tables in which they are one are refused, with what to do; the upgrade makes two of them, and
    keeps what was there."""
    old = previous(engine)
    with engine.begin() as c:
        by_old_code(c, old, 1)
    SQLStorage.create_all(engine)
    storage = SQLStorage(engine)
    await storage.check()
    await linked(storage, session(origin_owner_id="victim"))
    with engine.begin() as c:
        padded = "VARCHAR(255) COLLATE utf8mb4_bin NOT NULL"
        c.exec_driver_sql(f"ALTER TABLE connect_hub_accounts MODIFY origin_owner_id {padded}")
    refusing = SQLStorage(engine)
    with pytest.raises(WrongSchema, match=r"accounts\.origin_owner_id .* spaces at their end .*db upgrade"):
        await refusing.check()
    assert await explain_schema(refusing) == [
        "missing: collation connect_hub_accounts.origin_owner_id",
        refusing.remedy,
    ]
    with engine.begin() as c:
        assert upgrade(c, Tables()) == ["made connect_hub_accounts.origin_owner_id exact"]
    await refusing.check()
    await linked(refusing, session(origin_owner_id="victim "))
    found = await refusing.accounts(AccountQuery(project_id="default"))
    assert sorted(one.origin_owner_id for one in found if "victim" in one.origin_owner_id) == [
        "victim",
        "victim ",
    ]
    await storage.aclose()


async def test_a_database_that_cannot_write_every_name_is_refused(url: str) -> None:
    """At the start, by name: not with the first customer whose name it has no place for."""
    server = create_engine(url, isolation_level="AUTOCOMMIT")
    kind, name = server.dialect.name, f"latin_{secrets.token_hex(4)}"
    if kind == "sqlite":
        return  # keeps Unicode alone
    made = (
        " ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
        if kind == "postgresql"
        else " CHARACTER SET latin1"
    )
    with server.connect() as c:
        c.execute(text(f"CREATE DATABASE {name}{made}"))
    engine = create_engine(server.url.set(database=name))
    try:
        SQLStorage.create_all(engine)
        storage = SQLStorage(engine)
        if kind == "postgresql":
            with pytest.raises(ConfigurationError, match="keeps text as LATIN1"):
                await storage.check()
            return
        made_well = await linked(storage, session(origin_owner_name="日本"))
        assert made_well.origin_owner_name == "日本"
        with engine.begin() as c:
            c.exec_driver_sql("ALTER TABLE connect_hub_accounts MODIFY label LONGTEXT CHARACTER SET latin1")
        with pytest.raises(ConfigurationError, match=r"accounts\.label keeps text as latin1"):
            await SQLStorage(engine).check()
    finally:
        engine.dispose()
        with server.connect() as c:
            c.execute(text(f"DROP DATABASE {name}"))
        server.dispose()


async def test_two_upgrades_at_once_are_one(engine: Engine) -> None:
    """Two that start together wait for each other; both end well."""
    previous(engine)
    together, failed = threading.Barrier(2), list[BaseException]()

    def upgrade() -> None:
        together.wait(30)
        try:
            SQLStorage.create_all(engine)
        except BaseException as error:
            failed.append(error)

    threads = [threading.Thread(target=upgrade) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(120)
    assert failed == []
    storage = SQLStorage(engine)
    await storage.check()
    await storage.aclose()


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Engine]:
    """A SQLite database without tables."""
    engine = create_engine(f"sqlite:///{tmp_path / 'file.db'}")
    yield engine
    engine.dispose()


async def test_a_schema_from_the_future_is_refused(file: Engine) -> None:
    """R21: this release works on the tables of the next one, which say so, and refuses those of later ones;
    it upgrades neither."""
    SQLStorage.create_all(file)
    t, storage = Tables(), SQLStorage(file)
    for version, oldest, works in ((3, 2, True), (99, 98, False), (99, None, False)):
        with file.begin() as c:
            note(c, t, VERSION, version)
            if oldest is None:
                c.execute(text("DELETE FROM connect_hub_meta WHERE name = 'schema_oldest'"))
            else:
                note(c, t, OLDEST, oldest)
        with pytest.raises(WrongSchema, match=rf"version {version}.*pip install --upgrade"):
            SQLStorage.create_all(file)
        if works:
            await storage.check()
            continue
        with pytest.raises(WrongSchema, match="version 99"):
            await storage.check()
    await storage.aclose()


async def test_a_prefix_that_clashes(file: Engine) -> None:
    """A table of the host's with a name of the hub's is left alone, and the message says so; a MetaData that
    has it, and what cannot be a prefix, are refused as well."""
    with file.begin() as c:
        c.exec_driver_sql("CREATE TABLE accounts (id INTEGER PRIMARY KEY, balance INTEGER)")
    with pytest.raises(ConfigurationError, match=r"table 'accounts' that is not the hub's.*prefix ''"):
        SQLStorage.create_all(file, prefix="")
    assert inspect(file).get_table_names() == ["accounts"]
    SQLStorage.create_all(file, prefix="hub_")
    storage = SQLStorage(file, prefix="")
    with file.begin() as c:
        for table in Tables(prefix="").all():
            if table.name != "accounts":
                table.create(c)
    with pytest.raises(ConfigurationError, match="Choose another"):
        await storage.check()
    await storage.aclose()
    with pytest.raises(ConfigurationError, match="MetaData has a table 'hub_meta'"):
        Tables(Tables(prefix="hub_").metadata, prefix="hub_")
    for prefix in ("a-b", "1st", "x" * 31, "ü_", 'a"b'):
        with pytest.raises(ConfigurationError, match="cannot be the prefix"):
            Tables(prefix=prefix)


def test_lost_columns_are_not_made_up(file: Engine) -> None:
    """An upgrade that cannot bring a column back says which."""
    SQLStorage.create_all(file)
    with file.begin() as c:
        c.exec_driver_sql("ALTER TABLE connect_hub_accounts DROP COLUMN label")
    with pytest.raises(WrongSchema, match="connect_hub_accounts has lost label"):
        SQLStorage.create_all(file)


async def test_the_hubs_own_file_is_upgraded_by_itself(tmp_path: Path) -> None:
    """A file that the release before made gets the new tables at its first use; looking changes nothing."""
    path = tmp_path / "own.db"
    new = SQLStorage.sqlite(path)
    await new.check()
    await new.aclose()
    engine = create_engine(f"sqlite:///{path}")
    with engine.begin() as c:
        for table in Tables().all():
            table.drop(c)
    old = previous(engine)
    with engine.begin() as c:
        by_old_code(c, old, 1)
    checking = ("check", "--database-url", f"sqlite:///{path}")
    for _ in range(2):
        assert (await run_sync(command, *checking)).exit_code == 1
    again = SQLStorage.sqlite(path)
    await again.check()
    assert await again.account("acc-1") is not None
    await again.aclose()
    assert (await run_sync(command, *checking)).exit_code == 0
    with engine.begin() as c:
        note(c, Tables(), UPGRADING, 2)
    engine.dispose()
    assert "did not end" in (await run_sync(command, *checking)).stdout


@pytest.mark.parametrize("dialect", ["postgresql", "mariadb", "mysql", "sqlite"])
def test_the_statements_are_printed(dialect: str) -> None:
    """`db sql` prints the DDL of a dialect, from nothing or since a version, with prefix and schema, and
    needs neither driver nor database."""

    def printed(*more: str) -> str:
        return command("sql", "--dialect", dialect, *more).stdout

    whole, since = printed(), printed("--since", "1")
    assert whole.count("CREATE TABLE connect_hub_") == len(Tables().all())
    assert "ALTER TABLE" not in whole
    assert "ALTER TABLE connect_hub_visits ADD COLUMN embedded" in since
    assert "CREATE TABLE connect_hub_accounts " not in since
    exact = {"mysql": "utf8mb4_0900_bin", "mariadb": "utf8mb4_nopad_bin"}.get(dialect)
    owner = f"origin_owner_id VARCHAR(255) COLLATE {exact} NOT NULL"
    assert (owner in whole) == (exact is not None)
    assert (f"ALTER TABLE connect_hub_accounts MODIFY {owner}" in since) == (exact is not None)
    assert printed("--since", str(SCHEMA_VERSION)).count("CREATE") == 0
    assert "CREATE TABLE integrations.hub_accounts" in printed("--prefix", "hub_", "--schema", "integrations")
