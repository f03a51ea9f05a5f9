"""`Tally`: a count that threads and tasks can wait for; and `Hold`, which stops a caller until released."""

import asyncio
import threading
from concurrent.futures import Future

__all__ = ["Hold", "Tally"]


class Tally:
    """Counts up. Any thread adds; any thread, and any task of any event loop, waits without polling."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._count = 0
        self._waiting: list[tuple[int, Future[None]]] = []

    @property
    def count(self) -> int:
        return self._count

    def add(self) -> None:
        with self._changed:
            self._count += 1
            due = [future for wanted, future in self._waiting if wanted <= self._count]
            self._waiting = [waiter for waiter in self._waiting if waiter[0] > self._count]
            self._changed.notify_all()
        for future in due:
            # False for a waiter that gave up in the meantime.
            if future.set_running_or_notify_cancel():
                future.set_result(None)

    def wait(self, count: int, timeout: float | None) -> None:
        """Block until `count` is reached. Raises TimeoutError after `timeout` seconds."""
        with self._changed:
            if not self._changed.wait_for(lambda: self._count >= count, timeout):
                raise self._too_late(count, timeout)

    async def reached(self, count: int, timeout: float | None) -> None:  # noqa: ASYNC109 - as `wait` has it
        """Wait until `count` is reached. Raises TimeoutError after `timeout` seconds."""
        future: Future[None] = Future()
        with self._changed:
            if self._count >= count:
                return
            waiter = (count, future)
            self._waiting.append(waiter)
        try:
            await asyncio.wait_for(asyncio.wrap_future(future), timeout)
        except TimeoutError:
            raise self._too_late(count, timeout) from None
        finally:
            with self._changed:
                if waiter in self._waiting:
                    self._waiting.remove(waiter)

    def _too_late(self, count: int, timeout: float | None) -> TimeoutError:
        return TimeoutError(f"waited {timeout} s for {count}, got {self._count}")


class Hold:
    """Makes a server slow for exactly as long as a test wants: requests stop at it until `release()`.

    >>> hold = provider.faults.hold("token")            # doctest: +SKIP
    >>> call = asyncio.create_task(hub.…)               # doctest: +SKIP
    >>> await hold.arrived()                            # doctest: +SKIP
    >>> hold.release()                                  # doctest: +SKIP
    """

    def __init__(self) -> None:
        self._arrivals = Tally()
        self._gate = Tally()

    @property
    def released(self) -> bool:
        return self._gate.count > 0

    @property
    def arrivals(self) -> int:
        """How many requests came to this point so far."""
        return self._arrivals.count

    async def stop_here(self) -> None:
        """What the server awaits."""
        self._arrivals.add()
        await self._gate.reached(1, None)

    def release(self) -> None:
        """Let everybody go on, now and later. From any thread."""
        self._gate.add()

    def wait_arrived(self, count: int = 1, timeout: float = 5.0) -> None:
        """Block until `count` requests stand here. Raises TimeoutError after `timeout` seconds."""
        self._arrivals.wait(count, timeout)

    async def arrived(self, count: int = 1, timeout: float = 5.0) -> None:  # noqa: ASYNC109 - as its twin
        """`wait_arrived` for a task."""
        await self._arrivals.reached(count, timeout)
