"""A session's own address for webhooks: it gets what is about the session, and nothing else."""

import json
import os
import textwrap
from pathlib import Path
from typing import Any

import pytest

from connect_hub import ConnectHub, HubConfig, KeyRing, MemoryStorage, NetworkConfig, Project, Secret
from connect_hub.errors import ConfigurationError, ValidationFailed
from connect_hub.keys import new_key_text
from connect_hub.net import Answer
from connect_hub.testing.storage.values import event
from connect_hub.webhooks import generate_secret, verify
from tests.customer import Customer
from tests.hubs import API_KEY, GOOD_KEY
from tests.net.wire import CountingDialler, ScriptedResolver
from tests.web.api import OWNER, Caller
from tests.webhooks.hooked import URL, Hooked, answer, hooked
from tests.webhooks.test_docs_webhooks import run, snippet

MINE = "https://hooks.test/mine"


def in_development(tmp_path: Path, **network: Any) -> tuple[Hooked, Secret]:
    secret = generate_secret()
    project = Project(api_keys=[Secret(API_KEY)], session_webhook_secret=secret)
    config = HubConfig(projects={"default": project}, network=NetworkConfig(**network))
    return hooked(tmp_path, config), secret


async def connect(on: Hooked, url: str) -> None:
    customer = Customer(on.made.hub)
    done = await customer.press(
        await customer.pick(url, "Acme Key"), "Connect Acme Key", {"f.api_key": GOOD_KEY}
    )
    assert done.status == 200


def told(on: Hooked, url: str) -> list[str]:
    return [json.loads(post.body)["event"] for post in on.hooks.posts if post.url == url]


async def test_a_sessions_own_address_gets_its_events_and_no_others(tmp_path: Path) -> None:
    """T47: everything about the session and the account connected through it, from the opened link to the
    deleted account, signed; what another session leads to goes to the project's alone."""
    on, secret = in_development(tmp_path)
    api = Caller(on.made.hub)
    await on.hub.endpoints.create(url=URL)
    mine = await api.created(webhook_url=MINE)
    other = await on.hub.links.create(origin_owner_id="other", origin_owner_name="Other")
    await connect(on, mine["auth_link_url"])
    await connect(on, other.url)
    for account in await on.hub.accounts.list():
        await on.hub.accounts.delete(account.id)
    await on.delivered()
    link = ["link.opened", "link.completed"]
    assert sorted(told(on, MINE)) == sorted([*link, "account.created", "account.deleted"])
    assert sorted(told(on, URL)) == ["account.created"] * 2 + ["account.deleted"] * 2
    for post in on.hooks.posts:
        if post.url == MINE:
            assert verify(post.body, post.headers, [secret], clock=on.made.clock)["origin_owner_id"] == "42"
    assert [one["url"] for one in (await api.get("webhook_endpoints")).json()] == [URL]
    assert MINE not in (await api.get(f"connect_sessions/{mine['id']}")).text


async def test_a_delivery_to_it_is_logged_and_can_be_sent_again(tmp_path: Path) -> None:
    """R5: like any other, under the event's id."""
    on, _ = in_development(tmp_path)
    link = await on.hub.links.create(**OWNER, webhook_url=MINE)
    await connect(on, link.url)
    await on.delivered()
    first, *_rest = await on.hub.events.deliveries()
    assert (await on.hub.events.delivery(first.id)).attempts[0].status == 204
    before = len(on.hooks.posts)
    await on.hub.events.resend(first.id)
    await on.delivered()
    assert on.hooks.posts[before].headers["webhook-id"] == first.event_id


async def test_the_same_request_makes_one_address(tmp_path: Path) -> None:
    """R15: an Idempotency-Key that is used again gives the session that is there; events go there once."""
    on, _ = in_development(tmp_path)
    api, key = Caller(on.made.hub), {"Idempotency-Key": "once"}
    body = {**OWNER, "webhook_url": MINE}
    first = await api.post("connect_sessions", body, headers=key)
    again = await api.post("connect_sessions", body, headers=key)
    assert first.json()["id"] == again.json()["id"]
    await connect(on, first.json()["auth_link_url"])
    await on.delivered()
    assert told(on, MINE).count("account.created") == 1


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://127.0.0.1:8080/in", "plain http is refused"),
        ("https://10.0.0.7/in", "10.0.0.7 is not on the public internet"),
        ("https://localhost/in", "localhost is not on the public internet"),
        ("https://a:b@hooks.test/in", "a user name or password"),
    ],
)
async def test_an_address_inside_is_refused(tmp_path: Path, url: str, said: str) -> None:
    """T23: what an endpoint may not be at, a session's may not either; the refusal names the field."""
    on, _ = in_development(tmp_path)
    refused = await Caller(on.made.hub).post("connect_sessions", {**OWNER, "webhook_url": url})
    assert refused.status_code == 400
    [detail] = refused.json()["details"]
    assert detail["field"] == "webhook_url"
    assert said in detail["message"]


async def test_a_project_without_the_secret_takes_no_address(tmp_path: Path) -> None:
    """T23: that is how production is configured. A secret that cannot sign is refused at once."""
    on = hooked(tmp_path)
    with pytest.raises(ValidationFailed, match=r"session_webhook_secret"):
        await on.hub.links.create(**OWNER, webhook_url=MINE)
    with pytest.raises(ConfigurationError, match=r"^project\.session_webhook_secret: it cannot sign"):
        Project(session_webhook_secret="whsec_short")


async def test_its_name_is_judged_at_each_delivery(monkeypatch: pytest.MonkeyPatch) -> None:
    """T23: a name that leads inside is not called, not even one that the operator allowed for their own."""
    dialler = CountingDialler()
    monkeypatch.setattr("httpcore2.AnyIOBackend", lambda: dialler)
    monkeypatch.setattr("connect_hub.net.outbound.SystemResolver", lambda: ScriptedResolver(["10.0.0.7"]))
    hub = ConnectHub(
        public_url="https://hub.test/connect",
        keys=KeyRing.from_text(new_key_text()),
        storage=MemoryStorage(),
        connectors=["bamboohr"],
        config=HubConfig(
            projects={"default": Project(session_webhook_secret=generate_secret())},
            network=NetworkConfig(allow_private_hosts=frozenset({"wiki.corp"})),
            dispatch=False,
        ),
    )
    link = await hub.links.create(
        origin_owner_id="42", origin_owner_name="Acme", webhook_url="https://wiki.corp/in"
    )
    await hub.storage.record([event(session_id=link.session.id, targets=())])
    assert await hub.deliveries.run_due() == 1
    [delivery] = await hub.events.deliveries()
    assert "not on the public internet" in str(delivery.last_error)
    assert dialler.dialled == []
    await hub.aclose()


async def test_the_page_shows_how(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The blocks of docs/webhooks.md: with that configuration that link is made, and its address called."""
    monkeypatch.setenv("SESSION_WEBHOOK_SECRET", generate_secret().reveal())
    names: dict[str, Any] = {
        "os": os,
        "HubConfig": HubConfig,
        "NetworkConfig": NetworkConfig,
        "Project": Project,
    }
    config: Any = run("block: session", **names)["config"]
    on = hooked(tmp_path, config)
    made: dict[str, Any] = {"hub": on.hub}
    block = textwrap.indent(snippet("block: link"), "    ")
    exec(f"async def block():\n{block}\n    return link", made)  # noqa: S102 - our own page
    link = await made["block"]()
    told = event(session_id=link.session.id, targets=(), created_at=on.made.clock.now())
    await on.hub.storage.record([told])
    posted: list[str] = []

    async def post(method: str, url: str, **rest: Any) -> Answer:
        posted.append(url)
        return answer(204)

    monkeypatch.setattr(on.hooks, "send", post)
    assert await on.delivered() == 1
    assert posted == ["http://127.0.0.1:8080/webhooks/connect"]
