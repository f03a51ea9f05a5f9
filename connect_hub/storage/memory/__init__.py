"""Storage in the memory of one process, for tests and demonstrations."""

from connect_hub.storage.memory.storage import MemoryStorage

__all__ = ["MemoryStorage"]
