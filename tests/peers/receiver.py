"""A webhook receiver that keeps the exact bytes, judges nothing and answers by script.

For tests that bring a verifier of somebody else's, or answer as no receiver should;
`connect_hub.testing.receiver.WebhookReceiver` is the one that verifies.
"""

from collections import deque
from collections.abc import Iterator
from threading import Lock

import pytest

from tests.peers.loopback import Answer, LoopbackServer, Received

__all__ = ["RawReceiver"]


class RawReceiver(LoopbackServer):
    """Takes POSTs at any path; 204 unless the script says otherwise."""

    def __init__(self) -> None:
        self._script: deque[Answer] = deque()
        self._lock = Lock()
        super().__init__(self._next_answer)

    @property
    def url(self) -> str:
        """Where to deliver to."""
        return f"{self.origin}/webhooks"

    def will_answer(self, *answers: Answer) -> None:
        """Use these for the next requests, one each, in order; afterwards 204 again."""
        with self._lock:
            self._script.extend(answers)

    def _next_answer(self, request: Received) -> Answer:
        with self._lock:
            return self._script.popleft() if self._script else Answer(status=204)


@pytest.fixture
def receiver() -> Iterator[RawReceiver]:
    """A webhook receiver of this test alone: `url`, `requests`, `wait_for(n)`, `will_answer(…)`."""
    with RawReceiver() as listening:
        yield listening
