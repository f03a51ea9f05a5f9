"""`Transport`: the port through which the hub sends requests; `Outbound` is the real one."""

from collections.abc import Mapping
from typing import Protocol

from connect_hub.net.answer import Answer
from connect_hub.net.limits import Limits
from connect_hub.secret import Secret

__all__ = ["Transport"]


class Transport(Protocol):
    """Sends one request and reads its whole answer. A fake one in a test keeps the same contract."""

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str | Secret] | None = None,
        content: bytes | Secret | None = None,
        limits: Limits | None = None,
    ) -> Answer:
        """Send, never following a redirect, and return the answer, of any status.

        Raises OutboundRefused when policy forbids the call (nothing was sent, or the answer was not used),
        OutboundFailed with a `reason` when there is no whole answer, AnswerTooLarge past a limit. Messages
        name the origin and nothing else of the request.
        """
        ...
