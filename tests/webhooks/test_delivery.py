"""What an endpoint's answer means for the delivery."""

import base64
import html
import json
import random
import tracemalloc
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import quote, quote_plus

import pytest

from connect_hub import Webhook
from connect_hub.clock import FixedClock
from connect_hub.flows.receivers import ConfiguredReceiver
from connect_hub.net import Answer, Headers, Limits
from connect_hub.secret import Secret
from connect_hub.storage.protocol import DeliveryState
from connect_hub.webhooks import delivery as delivery_module
from connect_hub.webhooks.delivery import Outcome, next_try, post
from connect_hub.webhooks.signing import generate_secret
from tests.net.test_hostile_answers import BOMB, cut_short, drip, endless, reset, silent
from tests.net.wire import Conversation, outbound_to, peer

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
DELIVERY: Any = SimpleNamespace(event_id="evt_1", body=b"{}")
LARGE = b"x" * 100_000


def head(status: int, *lines: str) -> bytes:
    return "\r\n".join([f"HTTP/1.1 {status} X", *lines, "", ""]).encode()


async def posted(answer: bytes | Conversation) -> Outcome:
    async with peer(answer) as server, outbound_to(server) as outbound:
        webhook = Webhook(url=server.url, secrets=[generate_secret()])
        return await post(ConfiguredReceiver.of(webhook), DELIVERY, transport=outbound, clock=FixedClock(NOW))


def after(outcome: Outcome) -> DeliveryState:
    return next_try(outcome, attempts=1, now=NOW, random_source=random.Random(1))[0]


@pytest.mark.parametrize("status", [200, 202, 500])
@pytest.mark.parametrize("chunked", [False, True])
async def test_the_status_counts_however_long_the_answer_is(status: int, chunked: bool) -> None:
    """T26: of an answer past 16 KiB no more is read; a 2xx is delivered and not sent again, a 500 is not."""
    if chunked:
        answer = head(status, "Transfer-Encoding: chunked") + b"186a0\r\n" + LARGE + b"\r\n0\r\n\r\n"
    else:
        answer = head(status, f"Content-Length: {len(LARGE)}") + LARGE
    outcome = await posted(answer)
    assert outcome == (Outcome(True) if status < 300 else Outcome(False, "answered 500"))
    assert after(outcome) is (DeliveryState.DELIVERED if status < 300 else DeliveryState.PENDING)


async def test_an_endpoint_that_is_gone_is_not_tried_again() -> None:
    """T26, R4: 410 ends the delivery at its first try, with the reason for the operator; 404 does not."""
    gone = await posted(head(410, "Content-Length: 0"))
    assert (after(gone), gone.error) == (DeliveryState.DEAD, "answered 410")
    missing = await posted(head(404, "Content-Length: 0"))
    assert (after(missing), missing.error) == (DeliveryState.PENDING, "answered 404")


HOSTILE: dict[str, tuple[bytes | Conversation, Outcome]] = {
    "hangs": (silent, Outcome(False, "no answer: timeout")),
    "drips": (drip, Outcome(False, "no answer: timeout")),
    "endless": (endless, Outcome(True)),
    "announces a gigabyte": (head(500, "Content-Length: 1000000000"), Outcome(False, "no answer: timeout")),
    "compresses a bomb": (
        head(200, "Content-Encoding: gzip", f"Content-Length: {len(BOMB)}") + BOMB,
        Outcome(False, "no answer: protocol"),
    ),
    "closes half-way": (cut_short, Outcome(False, "no answer: protocol")),
    "resets": (reset, Outcome(False, "no answer: connect")),
}


@pytest.mark.parametrize("kind", HOSTILE)
async def test_a_hostile_receiver_ends_its_own_try_alone(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """T26: whatever a receiver does with its answer, the try ends within its total limit, small in memory,
    with an outcome that is written down."""
    answer, expected = HOSTILE[kind]
    if "timeout" in (expected.error or ""):
        monkeypatch.setattr(delivery_module, "_LIMITS", replace(delivery_module._LIMITS, total=1.0))
    tracemalloc.start()
    try:
        outcome = await posted(answer)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert outcome == expected
    assert most < 8 * 1024 * 1024


GATE = {
    "Authorization": Secret("Bearer gate+token/0123456789"),
    "X-Gate": Secret('quoted "password" & more'),
    "X-Basic": Secret("Basic " + base64.b64encode(b"ada:basic-password").decode()),
    "X-Stage": Secret("on"),
}
ECHOES: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "JSON": json.dumps,
    "JSON of PHP": lambda text: json.dumps(text).replace("/", "\\/"),
    "JSON of .NET": lambda text: text.replace("+", "\\u002B").replace('"', "\\u0022").replace("&", "\\u0026"),
    "HTML": html.escape,
    "a URL": lambda text: quote(text, safe=""),
    "a form": quote_plus,
    "decoded": lambda text: base64.b64decode(text[6:]).decode() if text.startswith("Basic ") else text,
}


@dataclass
class Echo:
    """Answers with what it got, after so many other bytes."""

    spelled: Callable[[str], str]
    before: int
    got: list[str] = field(default_factory=list)

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str | Secret] | None = None,
        content: bytes | Secret | None = None,
        limits: Limits | None = None,
    ) -> Answer:
        assert headers is not None
        assert limits is not None
        self.got = [value.reveal() if isinstance(value, Secret) else value for value in headers.values()]
        self.got.append(url.removeprefix("https://echo.test"))
        echo = " ".join(map(self.spelled, self.got))
        lines = [(b"Location", b"/?" + quote(" ".join(self.got)).encode()), (b"X-Request-Id", echo.encode())]
        return Answer(200, Headers(lines), (b"-" * self.before + echo.encode())[: limits.max_bytes])


@pytest.mark.parametrize("spelling", ECHOES)
@pytest.mark.parametrize("before", [0, 16 * 1024 - 20])
async def test_an_echo_shows_no_secret_of_what_it_was_sent(spelling: str, before: int) -> None:
    """T46: a receiver that prints what it got into its answer puts neither the endpoint's own header values,
    nor a signature, nor what its address has behind its host into the log, also not the beginning of one
    where the answer is cut."""
    url = "https://echo.test/services/T0001/B0001/canary?k=quark"
    webhook = Webhook(url=url, secrets=[generate_secret(), generate_secret()], headers=GATE)
    echo = Echo(ECHOES[spelling], before)
    outcome = await post(ConfiguredReceiver.of(webhook), DELIVERY, transport=echo, clock=FixedClock(NOW))
    logged = outcome.attempt
    assert logged is not None
    shown = logged.response_body.decode() + "".join(logged.response_headers.values())
    signatures = next(value for value in echo.got if value.startswith("v1,")).split()
    words = [
        "gate",
        "0123456789",
        "quoted",
        "password",
        "ada:",
        "canary",
        "quark",
        *(one[3:9] for one in signatures),
    ]
    assert [word for word in words if word in shown] == []
    assert len(logged.response_body) <= 16 * 1024
    assert b"(not shown)" in logged.response_body
    if before == 0:
        assert "evt_1" in shown


async def test_a_part_of_an_address_is_not_shown() -> None:
    """T46: a receiver that tells of its route and its parameters one by one shows none that may be a secret,
    percent-encoded or not; a mere word stays."""
    url = "https://echo.test/hooks/T0PATH-0001/caf%C3%A9-0001/onlyletterssecret?token=q7%2FSecret1&page=2"
    secrets = (
        "T0PATH-0001",
        "caf\u00e9-0001",
        "caf%C3%A9-0001",
        "onlyletterssecret",
        "q7/Secret1",
        "q7%2FSecret1",
    )
    webhook = Webhook(url=url, secrets=[generate_secret()])

    class Parsing(Echo):
        async def send(self, *args: Any, **kwargs: Any) -> Answer:
            told = "route hooks, page 2, " + " ".join(secrets)
            return Answer(200, Headers([(b"Content-Type", b"text/plain")]), told.encode())

    outcome = await post(
        ConfiguredReceiver.of(webhook), DELIVERY, transport=Parsing(str, 0), clock=FixedClock(NOW)
    )
    assert outcome.attempt is not None
    shown = outcome.attempt.response_body.decode()
    assert shown.startswith("route hooks, page 2, ")
    assert [secret for secret in secrets if secret in shown] == []


async def test_a_masked_header_is_cut_anywhere() -> None:
    """T46: what is masked grows, and the cut may fall into a character; the try is logged all the same."""
    webhook = Webhook(url="https://echo.test", secrets=[generate_secret()], headers={"X-Gate": "gate"})

    class Telling(Echo):
        async def send(self, *args: Any, **kwargs: Any) -> Answer:
            return Answer(200, Headers([(b"Server", b"gate" * 9 + "\u00e9".encode() * 41)]), b"")

    telling = Telling(str, 0)
    outcome = await post(ConfiguredReceiver.of(webhook), DELIVERY, transport=telling, clock=FixedClock(NOW))
    assert outcome.delivered
    assert outcome.attempt is not None
    assert outcome.attempt.response_headers["server"].startswith("(not shown)")


def test_it_waits_for_an_answer_as_long_as_the_documentation_says() -> None:
    """R4: 15 seconds in all, also for a receiver that says nothing at all meanwhile."""
    limits = delivery_module._LIMITS
    assert (limits.read, limits.total) == (15.0, 15.0)
    documented = (Path(__file__).parents[2] / "docs" / "webhooks.md").read_text()
    assert "no answer within 15 seconds" in documented
