"""The `Dispatcher` port: who runs the hub's jobs."""

from typing import Protocol

__all__ = ["Dispatcher"]


class Dispatcher(Protocol):
    """Runs due jobs until it is stopped. Any number of them may run at once, in any number of processes."""

    def start(self) -> None:
        """Begin on the running event loop. Idempotent."""
        ...

    def wake(self) -> None:
        """Say that a job has just become due. Cheap, from any thread; does nothing when not started."""
        ...

    async def stop(self) -> None:
        """Take no more jobs, let those that run finish within 10 seconds, then give up on them."""
        ...
