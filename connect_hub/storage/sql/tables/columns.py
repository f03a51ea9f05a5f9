"""The types of columns, alike on every database.

Instants are whole milliseconds since 1970 as integers, so that every database compares and orders them alike
and none converts them. Hashes are hexadecimal text, structured values JSON text.
"""

from typing import Any, Protocol

from sqlalchemy import BigInteger, Column, LargeBinary, String, Table, Text
from sqlalchemy.dialects.mysql import LONGTEXT, MEDIUMBLOB, VARCHAR
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.schema import SchemaItem
from sqlalchemy.types import TypeEngine

__all__ = ["EXACT", "MakeTable", "blob", "exact", "instant", "key", "text"]

_EXACT, _EXACT_ON_MYSQL = "utf8mb4_nopad_bin", "utf8mb4_0900_bin"
EXACT = frozenset({_EXACT, _EXACT_ON_MYSQL})
"""The collations of MariaDB and MySQL in which every byte counts."""


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
    """Text of the hub's own that is compared byte by byte; MariaDB's and MySQL's default would fold case.

    These two leave spaces at its end out of a comparison: what somebody else chose is `exact`.
    """
    return String(length).with_variant(VARCHAR(length, collation="utf8mb4_bin"), "mysql", "mariadb")


def exact(length: int) -> TypeEngine[str]:
    """Text that somebody else chose, such as a customer's id: one more space at its end is another (T41)."""
    return String(length).with_variant(VARCHAR(length, collation=_EXACT), "mysql", "mariadb")


@compiles(VARCHAR, "mysql", "mariadb")
def _varchar(type_: VARCHAR, compiler: Any, **options: Any) -> str:
    """As SQLAlchemy has it; MySQL has the collation of `exact` under another name."""
    written: str = compiler.visit_VARCHAR(type_, **options)
    return written if compiler.dialect.is_mariadb else written.replace(_EXACT, _EXACT_ON_MYSQL)


def text() -> TypeEngine[str]:
    """Text of any length."""
    return Text().with_variant(LONGTEXT(), "mysql", "mariadb")


def blob() -> TypeEngine[bytes]:
    """Bytes, up to 16 MiB."""
    return LargeBinary().with_variant(MEDIUMBLOB(), "mysql", "mariadb")


def instant(name: str, *, nullable: bool = True) -> "Column[int]":
    """A column of instants."""
    return Column(name, BigInteger, nullable=nullable)
