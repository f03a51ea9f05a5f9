"""`Resolver`: from a host name to its addresses. Asked once for each connection."""

import socket
from asyncio import AbstractEventLoop, get_running_loop
from collections.abc import Sequence
from functools import partial
from typing import Protocol
from weakref import WeakKeyDictionary

from anyio import CapacityLimiter, to_thread

__all__ = ["Resolver", "SystemResolver"]

_THREADS = 16


class Resolver(Protocol):
    """Finds the addresses of a host name."""

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        """Every A and AAAA answer, as text, in the order to be tried.

        Raises OSError (socket.gaierror is one) when there is none to be had.
        """
        ...


class SystemResolver:
    """The operating system's resolver, in threads of its own budget: at most 16 look-ups wait at once in a
    loop, so that slow name servers take no threads from the host application."""

    def __init__(self) -> None:
        self._budgets: WeakKeyDictionary[AbstractEventLoop, CapacityLimiter] = WeakKeyDictionary()

    async def resolve(self, host: str, port: int) -> Sequence[str]:
        budget = self._budgets.setdefault(get_running_loop(), CapacityLimiter(_THREADS))
        look_up = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP)
        answers = await to_thread.run_sync(look_up, abandon_on_cancel=True, limiter=budget)
        return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in answers))
