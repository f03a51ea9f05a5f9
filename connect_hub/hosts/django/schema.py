"""The hub's tables in Django's words, derived from `connect_hub.storage.sql.tables`: said once."""

from collections.abc import Iterator
from typing import Any

from django.db import models, router
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ModelState
from sqlalchemy import BigInteger, Boolean, Column, Connection, Integer, LargeBinary, String, Table
from sqlalchemy.schema import DropTable

from connect_hub.hosts.django.lending import on_lent
from connect_hub.storage.sql.migrations import look, upgrade
from connect_hub.storage.sql.tables import Tables

__all__ = ["UpgradeTables", "described"]

_NAMES = {
    "meta": "Note",
    "idempotency": "Idempotency",
    "oauth_states": "OAuthState",
    "audit": "AuditEntry",
}
"""Where a model's name is not its table's, in the singular."""


def described() -> Iterator[tuple[str, dict[str, Any], dict[str, Any]]]:
    """For each table: the name of its model, its fields and its options. Django never makes or alters it."""
    tables = Tables()
    for table in tables.all():
        short = table.name.removeprefix(tables.prefix)
        name = _NAMES.get(short, "".join(part.capitalize() for part in _singular(short).split("_")))
        yield name, _fields(table), {"managed": False, "db_table": table.name}


def _singular(name: str) -> str:
    return f"{name[:-3]}y" if name.endswith("ies") else name.removesuffix("s")


def _fields(table: Table) -> dict[str, Any]:
    key = [column.name for column in table.primary_key]
    alone = key[0] if len(key) == 1 else None
    fields = {column.name: _field(column, primary_key=column.name == alone) for column in table.columns}
    return fields if alone else {"pk": models.CompositePrimaryKey(*key), **fields}


def _field(column: "Column[Any]", *, primary_key: bool) -> Any:
    options: dict[str, Any] = {"primary_key": True} if primary_key else {"null": bool(column.nullable)}
    made = column.type
    kinds = (
        (Boolean, models.BooleanField),
        (LargeBinary, models.BinaryField),
        (BigInteger, models.BigIntegerField),
        (Integer, models.IntegerField),
    )
    for kind, field in kinds:
        if isinstance(made, kind):
            return field(**options)
    length = made.length if isinstance(made, String) else None
    return models.TextField(**options) if length is None else models.CharField(max_length=length, **options)


class UpgradeTables(Operation):
    """What a migration of the hub's does: the same that `connect-hub db upgrade` does, on Django's
    connection.

    `version` is that of the schema, for whoever reads the migration. Unapplied, the first one drops the
    tables, and a later one nothing: versions only add, and the release before works on what they added.
    """

    reduces_to_sql = False
    reversible = True

    def __init__(self, version: int, *, is_first: bool = False) -> None:
        self.version = version
        self.is_first = is_first

    def state_forwards(self, app_label: str, state: Any) -> None:
        for name, fields, options in described():
            state.add_model(ModelState(app_label, name, list(fields.items()), options))

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if router.allow_migrate(schema_editor.connection.alias, app_label):
            on_lent(schema_editor.connection, lambda connection: upgrade(connection, Tables(), joins=True))

    def database_backwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        if self.is_first and router.allow_migrate(schema_editor.connection.alias, app_label):
            on_lent(schema_editor.connection, _drop)

    def describe(self) -> str:
        return f"The hub's tables, in version {self.version}"


def _drop(connection: Connection) -> None:
    tables = Tables()
    there = look(connection, tables).columns
    for table in reversed(tables.all()):
        if table.name in there:
            connection.execute(DropTable(table))
