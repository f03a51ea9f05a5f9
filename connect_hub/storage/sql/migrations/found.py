"""What a database has of the hub's tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Column, Connection, Table, inspect, text

from connect_hub.storage.sql.migrations.steps import STEPS
from connect_hub.storage.sql.migrations.versions import OLDEST, UPGRADING, VERSION, notes
from connect_hub.storage.sql.tables import SCHEMA_VERSION, Tables
from connect_hub.storage.sql.tables.columns import EXACT

__all__ = ["PADS", "Found", "collations_of", "exact_columns", "look"]

PADS = frozenset({"mysql", "mariadb"})
"""Dialects that leave spaces at the end out of a comparison, unless a column says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The tables that are there, by their full names, and what is noted of them."""

    columns: Mapping[str, frozenset[str]] = field(default_factory=dict)
    indexes: Mapping[str, frozenset[str]] = field(default_factory=dict)
    collations: Mapping[tuple[str, str], str] = field(default_factory=dict)
    """By table and column, on MariaDB and MySQL."""
    version: int | None = None
    """As it is noted; None where nothing is."""
    oldest: int | None = None
    upgrading: int | None = None
    """To which version an upgrade was begun that did not end."""

    @property
    def is_newer(self) -> bool:
        """Whether a newer release made these tables."""
        return self.version is not None and self.version > SCHEMA_VERSION

    @property
    def is_too_new(self) -> bool:
        """Whether it made them so that this release cannot work on them."""
        oldest = self.version if self.oldest is None else self.oldest
        return self.is_newer and oldest is not None and oldest > SCHEMA_VERSION

    def is_padded(self, column: "Column[Any]") -> bool:
        """Whether ids that differ by spaces at their end are one in this column."""
        collation = self.collations.get((column.table.name, column.name))
        return collation is not None and collation not in EXACT

    def missing_tables(self, t: Tables) -> tuple[str, ...]:
        """The hub's tables that are not there."""
        return tuple(table.name for table in t.all() if table.name not in self.columns)

    def missing(self, t: Tables) -> tuple[str, ...]:
        """What is not there, named: tables, columns and indexes."""
        lacks: list[str] = []
        for table in t.all():
            if table.name not in self.columns:
                lacks.append(f"table {table.name}")
                continue
            there = self.columns[table.name]
            lacks += [f"column {table.name}.{one.name}" for one in table.columns if one.name not in there]
            names = sorted(str(index.name) for index in table.indexes)
            lacks += [
                f"collation {table.name}.{one.name}" for one in exact_columns(t, table) if self.is_padded(one)
            ]
            lacks += [f"index {one}" for one in names if one not in self.indexes.get(table.name, ())]
        return tuple(lacks)

    def lost(self, t: Tables) -> dict[str, list[str]]:
        """By table: columns that are not there although no version added them, so that no upgrade will."""
        later = {
            (t.named(name).name, column)
            for step in STEPS
            for name, columns in step.columns.items()
            for column in columns
        }
        lost = {
            table.name: [
                column.name
                for column in table.columns
                if column.name not in self.columns[table.name] and (table.name, column.name) not in later
            ]
            for table in t.all()
            if table.name in self.columns
        }
        return {name: columns for name, columns in lost.items() if columns}

    def strangers(self, t: Tables) -> tuple[str, ...]:
        """Tables with a name of the hub's that have next to nothing in common with it."""
        lost = self.lost(t)
        return tuple(
            table.name for table in t.all() if len(lost.get(table.name, ())) * 2 > len(table.columns)
        )


def exact_columns(t: Tables, table: Table) -> list["Column[Any]"]:
    """Those of `table` in which an older release did not count spaces at the end."""
    old = {
        (t.named(name).name, column) for step in STEPS for name, old in step.exact.items() for column in old
    }
    return [column for column in table.columns if (table.name, column.name) in old]


def collations_of(c: Connection, t: Tables) -> dict[tuple[str, str], str]:
    """How the hub's columns of text are compared, by table and column; nothing but on MariaDB and MySQL."""
    if c.dialect.name not in PADS:
        return {}
    rows = c.execute(
        text(
            "SELECT table_name, column_name, collation_name FROM information_schema.columns "
            "WHERE table_schema = COALESCE(:schema, DATABASE()) AND collation_name IS NOT NULL"
        ),
        {"schema": t.meta.schema},
    )
    names = {table.name for table in t.all()}
    return {(table, column): collation for table, column, collation in rows if table in names}


def look(c: Connection, t: Tables) -> Found:
    """Read it. Changes nothing."""
    inspector = inspect(c)
    schema, names = t.meta.schema, [table.name for table in t.all()]
    there = set(inspector.get_table_names(schema=schema)).intersection(names)
    columns = {
        name: frozenset(one["name"] for one in inspector.get_columns(name, schema=schema)) for name in there
    }
    indexes = {
        name: frozenset(str(one["name"]) for one in inspector.get_indexes(name, schema=schema))
        for name in there
    }
    readable = {"name", "value"} <= columns.get(t.meta.name, frozenset())
    noted = notes(c, t) if readable else {}
    return Found(
        columns=columns,
        indexes=indexes,
        collations=collations_of(c, t),
        version=noted.get(VERSION),
        oldest=noted.get(OLDEST),
        upgrading=noted.get(UPGRADING),
    )
