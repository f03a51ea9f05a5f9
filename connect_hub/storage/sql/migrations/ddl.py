"""The statements that make the tables, and that bring older ones up to date."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Index, Table, delete, insert, literal, literal_column, make_url
from sqlalchemy.engine import Dialect
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import CreateIndex, CreateTable, ExecutableDDLElement

from connect_hub.storage.sql.migrations.found import PADS, Found
from connect_hub.storage.sql.migrations.steps import STEPS
from connect_hub.storage.sql.migrations.versions import OLDEST, VERSION
from connect_hub.storage.sql.tables import OLDEST_VERSION, SCHEMA_VERSION, Tables

__all__ = ["Operation", "operations", "statements"]


class AddColumn(ExecutableDDLElement):
    """ALTER TABLE … ADD COLUMN."""

    def __init__(self, column: "Column[Any]") -> None:
        self.column = column


@compiles(AddColumn)
def _add_column(element: AddColumn, compiler: Any, **_options: object) -> str:
    table = compiler.preparer.format_table(element.column.table)
    return f"ALTER TABLE {table} ADD COLUMN {compiler.get_column_specification(element.column)}"


class ModifyColumn(ExecutableDDLElement):
    """ALTER TABLE … MODIFY, of MariaDB and MySQL."""

    def __init__(self, column: "Column[Any]") -> None:
        self.column = column


@compiles(ModifyColumn)
def _modify_column(element: ModifyColumn, compiler: Any, **_options: object) -> str:
    table = compiler.preparer.format_table(element.column.table)
    return f"ALTER TABLE {table} MODIFY {compiler.get_column_specification(element.column)}"


@dataclass(frozen=True, slots=True)
class Operation:
    """One statement, and what it makes."""

    made: "Table | Column[Any] | Index"
    ddl: ExecutableDDLElement

    def is_done(self, found: Found) -> bool:
        """Whether what it makes is there."""
        if isinstance(self.made, Table):
            return self.made.name in found.columns
        if isinstance(self.ddl, ModifyColumn):
            return not found.is_padded(self.ddl.column)
        table = self.made.table
        assert isinstance(table, Table)
        there = found.columns if isinstance(self.made, Column) else found.indexes
        return self.made.name in there.get(table.name, ())

    def __str__(self) -> str:
        if isinstance(self.made, Table):
            return f"created {self.made.name}"
        if isinstance(self.ddl, ModifyColumn):
            return f"made {self.ddl.column.table.name}.{self.ddl.column.name} exact"
        if isinstance(self.made, Column):
            return f"added {self.made.table.name}.{self.made.name}"
        return f"indexed {self.made.name}"


def operations(t: Tables, dialect: str, *, since: int | None = None) -> list[Operation]:
    """What makes the tables of `since` those of today, in order; from 0 on, what makes them all.

    None: everything that any version added, for a database of which it is not known what it has.
    """
    made: set[str] = set()
    columns: list[Column[Any]] = []
    indexes: list[Index] = []
    exact: list[Column[Any]] = []
    for step in STEPS:
        if since is not None and (step.version <= since or since == 0):
            continue
        made |= {t.named(name).name for name in step.tables}
        columns += [t.named(name).c[one] for name, new in step.columns.items() for one in new]
        if dialect in PADS:
            exact += [t.named(name).c[one] for name, old in step.exact.items() for one in old]
        for name, new in step.indexes.items():
            table = t.named(name)
            wanted = {f"{table.name}_{one}_ix" for one in new}
            indexes += [index for index in _indexes(table) if index.name in wanted]
    # Where it is known what there is, a table that was not there comes as it is today.
    created = set() if since is None else made
    tables = t.all() if not since else [table for table in t.all() if table.name in made]
    indexes += [index for table in tables for index in _indexes(table) if index not in indexes]
    return [
        *(Operation(table, CreateTable(table)) for table in tables),
        *(Operation(column, AddColumn(column)) for column in columns),
        *(Operation(column, ModifyColumn(column)) for column in exact if column.table.name not in created),
        *(Operation(index, CreateIndex(index)) for index in indexes),
    ]


def _indexes(table: Table) -> list[Index]:
    return sorted(table.indexes, key=lambda index: str(index.name))


def statements(t: Tables, dialect: str, *, since: int = 0) -> Iterator[str]:
    """The SQL for `dialect` that turns the schema of version `since` into today's; 0 is an empty database.

    To be run by hand, in order. The last ones note the version.
    """
    spoken: Dialect = make_url(f"{dialect}://").get_dialect()()
    for operation in operations(t, dialect, since=since):
        yield str(operation.ddl.compile(dialect=spoken)).strip()
    m = t.meta.c
    yield str(
        delete(t.meta)
        .where(m.name.in_([VERSION, OLDEST]))
        .compile(dialect=spoken, compile_kwargs={"literal_binds": True})
    )
    for name, number in ((VERSION, SCHEMA_VERSION), (OLDEST, OLDEST_VERSION)):
        digits = str(number).encode().hex()
        value: ColumnElement[bytes] = literal_column(
            f"'\\x{digits}'" if dialect == "postgresql" else f"X'{digits}'"
        )
        yield str(
            insert(t.meta)
            .values(name=literal(name), value=value)
            .compile(dialect=spoken, compile_kwargs={"literal_binds": True})
        )
