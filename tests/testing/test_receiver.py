"""The webhook receiver: verifies everything, answers by script, and lets tests wait without sleeping."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx2
import pytest

from connect_hub.clock import FixedClock
from connect_hub.secret import Secret
from connect_hub.testing.receiver import Answer, Delivery, WebhookReceiver
from connect_hub.testing.tally import Hold
from connect_hub.webhooks import generate_secret, sign

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECRET = generate_secret()


@pytest.fixture
def receiver() -> WebhookReceiver:
    return WebhookReceiver(secrets=[SECRET], clock=FixedClock(NOW))


@asynccontextmanager
async def sender(receiver: WebhookReceiver) -> AsyncIterator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=receiver)
    async with httpx2.AsyncClient(transport=transport, base_url="http://host.test") as client:
        yield client


def signed(
    message_id: str, event_type: str = "account.created", *, at: datetime = NOW, secret: Secret = SECRET
) -> tuple[bytes, dict[str, str]]:
    body = json.dumps({"type": event_type, "account_id": message_id}).encode()
    return body, sign(message_id=message_id, timestamp=at, body=body, secrets=[secret])


async def send(client: httpx2.AsyncClient, message_id: str, event_type: str = "account.created") -> int:
    body, headers = signed(message_id, event_type)
    return (await client.post("/hooks/1", content=body, headers=headers)).status_code


async def test_only_what_verifies_is_a_delivery(receiver: WebhookReceiver) -> None:
    """T47: forged, stale and unsigned requests are answered 401, recorded apart with the reason, and never
    counted as deliveries."""
    async with sender(receiver) as client:
        assert await send(client, "msg_1") == 204
        for body, headers in (
            signed("msg_2", secret=generate_secret()),
            signed("msg_2", at=NOW - timedelta(minutes=6)),
            (b"{}", {}),
        ):
            assert (await client.post("/", content=body, headers=headers)).status_code == 401
        assert (await client.get("/")).status_code == 405
        assert (await client.post("/", content=b"x" * 1_048_577)).status_code == 413
    (delivery,) = receiver.deliveries
    assert (delivery.id, delivery.type, delivery.at, delivery.path) == (
        "msg_1",
        "account.created",
        NOW,
        "/hooks/1",
    )
    assert delivery.event == json.loads(delivery.body)
    assert [refusal.reason for refusal in receiver.refusals] == ["signature", "timestamp", "headers"]


async def test_rotation(receiver: WebhookReceiver) -> None:
    """T48: a receiver that trusts the old and the new secret takes deliveries signed with either."""
    new = generate_secret()
    async with sender(receiver) as client:
        receiver.trust(SECRET, new)
        for secret in (SECRET, new):
            body, headers = signed("msg_1", secret=secret)
            assert (await client.post("/", content=body, headers=headers)).status_code == 204


async def test_answers_by_script(receiver: WebhookReceiver) -> None:
    """R4: answers go by type of event and in their order, so many times each, with their headers; the
    delivery is recorded whatever it is answered."""
    receiver.answer(Answer(status=503), event_type="account.created", times=2)
    receiver.answer(Answer(status=429, headers={"retry-after": "7"}), times=1)
    async with sender(receiver) as client:
        assert [await send(client, "msg_1") for _ in range(2)] == [503, 503]
        body, headers = signed("msg_2", "account.deleted")
        limited = await client.post("/", content=body, headers=headers)
        assert (limited.status_code, limited.headers["retry-after"]) == (429, "7")
        assert await send(client, "msg_1") == 204
        receiver.answer(Answer(status=500))
        assert await send(client, "msg_3") == 500
        receiver.clear_answers()
        assert await send(client, "msg_3") == 204
    assert [delivery.status for delivery in receiver.deliveries] == [503, 503, 429, 204, 500, 204]
    assert [event["account_id"] for event in receiver.events()] == ["msg_1", "msg_2", "msg_3"]
    assert [event["account_id"] for event in receiver.events("account.deleted")] == ["msg_2"]
    with pytest.raises(ValueError, match="times"):
        receiver.answer(Answer(), times=0)


async def test_a_slow_receiver(receiver: WebhookReceiver) -> None:
    """A held answer comes when it is released, although the delivery is there already."""
    hold = Hold()
    receiver.answer(Answer(status=200, hold=hold), times=1)
    async with sender(receiver) as client:
        task = asyncio.create_task(send(client, "msg_1"))
        await receiver.arrived()
        assert not task.done()
        hold.release()
        assert await task == 200


async def test_waiting(receiver: WebhookReceiver) -> None:
    """Waiting ends at the count, of one type or of all, and in vain with a TimeoutError that says how many
    came."""
    async with sender(receiver) as client:
        waiting = asyncio.create_task(receiver.arrived(2, event_type="account.deleted"))
        for number, kind in enumerate(["account.deleted", "account.created", "account.deleted"]):
            await asyncio.sleep(0)
            assert not waiting.done()
            await send(client, f"msg_{number}", kind)
        assert len(await waiting) == 3
        assert len(receiver.wait_for(3, timeout=0)) == 3
        with pytest.raises(TimeoutError, match="for 4, got 3"):
            await receiver.arrived(4, timeout=0.01)
        with pytest.raises(TimeoutError, match="for 2, got 1"):
            receiver.wait_for(2, timeout=0.01, event_type="account.created")


def test_served_with_a_hook() -> None:
    """Over a socket: the hook sees each delivery before the waiting test does, and `serve` ends cleanly with
    an answer still held."""
    seen: list[Delivery] = []
    receiver = WebhookReceiver(secrets=[SECRET], clock=FixedClock(NOW), on_delivery=seen.append)
    receiver.answer(Answer(hold=Hold()))
    statuses: list[int] = []

    def post(url: str) -> None:
        body, headers = signed("msg_1")
        statuses.append(httpx2.post(url, content=body, headers=headers, trust_env=False).status_code)

    with receiver.serve() as url:
        poster = threading.Thread(target=post, args=(f"{url}/hook",))
        poster.start()
        receiver.wait_for(1)
        assert [delivery.id for delivery in seen] == ["msg_1"]
    poster.join(5)
    assert statuses == [204]


def test_no_secret_in_a_repr(receiver: WebhookReceiver) -> None:
    """T46: neither the receiver nor a delivery shows secrets, headers or the body."""
    delivery = Delivery(
        id="msg_1",
        event={},
        type="",
        at=NOW,
        path="/",
        status=204,
        headers={"webhook-signature": "v1,c2ln"},
        body=b"canary",
    )
    shown = repr([receiver, delivery])
    assert SECRET.reveal() not in shown
    assert "c2ln" not in shown
    assert "canary" not in shown
