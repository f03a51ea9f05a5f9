"""What httpcore2 may log at DEBUG about the hub's own calls: the names of its steps, and no values.

Its records of HTTP/1.1 quote the header fields of answers, and errors that quote what came: cookies, and
what a receiver or a provider echoes of a secret.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

__all__ = ["ensure_quiet", "quiet"]

_calling: ContextVar[bool] = ContextVar("connect_hub_calling", default=False)
_log = logging.getLogger("httpcore2.http11")


def ensure_quiet() -> None:
    """Put the filter in place, once; calls that are not the hub's are logged as before."""
    _log.addFilter(_names_alone)


@contextmanager
def quiet() -> Iterator[None]:
    """What runs within is a call of the hub's."""
    token = _calling.set(True)
    try:
        yield
    finally:
        _calling.reset(token)


def _names_alone(record: logging.LogRecord) -> bool:
    if _calling.get():
        record.msg, record.args = record.getMessage().partition(" ")[0], None
    return True
