"""The `Dispatcher` port: who runs the hub's jobs."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

__all__ = ["Dispatcher", "Jobs"]


class Jobs(Protocol):
    """What a dispatcher runs: `hub.deliveries` is one."""

    async def claim(self) -> Sequence[Callable[[], Awaitable[None]]]:
        """Take what is due now and what there is room for; call each of these, at once and side by side.

        What was taken is nobody else's for a minute. A call ends with its outcome written down; it raises
        when that failed, and then the job comes again. Cancelled, it hands the job back. Room
        is free again when a call has ended. Empty: nothing is due, or there is no room.
        """
        ...


class Dispatcher(Protocol):
    """Runs due jobs until it is stopped. Any number of them may run at once, in any number of processes.

    One that hangs holds up no other while there is room. A fault of the database, or of a job, does not end
    it.
    """

    def start(self) -> None:
        """Begin on the running event loop, with what is due already. Idempotent."""
        ...

    def wake(self) -> None:
        """Say that a job has just become due. Cheap, from any thread; does nothing when not started.

        What falls due without a word is found within some seconds.
        """
        ...

    async def stop(self) -> None:
        """Take no more jobs, let those that run finish, and hand back at once what has not after 8 seconds.

        Returns within 10 seconds, also if a job does not let itself be cancelled. Idempotent.
        """
        ...
