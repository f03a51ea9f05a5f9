"""What a database has of the hub's tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, inspect

from connect_hub.storage.sql.migrations.steps import STEPS
from connect_hub.storage.sql.migrations.versions import OLDEST, UPGRADING, VERSION, notes
from connect_hub.storage.sql.tables import SCHEMA_VERSION, Tables

__all__ = ["Found", "look"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The tables that are there, by their full names, and what is noted of them."""

    columns: Mapping[str, frozenset[str]] = field(default_factory=dict)
    indexes: Mapping[str, frozenset[str]] = field(default_factory=dict)
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
        version=noted.get(VERSION),
        oldest=noted.get(OLDEST),
        upgrading=noted.get(UPGRADING),
    )
