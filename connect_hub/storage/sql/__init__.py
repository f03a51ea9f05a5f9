"""Storage in a SQL database, through SQLAlchemy."""

from connect_hub.storage.sql.storage import SQLStorage
from connect_hub.storage.sql.tables import Tables

__all__ = ["SQLStorage", "Tables"]
