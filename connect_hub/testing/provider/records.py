"""What a simulated server was asked: for assertions, in memory only."""

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

__all__ = ["RecordedRequest", "Records"]


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedRequest:
    """One request as it came. Secrets are in it, so its repr shows no more than where it went."""

    endpoint: str
    method: str
    path: str
    at: datetime
    query: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    """Names in lower case."""
    form: Mapping[str, str] = field(repr=False)


class Records:
    """Grows from the server's thread while tests read it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._requests: list[RecordedRequest] = []

    def add(self, request: RecordedRequest) -> None:
        with self._lock:
            self._requests.append(request)

    def all(self) -> tuple[RecordedRequest, ...]:
        with self._lock:
            return tuple(self._requests)

    def counts(self) -> Counter[str]:
        """Requests by endpoint; 0 for one that was not called."""
        return Counter(request.endpoint for request in self.all())

    def clear(self) -> None:
        with self._lock:
            self._requests.clear()
