"""The types of columns, alike on every database.

Instants are whole milliseconds since 1970 as integers, so that every database compares and orders them alike
and none converts them. Hashes are hexadecimal text, structured values JSON text.
"""

from typing import Protocol

from sqlalchemy import BigInteger, Column, LargeBinary, String, Table, Text
from sqlalchemy.dialects.mysql import LONGTEXT, MEDIUMBLOB, VARCHAR
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

__all__ = ["MakeTable", "blob", "instant", "key", "text"]


class MakeTable(Protocol):
    """Makes a table of the hub's; what it is given names columns, and the parts of names that follow the
    table's."""

    def __call__(
        self,
        name: str,
        /,
        *columns: SchemaItem,
        unique: dict[str, tuple[str, ...]] | None = None,
        indexes: dict[str, tuple[str, ...]] | None = None,
    ) -> Table: ...


def key(length: int) -> TypeEngine[str]:
    """Text that is compared byte by byte; MariaDB's and MySQL's default would fold case."""
    return String(length).with_variant(VARCHAR(length, collation="utf8mb4_bin"), "mysql", "mariadb")


def text() -> TypeEngine[str]:
    """Text of any length."""
    return Text().with_variant(LONGTEXT(), "mysql", "mariadb")


def blob() -> TypeEngine[bytes]:
    """Bytes, up to 16 MiB."""
    return LargeBinary().with_variant(MEDIUMBLOB(), "mysql", "mariadb")


def instant(name: str, *, nullable: bool = True) -> "Column[int]":
    """A column of instants."""
    return Column(name, BigInteger, nullable=nullable)
