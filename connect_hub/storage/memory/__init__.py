"""Storage over rows by their key: in the memory of one process, or in a place of your own."""

from connect_hub.storage.memory.shelves import Place
from connect_hub.storage.memory.storage import MemoryStorage, ShelfStorage

__all__ = ["MemoryStorage", "Place", "ShelfStorage"]
