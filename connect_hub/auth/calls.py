"""Calls to a provider, as values: how they are written, sent, and read when nothing came back.

A failed call is a value, not an exception, so that no traceback leads through a frame that holds a secret.
"""

import base64
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import quote_plus, urlencode

from connect_hub.errors import AnswerTooLarge, OutboundFailed, OutboundRefused
from connect_hub.net import Answer, Limits
from connect_hub.secret import Secret

__all__ = ["Call", "HttpSender", "Unreached", "basic", "client_basic", "send", "write_body"]

log = logging.getLogger("connect_hub.auth")


class HttpSender(Protocol):
    """The guarded way out: `connect_hub.net.Outbound`, or a fake in tests."""

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str | Secret] | None = None,
        content: bytes | Secret | None = None,
        limits: Limits | None = None,
    ) -> Answer:
        """The answer, whatever its status. Raises OutboundRefused, OutboundFailed or AnswerTooLarge."""
        ...


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request. Its repr shows neither headers nor body."""

    method: str
    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Unreached:
    """Why there is no answer: `timeout`, `connect`, `tls`, `dns`, `protocol`, `refused` or `too_large`."""

    reason: str


async def send(sender: HttpSender, call: Call) -> Answer | Unreached:
    """The answer to `call`, or why there is none."""
    try:
        return await sender.send(
            call.method,
            call.url,
            headers={name: Secret(value) for name, value in call.headers.items()},
            content=Secret(call.content) if call.content else None,
        )
    except OutboundFailed as error:
        return Unreached(error.reason)
    except OutboundRefused as error:
        # The customer reads a general sentence; what to change in the configuration stands here.
        log.warning("%s", error.message)
        return Unreached("refused")
    except AnswerTooLarge:
        return Unreached("too_large")


def write_body(form: str, body: Mapping[str, str] | None) -> tuple[dict[str, str], str]:
    """The Content-Type header and the text of `body`, as `form` or `json`; nothing at all for None."""
    if body is None:
        return {}, ""
    if form == "json":
        return {"Content-Type": "application/json"}, json.dumps(dict(body))
    return {"Content-Type": "application/x-www-form-urlencoded"}, urlencode(dict(body))


def basic(username: str, password: str) -> str:
    """The Authorization header of RFC 7617, in UTF-8. Raises ValueError for a user name with a colon."""
    if ":" in username:
        raise ValueError("a Basic user name cannot have a colon")
    return "Basic " + base64.b64encode(f"{username}:{password}".encode()).decode("ascii")


def client_basic(client_id: str, client_secret: str) -> str:
    """The Authorization header of an OAuth client: both parts form-encoded first (RFC 6749, 2.3.1)."""
    return basic(quote_plus(client_id), quote_plus(client_secret))
