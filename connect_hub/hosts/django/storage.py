"""`DjangoStorage`: the hub's rows in one of the project's databases, on Django's own connections."""

from contextlib import AbstractContextManager

from connect_hub.hosts.django.connections import closing_connections
from connect_hub.hosts.django.transactions import DjangoTransactions
from connect_hub.storage.sql import SQLStorage, Tables

__all__ = ["DjangoStorage"]


class DjangoStorage(SQLStorage):
    """Keeps the hub's rows in `DATABASES[using]`; `manage.py migrate` makes the tables.

    It is the SQL storage, and its statements run on connections that Django opens, with the settings of
    DATABASES, in transactions that are Django's. A callback inside the transaction uses models as any view
    does, on the database `using`; `transaction.on_commit` works in it. Nothing is opened before first use.

    Raises ConfigurationError for an alias that DATABASES does not have, and for a database that is not
    supported.
    """

    has_own_migrations = True

    def __init__(self, using: str = "default") -> None:
        self.using = using
        self.tables = Tables()
        self._transactions = DjangoTransactions(using)
        self._own_file = None
        self._said = False

    @property
    def place(self) -> str:
        return f"DATABASES[{self.using!r}], {self.engine.dialect.name}"

    def surroundings(self) -> AbstractContextManager[None]:
        """Entered by the hub around every plain function of the host's: closes connections behind it."""
        return closing_connections()
