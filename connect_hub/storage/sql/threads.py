"""The worker threads that statements run in when the host's engine is not asynchronous."""

import os
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

__all__ = ["WorkerThreads"]


class WorkerThreads:
    """Two small pools, made at first use in a process and made anew in a forked child.

    Reads have threads of their own, so that they go on while a write waits for a lock. `writers` None:
    reads and writes share the threads of the readers.
    """

    def __init__(self, *, readers: int, writers: int | None) -> None:
        self._readers = readers
        self._writers = writers
        self._start_afresh()
        _instances.add(self)

    def _start_afresh(self) -> None:
        self.preparing = threading.Lock()
        """Held while the one thing is done that comes before all else in a process."""
        self._lock = threading.Lock()
        self.process = os.getpid()
        self._pools: dict[bool, ThreadPoolExecutor] = {}

    def pool(self, *, writing: bool) -> ThreadPoolExecutor:
        key = writing and self._writers is not None
        try:
            return self._pools[key]
        except KeyError:
            with self._lock:
                if key not in self._pools:
                    size = self._readers if not key or self._writers is None else self._writers
                    self._pools[key] = ThreadPoolExecutor(size, thread_name_prefix="connect-hub-storage")
                return self._pools[key]

    def close(self) -> None:
        """Let the threads end when they have done what was begun; the next call makes new ones."""
        with self._lock:
            pools, self._pools = self._pools, {}
        for pool in pools.values():
            pool.shutdown(wait=False)


_instances: "weakref.WeakSet[WorkerThreads]" = weakref.WeakSet()


def _after_fork_in_child() -> None:
    # The parent's threads do not exist here, and one of them may have held the lock.
    for threads in list(_instances):
        threads._start_afresh()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork_in_child)
