"""No fork in the middle of a transaction on SQLite.

SQLite notes in the process's memory which locks it has on a file. A child that is forked meanwhile inherits
the note without the lock, and takes the file for locked, by itself, for as long as it lives
(https://www.sqlite.org/howtocorrupt.html, 2.6). So a fork waits until nothing of the hub's is under way.
"""

import logging
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

__all__ = ["no_fork_meanwhile", "say_if_forked_amid"]

log = logging.getLogger("connect_hub.storage")

_PATIENCE = 10.0
"""Seconds that a fork waits at most: what is under way may itself wait for the thread that forks."""


class _Gate:
    def __init__(self, *, forked_amid: bool = False) -> None:
        self.changed = threading.Condition()
        self.is_shut = False
        self.within: set[int] = set()
        """The threads that have a transaction under way."""
        self.forked_amid = forked_amid

    def shut(self) -> None:
        self.changed.acquire()
        self.is_shut = True
        mine = {threading.get_ident()}
        self.changed.wait_for(lambda: self.within <= mine, _PATIENCE)

    def open(self) -> None:
        self.is_shut = False
        self.changed.notify_all()
        self.changed.release()


_gate = _Gate()


@contextmanager
def no_fork_meanwhile() -> Iterator[None]:
    """Enter it around a transaction, in the thread that runs it."""
    gate, me = _gate, threading.get_ident()
    with gate.changed:
        gate.changed.wait_for(lambda: not gate.is_shut)
        gate.within.add(me)
    try:
        yield
    finally:
        with gate.changed:
            gate.within.discard(me)
            gate.changed.notify_all()


def say_if_forked_amid() -> None:
    """Tell the log why this process finds a file locked, if it was forked amid a transaction after all."""
    if _gate.forked_amid:
        _gate.forked_amid = False
        log.error(
            "storage: this process was forked in the middle of a transaction on SQLite, so it takes the file "
            "for locked as long as it lives. Do not fork inside a callback of the hub; start a new process."
        )


def _in_child() -> None:
    global _gate  # the parent's is locked by a thread that is not here
    _gate = _Gate(forked_amid=bool(_gate.within) or _gate.forked_amid)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(
        before=lambda: _gate.shut(), after_in_parent=lambda: _gate.open(), after_in_child=_in_child
    )
