"""`Pools`: one connection pool for each event loop and process."""

import os
import ssl
from asyncio import AbstractEventLoop, get_running_loop
from collections.abc import Callable
from weakref import WeakKeyDictionary

import httpcore2

__all__ = ["Pools"]

_MOST_CONNECTIONS = 100
_MOST_IDLE = 20
_IDLE_SECONDS = 1.5  # below the keep-alive of common servers (Gunicorn 2, Uvicorn, Node and Apache 5)

_Pair = tuple[httpcore2.AsyncConnectionPool, httpcore2.AsyncConnectionPool]
"""The one that keeps connections, and the one that keeps none."""


class Pools:
    """Hands out the pool of the running loop, made on first use.

    A connection belongs to the loop that opened it, and to the process: a forked child starts with no
    pools and never touches its parent's sockets. Without a lock on purpose: a loop only ever runs in one
    thread, and a lock held at the moment of a fork would stay locked in the child.
    """

    def __init__(self, *, backend: httpcore2.AsyncNetworkBackend, tls: Callable[[], ssl.SSLContext]) -> None:
        self._backend = backend
        self._tls = tls
        self._mine = _Generation()
        self._inherited: list[_Generation] = []

    def current(self, *, fresh: bool = False) -> httpcore2.AsyncConnectionPool:
        """The pool of the running loop; `fresh`: the one that keeps no connections, so that each is new."""
        loop, pools = get_running_loop(), self._of_this_process()
        pair = pools.get(loop)
        if pair is None:
            # A pool keeps its loop alive through its sockets, so weak keys alone would not let go of it.
            for closed in [each for each in list(pools) if each.is_closed()]:
                pools.pop(closed, None)
            tls = self._tls()
            pair = pools[loop] = self._made(tls, kept=_MOST_IDLE), self._made(tls, kept=0)
        return pair[fresh]

    def _made(self, tls: ssl.SSLContext, *, kept: int) -> httpcore2.AsyncConnectionPool:
        return httpcore2.AsyncConnectionPool(
            ssl_context=tls,
            max_connections=_MOST_CONNECTIONS,
            max_keepalive_connections=kept,
            keepalive_expiry=_IDLE_SECONDS,
            http1=True,
            http2=False,
            network_backend=self._backend,
        )

    async def aclose(self) -> None:
        """Close the connections of the running loop; the next request opens new ones."""
        for pool in self._of_this_process().pop(get_running_loop(), ()):
            await pool.aclose()

    def _of_this_process(self) -> "WeakKeyDictionary[AbstractEventLoop, _Pair]":
        mine = self._mine
        if mine.pid != os.getpid():
            self._inherited.append(mine)  # kept, not closed: these sockets are the parent's to close
            mine = self._mine = _Generation()
        return mine.pools


class _Generation:
    """The pools of one process."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.pools: WeakKeyDictionary[AbstractEventLoop, _Pair] = WeakKeyDictionary()
