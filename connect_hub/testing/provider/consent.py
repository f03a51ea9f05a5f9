"""Requests that wait for the person's decision, each bound to the browser that brought it."""

import secrets as randomness
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta
from hmac import compare_digest

from connect_hub.clock import Clock
from connect_hub.testing.provider.faults import Fault
from connect_hub.testing.provider.grants import AuthorizedRequest
from connect_hub.testing.provider.refusal import PageRefusal

__all__ = ["ConsentDesk"]

_PATIENCE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, repr=False)
class _Pending:
    request: AuthorizedRequest
    fault: Fault | None
    """Taken with the request, played with its answer."""
    browser: str
    expires_at: datetime


class ConsentDesk:
    """Without the binding, one person's page could be answered by a form in another's browser."""

    def __init__(self, *, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._pending: dict[str, _Pending] = {}

    def open(self, request: AuthorizedRequest, fault: Fault | None, browser: str) -> str:
        """Keep the request for ten minutes; the id to answer it by, once, from the same browser."""
        now = self._clock.now()
        request_id = randomness.token_urlsafe(24)
        with self._lock:
            self._pending = {key: one for key, one in self._pending.items() if one.expires_at > now}
            self._pending[request_id] = _Pending(request, fault, browser, now + _PATIENCE)
        return request_id

    def close(self, request_id: str, browser: str | None) -> tuple[AuthorizedRequest, Fault | None]:
        """The request, which is now answered. Raises PageRefusal; another browser does not use it up."""
        with self._lock:
            pending = self._pending.get(request_id)
            if pending is None or pending.expires_at <= self._clock.now():
                raise PageRefusal("This page was answered already, or was open for too long. Start again.")
            if browser is None or not compare_digest(browser.encode(), pending.browser.encode()):
                raise PageRefusal("This page belongs to another browser, or cookies are off.", 403)
            del self._pending[request_id]
            return pending.request, pending.fault
