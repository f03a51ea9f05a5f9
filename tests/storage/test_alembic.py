"""The hub's tables in a host's own Alembic history."""

import re
import sys
import warnings
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import produce_migrations
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.operations import ops
from sqlalchemy import (
    Column,
    Engine,
    ForeignKeyConstraint,
    MetaData,
    String,
    Table,
    create_engine,
    inspect,
    text,
)
from sqlalchemy.dialects.mysql import VARCHAR

from connect_hub.errors import MissingTables
from connect_hub.storage.sql import SQLStorage, Tables
from connect_hub.testing.storage.values import linked
from tests.peers.database_server import Database
from tests.storage.previous_schema import PreviousTables

PAGE = Path(__file__).resolve().parents[2] / "docs" / "storage.md"
ENVIRONMENT = """
from alembic import context

config = context.config
with config.attributes["engine"].connect() as connection:
    context.configure(connection=connection, target_metadata=config.attributes["metadata"])
    with context.begin_transaction():
        context.run_migrations()
"""
ADDITIVE = (ops.CreateTableOp, ops.CreateIndexOp, ops.AddColumnOp)


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Engine]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'host.db'}"
    else:
        name, driver = {"postgresql": ("postgres", "psycopg"), "mariadb": ("mariadb", "pymysql")}[
            request.param
        ]
        database: Database = request.getfixturevalue(f"{name}_database")
        url = database.url(driver)
    engine = create_engine(url)
    yield engine
    engine.dispose()


EXACT = "utf8mb4_nopad_bin"


def host() -> tuple[MetaData, Table]:
    """A MetaData with a table of the host's own."""
    metadata = MetaData()
    name = String(255).with_variant(VARCHAR(255, collation=EXACT), "mysql", "mariadb")
    return metadata, Table("tenants", metadata, Column("id", name, primary_key=True))


def history(folder: Path, engine: Engine, metadata: MetaData) -> Config:
    """The host's Alembic, as `alembic init` lays it out."""
    config = Config()
    config.set_main_option("script_location", str(folder))
    config.set_main_option("path_separator", "os")
    if not folder.exists():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            command.init(Config(str(folder.parent / "alembic.ini")), str(folder))
        (folder / "env.py").write_text(ENVIRONMENT, "utf-8")
    config.attributes |= {"engine": engine, "metadata": metadata}
    return config


def changes(engine: Engine, metadata: MetaData) -> list[ops.MigrateOperation]:
    """What autogenerate would write, one by one."""
    with engine.connect() as c:
        made = produce_migrations(MigrationContext.configure(c), metadata).upgrade_ops
    assert made is not None
    return list(flattened(made.ops))


def flattened(operations: Sequence[ops.MigrateOperation]) -> Iterator[ops.MigrateOperation]:
    for one in operations:
        if isinstance(one, ops.ModifyTableOps):
            yield from flattened(one.ops)
        else:
            yield one


async def test_the_tables_join_the_hosts_history(engine: Engine, tmp_path: Path) -> None:
    """With the tables in the host's MetaData, autogenerate makes the revision, also with a foreign key from
    accounts to a table of the host's; after the upgrade `alembic check` is clean and the hub works. What a
    later version brings is only added (R21)."""
    metadata, tenants = host()
    before = PreviousTables(metadata, prefix="hub_")
    config = history(tmp_path / "migrations", engine, metadata)
    command.revision(config, "the release before", autogenerate=True)
    command.upgrade(config, "head")
    command.check(config)
    assert before.accounts.name == "hub_accounts"
    storage = SQLStorage(engine, prefix="hub_")
    with pytest.raises(MissingTables, match="older"):
        await storage.check()

    metadata, tenants = host()
    t = Tables(metadata, prefix="hub_")
    brought = changes(engine, metadata)
    assert brought
    others = [one for one in brought if not isinstance(one, ADDITIVE)]
    exact = {("accounts", "origin_owner_id"), ("accounts", "identity_id")}
    exact |= {("events", "owner_id"), ("sessions", "origin_owner_id")}
    assert all(isinstance(one, ops.AlterColumnOp) for one in others)
    altered = {
        (one.table_name.removeprefix("hub_"), one.column_name)
        for one in others
        if isinstance(one, ops.AlterColumnOp)
    }
    assert altered == (exact if engine.dialect.name == "mysql" else set())
    if engine.dialect.name != "sqlite":  # which cannot add a constraint to a table
        t.accounts.append_constraint(
            ForeignKeyConstraint(
                [t.accounts.c.origin_owner_id], [tenants.c.id], name="tenant", ondelete="CASCADE"
            )
        )
    config = history(tmp_path / "migrations", engine, metadata)
    command.revision(config, "this release", autogenerate=True)
    command.upgrade(config, "head")
    command.check(config)

    await storage.check()
    with engine.begin() as c:
        c.execute(tenants.insert().values(id="owner"))
    made = await linked(storage)
    assert await storage.account(made.id) == made
    if engine.dialect.name != "sqlite":
        with engine.begin() as c:
            c.execute(text("DELETE FROM tenants"))
        assert await storage.account(made.id) is None
    await storage.aclose()


async def test_a_schema_of_its_own(postgres_database: Database, tmp_path: Path) -> None:
    """In a PostgreSQL schema of their own, beside the host's tables, they join the history as well."""
    engine = create_engine(postgres_database.url("psycopg"))
    with engine.begin() as c:
        c.execute(text("CREATE SCHEMA integrations"))
    metadata, _ = host()
    Tables(metadata, schema="integrations")
    folder = tmp_path / "migrations"
    config = history(folder, engine, metadata)
    scoped = ENVIRONMENT.replace("target_metadata", "include_schemas=True, target_metadata")
    (folder / "env.py").write_text(scoped, "utf-8")
    command.revision(config, "the hub", autogenerate=True)
    command.upgrade(config, "head")
    command.check(config)
    storage = SQLStorage(engine, schema="integrations")
    await storage.check()
    await linked(storage)
    await storage.aclose()
    engine.dispose()


MODELS = """
from sqlalchemy import String
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    pass


class Tenant(Base):
    __tablename__ = "tenants"
    id: Mapped[str] = mapped_column(String(255), primary_key=True)
"""


async def test_the_snippets_of_the_docs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """docs/storage.md: an `env.py` of these lines, in their order, makes the tables and the foreign key."""
    snippets = re.findall(r"```python\n(# in migrations/env\.py.*?)```", PAGE.read_text("utf-8"), re.S)
    assert len(snippets) == 2
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "models.py").write_text(MODELS, "utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    engine = create_engine(f"sqlite:///{tmp_path / 'host.db'}")
    folder = tmp_path / "migrations"
    config = history(folder, engine, MetaData())
    uses = ENVIRONMENT.replace('config.attributes["metadata"]', "target_metadata")
    (folder / "env.py").write_text("\n".join([*snippets, uses]), "utf-8")
    for run in (
        partial(command.revision, config, "the hub", autogenerate=True),
        partial(command.upgrade, config, "head"),
        partial(command.check, config),
    ):
        try:
            run()
        finally:
            for name in ("shop.models", "shop"):  # each time a process of its own would read them anew
                sys.modules.pop(name, None)
    (key,) = inspect(engine).get_foreign_keys("hub_accounts")
    assert (key["constrained_columns"], key["referred_table"]) == (["origin_owner_id"], "tenants")
    storage = SQLStorage(engine, prefix="hub_")
    await storage.check()
    await storage.aclose()
    engine.dispose()
