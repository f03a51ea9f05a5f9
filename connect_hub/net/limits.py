"""`Limits`: how long and how much a remote server may answer."""

import math
from dataclasses import dataclass, fields

from connect_hub.errors import ConfigurationError

__all__ = ["CLIENT_LIMITS", "Limits"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one call. Raises ConfigurationError unless each is a positive number.

    The defaults are for calls that the hub makes by itself: tokens, tests, webhooks.
    """

    connect: float = 5.0
    """Seconds for the look-up and the connection together, and again for the TLS handshake."""
    read: float = 10.0
    """Seconds of silence while sending, and while waiting for the next bytes."""
    total: float = 20.0
    """Seconds for everything; a server that sends one byte now and then is cut off here."""
    max_bytes: int = 256 * 1024
    """Bytes of the answer's body."""
    cut: bool = False
    """True: of a longer body keep the first `max_bytes` and close the connection; False: AnswerTooLarge."""
    repeat: bool = False
    """True: where a connection that was kept from another request turns out to be closed, before a byte of an
    answer, send once more over a new one. For a POST that does no harm when it comes twice; a GET is repeated
    in any case (RFC 9110, 9.2.2)."""
    max_headers: int = 100
    """Number of the answer's header lines."""
    max_header_bytes: int = 32 * 1024
    """Bytes of the answer's header names and values together."""

    def __post_init__(self) -> None:
        for name in (each.name for each in fields(self) if each.type is not bool):
            value = getattr(self, name)
            whole = name.startswith("max_")
            if (
                isinstance(value, bool)
                or not isinstance(value, int if whole else (int, float))
                or not 0 < value < math.inf
            ):
                kind = "whole number" if whole else "number of seconds"
                raise ConfigurationError(f"{name}: {value!r} is not a limit; write a positive {kind}")


CLIENT_LIMITS = Limits(read=30.0, total=120.0, max_bytes=32 * 1024 * 1024)
"""The bounds of one call of a host's own client, which may fetch lists and files."""
