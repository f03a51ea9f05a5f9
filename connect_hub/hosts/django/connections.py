"""Django's connections in threads that are not Django's own."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connections

__all__ = ["closing_connections"]


@contextmanager
def closing_connections() -> Iterator[None]:
    """Close what was opened within, in this thread: no request ends here after which Django would.

    A connection in a transaction stays, for whoever began it.
    """
    try:
        yield
    finally:
        for wrapper in connections.all(initialized_only=True):
            if not wrapper.in_atomic_block:
                wrapper.close()
