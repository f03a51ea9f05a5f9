"""`ShelfStorage`: the storage ports over mappings; `MemoryStorage`: over dicts."""

from connect_hub.clock import Clock
from connect_hub.storage.memory.accounts import MemoryAccounts
from connect_hub.storage.memory.activity import MemoryActivity
from connect_hub.storage.memory.connectors import MemoryConnectors
from connect_hub.storage.memory.endpoints import MemoryEndpoints, MemoryEventLog
from connect_hub.storage.memory.figures import MemoryFigures
from connect_hub.storage.memory.operators import MemoryOperators
from connect_hub.storage.memory.sessions import MemorySessions, MemoryVisits
from connect_hub.storage.memory.shelves import Dicts
from connect_hub.storage.memory.triggers import MemoryTriggers
from connect_hub.storage.memory.upkeep import MemoryApiKeys, MemoryUpkeep

__all__ = ["MemoryStorage", "ShelfStorage"]


class ShelfStorage(
    MemorySessions,
    MemoryVisits,
    MemoryAccounts,
    MemoryEndpoints,
    MemoryConnectors,
    MemoryActivity,
    MemoryEventLog,
    MemoryTriggers,
    MemoryApiKeys,
    MemoryUpkeep,
    MemoryOperators,
    MemoryFigures,
):
    """The storage ports over any `Place` that keeps rows by their key, in transactions.

    It is as strict as SQL: each method is atomic, what it returns shares nothing with what it keeps, and
    it raises the same errors. Leases are compared with `clock`, by default the machine's. It cannot join a
    host's transaction, and callbacks inside a transaction get neither a connection nor a session. To find a
    row by anything but its key it reads the whole table.
    """


class MemoryStorage(ShelfStorage):
    """Keeps everything in this process, and loses it with the process: for tests and demonstrations."""

    def __init__(self, clock: Clock | None = None) -> None:
        super().__init__(Dicts(), clock)
