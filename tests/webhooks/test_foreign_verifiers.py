"""What the hub posts is accepted by the verifiers that receivers install, unmodified: four packages, Node."""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime

import pytest
import standardwebhooks
import svix.webhooks

from connect_hub.clock import SystemClock
from connect_hub.config import Webhook
from connect_hub.flows.receivers import ConfiguredReceiver
from connect_hub.net import Answer, Limits
from connect_hub.net.answer import Headers
from connect_hub.secret import Secret
from connect_hub.storage.protocol import Delivery
from connect_hub.webhooks import generate_secret
from connect_hub.webhooks.delivery import post
from tests.peers.node import NodeProgram

BODIES = {
    "plain": b'{"type":"account.created","n":1.0}',
    "emoji": json.dumps({"name": "Zoë 🦊👩‍🚀"}, ensure_ascii=False).encode(),
    "U+2028": '{"name":"a\u2028b\u2029c"}'.encode(),
    "20 KB": json.dumps({"name": "ä" * 10_000}, ensure_ascii=False).encode(),
}

Verifier = Callable[[Secret, bytes, Mapping[str, str]], object]
"""The event, or an exception."""


class Refused(Exception):
    """What a verifier in Node said no with."""


@pytest.fixture(scope="module")
def node() -> Iterator[NodeProgram]:
    program = NodeProgram("tests/webhooks/verifiers.mjs")
    yield program
    program.close()


@pytest.fixture(params=["npm standardwebhooks", "npm svix", "PyPI standardwebhooks", "PyPI svix"])
def verifier(request: pytest.FixtureRequest, node: NodeProgram) -> Verifier:
    where, package = request.param.split(" ")
    return in_node(node, package) if where == "npm" else IN_PYTHON[package]


def in_node(node: NodeProgram, name: str) -> Verifier:
    def verify(secret: Secret, body: bytes, headers: Mapping[str, str]) -> object:
        text = base64.b64encode(body).decode()
        node.write({"verifier": name, "secret": secret.reveal(), "body": text, "headers": dict(headers)})
        answer = node.read()
        assert isinstance(answer, dict)
        if "refused" in answer:
            raise Refused(answer["refused"])
        return answer["event"]

    return verify


def _standardwebhooks(secret: Secret, body: bytes, headers: Mapping[str, str]) -> object:
    return standardwebhooks.Webhook(secret.reveal()).verify(body, dict(headers))


def _svix(secret: Secret, body: bytes, headers: Mapping[str, str]) -> object:
    svix.webhooks.Webhook(secret.reveal()).verify(body, dict(headers))  # returns nothing, or raises
    return json.loads(body)


IN_PYTHON: dict[str, Verifier] = {"standardwebhooks": _standardwebhooks, "svix": _svix}
REFUSALS = (Refused, standardwebhooks.WebhookVerificationError)


async def posted(body: bytes, *secrets: Secret) -> tuple[bytes, Mapping[str, str]]:
    """What the hub puts on the wire for an event with this body."""
    sent: list[tuple[bytes, Mapping[str, str]]] = []

    class Wire:
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
            assert isinstance(content, bytes)
            plain = {name: value for name, value in headers.items() if isinstance(value, str)}
            sent.append((content, plain))
            return Answer(204, Headers([]), b"")

    delivery = Delivery(
        id="dlv_1",
        event_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        event_name="account.created",
        project_id="default",
        record_id="acc_1",
        target="webhook:default/in",
        body=body,
        attempts=0,
        epoch=1,
        created_at=datetime(2026, 1, 2, tzinfo=UTC),
    )
    webhook = Webhook(url="https://hooks.test/in", secrets=secrets)
    outcome = await post(ConfiguredReceiver.of(webhook), delivery, transport=Wire(), clock=SystemClock())
    assert outcome.delivered
    [(content, headers)] = sent
    return content, headers


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
async def test_each_accepts_what_is_posted(verifier: Verifier, body: bytes) -> None:
    """T47: each verifier takes what is posted, awkward bodies too, and refuses one changed byte."""
    secret = generate_secret()
    content, headers = await posted(body, secret)
    assert content == body
    assert verifier(secret, content, headers) == json.loads(body)
    with pytest.raises(REFUSALS):
        verifier(secret, content.replace(b'"', b"'", 1), headers)


async def test_each_accepts_either_secret_during_a_rotation(verifier: Verifier) -> None:
    """T48: while an endpoint has two secrets, a receiver with either of them verifies, and no other."""
    new, old, foreign = generate_secret(), generate_secret(), generate_secret()
    content, headers = await posted(BODIES["emoji"], new, old)
    for secret in (new, old):
        assert verifier(secret, content, headers) == json.loads(content)
    with pytest.raises(REFUSALS):
        verifier(foreign, content, headers)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
async def test_stackones_header_is_what_node_computes(node: NodeProgram, body: bytes) -> None:
    """T47: `x-stackone-signature` equals createHmac("sha256", secret).update(body).digest("base64url"), with
    the newest secret as it is shown."""
    new, old = generate_secret(), generate_secret()
    content, headers = await posted(body, new, old)
    verify = in_node(node, "createHmac")
    assert verify(new, content, headers) == json.loads(body)
    with pytest.raises(Refused):
        verify(old, content, headers)
