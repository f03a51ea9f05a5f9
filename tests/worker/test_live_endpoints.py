"""Webhooks over real sockets: an endpoint that fails in every manner, and gets its event all the same."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest
from standardwebhooks.webhooks import Webhook as StandardWebhook

from connect_hub import HubConfig, NetworkConfig, Project, Secret, Webhook
from connect_hub.net import Outbound, OutboundPolicy
from connect_hub.webhooks import delivery as delivery_module
from connect_hub.webhooks import generate_secret
from tests.hubs import API_KEY, Hub, deliver_by, make_hub
from tests.peers.loopback import Answer
from tests.peers.receiver import RawReceiver
from tests.worker.test_embedded import account_created

FAULTS: dict[str, Callable[[], Answer]] = {
    "cut off": lambda: Answer(drop=True),
    "500": lambda: Answer(status=500, body=b"<html>oops"),
    "404": lambda: Answer(status=404),
    "redirect": lambda: Answer(status=307, headers={"Location": "/elsewhere"}),
    "silent": lambda: Answer(after=Event()),
}


def with_receiver(tmp_path: Path, receiver: RawReceiver, secrets: list[Secret]) -> tuple[Hub, Outbound]:
    host = receiver.origin.removeprefix("http://")
    network = NetworkConfig(insecure_dev=True, allow_private_hosts=frozenset({host}))
    project = Project(api_keys=[Secret(API_KEY)], webhooks=[Webhook(url=receiver.url, secrets=secrets)])
    made = make_hub(tmp_path, config=HubConfig(projects={"default": project}, network=network))
    outbound = Outbound(policy=OutboundPolicy(allow_private_hosts=frozenset({host}), allow_http=True))
    deliver_by(made, outbound)
    return made, outbound


@pytest.mark.parametrize("fault", list(FAULTS))
async def test_failed_try_is_made_again_with_the_same_id(
    tmp_path: Path, receiver: RawReceiver, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """R2, R4, T23, T26: cut off, 4xx, 5xx, a redirect (not followed), or no answer
    counts as a failure; the same bytes come again under the same id with a new time, and
    both verify with each of two live secrets."""
    monkeypatch.setattr(delivery_module, "_LIMITS", replace(delivery_module._LIMITS, total=1.0))
    secrets = [generate_secret(), generate_secret()]
    made, outbound = with_receiver(tmp_path, receiver, secrets)
    await account_created(made)
    receiver.will_answer(FAULTS[fault]())
    assert await made.hub.deliveries.run_due() == 1
    made.clock.advance(timedelta(seconds=7))
    assert await made.hub.deliveries.run_due() == 1
    await outbound.aclose()
    first, second = receiver.requests
    assert first.path == second.path == "/webhooks"
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.headers["webhook-timestamp"] != second.headers["webhook-timestamp"]
    for request in (first, second):
        assert len(request.headers["webhook-signature"].split(" ")) == 2
    # A foreign verifier judges the form of the signature; the hub's clock stands in the past.
    for secret in secrets:
        verifier = StandardWebhook(secret.reveal())
        monkeypatch.setattr(verifier, "_Webhook__verify_timestamp", _accept)
        assert verifier.verify(second.body, dict(second.headers))["event"] == "account.created"


def _accept(timestamp: str) -> object:
    return datetime.fromtimestamp(float(timestamp), tz=UTC)


async def test_dead_endpoint_keeps_nobody_else_from_its_events(tmp_path: Path, receiver: RawReceiver) -> None:
    """R5, R20: an endpoint that nobody listens at fails by itself; another one gets its event in the same
    round."""
    host = receiver.origin.removeprefix("http://")
    network = NetworkConfig(insecure_dev=True, allow_private_hosts=frozenset({host, "127.0.0.1:9"}))
    webhooks = [
        Webhook(url="http://127.0.0.1:9/in", secrets=[generate_secret()]),
        Webhook(url=receiver.url, secrets=[generate_secret()]),
    ]
    project = Project(api_keys=[Secret(API_KEY)], webhooks=webhooks)
    made = make_hub(tmp_path, config=HubConfig(projects={"default": project}, network=network))
    outbound = Outbound(
        policy=OutboundPolicy(allow_private_hosts=network.allow_private_hosts, allow_http=True)
    )
    deliver_by(made, outbound)
    await account_created(made)
    assert await made.hub.deliveries.run_due() == 2
    await outbound.aclose()
    assert len(receiver.requests) == 1
