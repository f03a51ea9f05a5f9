"""Endpoints of the database: who gets what, signed with which secrets, and what their failures come to."""

import asyncio
import json
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpcore2
import pytest
from sqlalchemy import text

from connect_hub import ConnectHub, HubConfig, MemoryStorage, NetworkConfig, Project, Webhook
from connect_hub.errors import (
    EndpointDisabled,
    EndpointNotFound,
    EndpointReadOnly,
    LimitReached,
    ValidationFailed,
    WebhookInvalid,
)
from connect_hub.flows import event_history
from connect_hub.flows.endpoints import MOST_ENDPOINTS
from connect_hub.keys import KeyRing, new_key_text
from connect_hub.net import outbound as outbound_module
from connect_hub.net.outbound import Outbound
from connect_hub.storage.protocol import DeliveryState
from connect_hub.testing.storage.values import event
from connect_hub.webhooks import generate_secret, verify
from connect_hub.webhooks.delivery import SCHEDULE
from tests.hubs import deliver_by
from tests.net.wire import CountingDialler, ScriptedResolver
from tests.web.api import linked
from tests.webhooks.hooked import URL, Hooked, answer, hooked

HOUR = timedelta(hours=1)


async def made_event(on: Hooked, owner: str = "42") -> str:
    """One `account.created`; the account's id."""
    return await linked(on.made, owner)


async def something(on: Hooked) -> None:
    """An event of an account of its own, written without the way that leads there."""
    number = next(on.numbers)
    told = event(
        name="account.created",
        record_id=f"acc-{number}",
        targets=(),
        body=json.dumps({"event": "account.created"}).encode(),
        created_at=on.made.clock.now(),
    )
    await on.made.hub.storage.record([told])


def names(on: Hooked, url: str = URL) -> list[str]:
    return [json.loads(post.body)["event"] for post in on.hooks.posts if post.url == url]


async def test_an_endpoint_gets_what_it_asked_for_and_can_verify_it(tmp_path: Path) -> None:
    """T47: by event and by connector; the default is what an endpoint gets that names none."""
    on = hooked(tmp_path)
    every = await on.hub.endpoints.create(url=URL)
    await on.hub.endpoints.create(url="https://hooks.test/deleted", events=["account.deleted"])
    await on.hub.endpoints.create(url="https://hooks.test/login", providers=["simulated"])
    await on.hub.endpoints.create(url="https://hooks.test/key", providers=["simulated-key"])
    account_id = await made_event(on)
    await on.hub.accounts.change(account_id, label="Main")
    await on.hub.accounts.delete(account_id)
    await on.delivered()
    told = ["account.created", "account.updated", "account.deleted"]
    assert names(on) == names(on, "https://hooks.test/key") == told
    assert names(on, "https://hooks.test/deleted") == ["account.deleted"]
    assert names(on, "https://hooks.test/login") == []
    first = on.hooks.posts[0]
    if first.url == URL:
        clock = on.made.clock
        assert verify(first.body, first.headers, [every.secret], clock=clock)["event"] == "account.created"


async def test_the_secrets_of_a_rotation_sign_together_until_the_older_has_had_its_time(
    tmp_path: Path,
) -> None:
    """T48: two secrets at once for the overlap, then the new one alone; with no overlap, at once."""
    on = hooked(tmp_path)
    old = await on.hub.endpoints.create(url=URL)
    new = await on.hub.endpoints.rotate(old.endpoint.id, overlap=HOUR)
    assert old.secret.reveal() != new.secret.reveal()
    await made_event(on, "1")
    await on.delivered()
    on.made.clock.advance(HOUR)
    await made_event(on, "2")
    await on.delivered()
    during, after = on.hooks.posts
    assert len(str(during.headers["webhook-signature"]).split()) == 2
    assert len(str(after.headers["webhook-signature"]).split()) == 1
    clock = on.made.clock
    with pytest.raises(WebhookInvalid):
        verify(after.body, after.headers, [old.secret], clock=clock)
    assert verify(after.body, after.headers, [new.secret], clock=clock)
    [shown] = (await on.hub.endpoints.get(old.endpoint.id)).secrets
    assert shown.expires_at is None
    for _ in range(10):
        await on.hub.endpoints.rotate(old.endpoint.id, overlap=timedelta())
    for _ in range(9):
        await on.hub.endpoints.rotate(old.endpoint.id)
    with pytest.raises(LimitReached, match="overlap of 0"):
        await on.hub.endpoints.rotate(old.endpoint.id)


async def test_secrets_and_header_values_lie_sealed_and_are_never_shown(tmp_path: Path) -> None:
    """T46: not in the database's file, the list, the log of tries, or a repr; they are only sent."""
    on = hooked(tmp_path)
    issued = await on.hub.endpoints.create(url=URL, headers={"X-Gate": "gate-password-0123456789"})
    await made_event(on)
    await on.delivered()
    assert on.hooks.posts[0].headers["X-Gate"].reveal() == "gate-password-0123456789"
    [delivery] = await on.hub.events.deliveries()
    details = await on.hub.events.delivery(delivery.id)
    shown = [repr(one) for one in (issued, details, await on.hub.endpoints.list())]
    stored = (tmp_path / "hub.db").read_bytes()
    for secret in (issued.secret.reveal(), "gate-password-0123456789"):
        assert not [text for text in shown if secret in text]
        assert secret.encode() not in stored
    [tried] = details.attempts
    assert tried.request_headers["webhook-signature"] == "(not shown)"
    assert tried.request_headers["webhook-id"] == delivery.event_id


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"url": "http://hooks.test/in"}, "url: plain http is refused. Use https, or on your own machine"),
        ({"url": "http://hooks.test/in"}, "Now insecure_dev is off and allow_private_hosts does not name"),
        ({"url": "https://user:pw@hooks.test/in"}, "url: this address holds a user name or password: leave"),
        ({"url": "https://user@hooks.test/in"}, "Give what the receiver asks for in headers."),
        ({"url": "https://hooks.test/in#top"}, "url: this address has a fragment (#…)"),
        ({"url": "hooks.test/in"}, "url: this address does not begin with https://"),
        ({"url": "https:/hooks.test/in"}, "url: this address does not begin with https://"),
        ({"url": "https:///in"}, "url: the host of this address is not a host name"),
        ({"url": "https://hooks.test:8443/in"}, "url: hooks.test is called on port 443, not on 8443."),
        ({"url": "https://localhost/in"}, "url: localhost is not on the public internet."),
        ({"url": "https://app.LOCALHOST/in"}, "url: app.localhost is not on the public internet."),
        ({"url": "https://metadata.google.internal/"}, "url: metadata.google.internal is not on the public"),
        ({"url": "https://printer.local/in"}, "url: printer.local is not on the public internet."),
        ({"url": "https://wiki/in"}, "url: wiki is not on the public internet."),
        ({"url": "https://10.0.0.7/in"}, "url: 10.0.0.7 is not on the public internet."),
        ({"url": "https://[::1]/in"}, "url: ::1 is not on the public internet."),
        ({"url": "https://[::ffff:127.0.0.1]/in"}, "is not on the public internet."),
        ({"url": "https://2130706433/in"}, "url: the host of this address is a number in an odd form"),
        ({"url": "https://169.254.169.254/latest"}, "url: 169.254.169.254 is not on the public internet."),
        ({"url": "https://8.8.8.8/in"}, "url: 8.8.8.8 is an IP address: write the name of the host"),
        ({"url": "ftp://hooks.test"}, "url: only addresses that begin with https:// are called."),
        ({"url": "not a url"}, "url: this address holds spaces"),
        ({"url": URL, "events": ["account.creatd"]}, "account.created"),
        ({"url": URL, "events": []}, "events"),
        ({"url": URL, "providers": ["simulated-kei"]}, "simulated-key"),
        ({"url": URL, "headers": {"Webhook-Signature": "v1,forged"}}, "the hub sets itself"),
        ({"url": URL, "headers": {"X-Gate": "a\nInjected: b"}}, "visible ASCII"),
        ({"url": URL, "headers": {"Bad Name": "x"}}, "not a header's name"),
        ({"url": URL, "description": "x" * 1000}, "description"),
    ],
)
async def test_what_cannot_be_an_endpoint_is_refused_by_its_field(
    tmp_path: Path, fields: dict[str, Any], said: str
) -> None:
    """T23, T24: nothing that leads inside is stored, in whatever spelling; each refusal names the field."""
    on = hooked(tmp_path)
    with pytest.raises(ValidationFailed) as refused:
        await on.hub.endpoints.create(**fields)
    told = " ".join(f"{error.field}: {error.message}" for error in refused.value.details)
    assert said in told
    assert "allow_http" not in told
    assert await on.hub.endpoints.list() == []


@pytest.mark.parametrize(
    ("allowed", "url", "missing"),
    [
        (set(), "http://127.0.0.1:8080/in", "Now allow_private_hosts does not name '127.0.0.1:8080'."),
        (
            {"127.0.0.1"},
            "http://127.0.0.1:8080/in",
            "Now allow_private_hosts does not name '127.0.0.1:8080'.",
        ),
        (set(), "https://127.0.0.1/in", "list '127.0.0.1:443' in allow_private_hosts"),
        ({"127.0.0.1:8080"}, "http://127.0.0.1:8080/in", None),
        ({"127.0.0.1"}, "http://127.0.0.1/in", None),
        ({"box.internal:*"}, "http://box.internal:3000/in", None),
    ],
)
async def test_in_development_what_is_listed_may_be_entered(
    tmp_path: Path, allowed: set[str], url: str, missing: str | None
) -> None:
    """T23: with `insecure_dev` an endpoint may be at a listed host, by http, too; what is missing is said."""
    network = NetworkConfig(insecure_dev=True, allow_private_hosts=frozenset(allowed))
    on = hooked(tmp_path, HubConfig(network=network))
    if missing is None:
        assert (await on.hub.endpoints.create(url=url)).endpoint.url == url
        return
    with pytest.raises(ValidationFailed) as refused:
        await on.hub.endpoints.create(url=url)
    assert missing in refused.value.details[0].message


async def test_a_name_that_leads_inside_at_a_later_look_is_not_called(tmp_path: Path) -> None:
    """T23, T24: a stored endpoint's name is judged anew at each try; where it now leads inside, that try says
    so in the log, nothing inside is dialled, and the event waits for its next try."""
    on = hooked(tmp_path)
    endpoint = (await on.hub.endpoints.create(url="https://rebind.example/in")).endpoint.id
    await made_event(on)
    resolver, dialler = ScriptedResolver(["8.8.8.8"], ["10.0.0.7"], ["::ffff:127.0.0.1"]), CountingDialler()
    outbound = Outbound(resolver=resolver, dialler=dialler)
    deliver_by(on.made, outbound)
    assert await on.delivered() == 1
    assert await on.after(seconds=7) == 1
    assert await on.after(minutes=7) == 1
    await outbound.aclose()
    assert resolver.asked == ["rebind.example"] * 3
    assert dialler.dialled == [("8.8.8.8", 443)]
    [waiting] = await on.hub.events.deliveries(endpoint_id=endpoint)
    assert (waiting.state, waiting.attempts) == (DeliveryState.PENDING, 3)
    reached, *refused = [str(one.error) for one in (await on.hub.events.delivery(waiting.id)).attempts]
    assert reached == "no answer: connect"
    assert all("rebind.example" in error and "10.0.0.7" not in error for error in refused)


async def test_a_project_has_so_many_endpoints_and_its_own_alone(tmp_path: Path) -> None:
    """T51: another project's is as if absent. What one project may make is bounded."""
    on = hooked(tmp_path)
    one = await on.hub.endpoints.create(url=URL)
    for _ in range(MOST_ENDPOINTS - 1):
        await on.hub.endpoints.create(url=URL)
    with pytest.raises(LimitReached):
        await on.hub.endpoints.create(url=URL)
    await on.hub.endpoints.delete(one.endpoint.id)
    with pytest.raises(EndpointNotFound):
        await on.hub.endpoints.get(one.endpoint.id)
    await on.hub.endpoints.create(url=URL)


async def test_always_failing_is_disabled_after_five_days_and_its_owner_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """R7, always failing: on through every try of five days, off with the first failure after them. The
    notice goes to the other endpoints; what waits is held, and goes on when it is enabled."""
    on = hooked(tmp_path)
    broken = (await on.hub.endpoints.create(url=URL)).endpoint.id
    await on.hub.endpoints.create(url="https://hooks.test/ops", events=["webhook_endpoint.disabled"])
    on.hooks.says = lambda post: answer(500 if post.url == URL else 204)
    began = on.made.clock.now()
    while (await on.hub.endpoints.get(broken)).enabled:
        assert on.made.clock.now() - began < timedelta(days=5, hours=13)
        await something(on)
        await on.after(hours=12)
    assert on.made.clock.now() - began >= timedelta(days=5)
    await on.delivered()
    off = await on.hub.endpoints.get(broken)
    assert (off.disabled_reason, off.failing_since) == ("failing", began + timedelta(hours=12))
    assert caplog.text.count(f"endpoint {broken} is disabled: nothing but failures came from it") == 1
    [notice] = [json.loads(post.body) for post in on.hooks.posts if post.url.endswith("/ops")]
    assert (notice["record_id"], notice["reason"]) == (broken, "failing")
    assert URL not in json.dumps(notice)
    posts = len(on.hooks.posts)
    assert await on.after(days=2) == 0
    assert len(on.hooks.posts) == posts
    on.hooks.says = lambda post: answer(204)
    held = await on.hub.events.deliveries(endpoint_id=broken, states=[DeliveryState.HELD])
    await on.hub.endpoints.enable(broken)
    await on.delivered()
    assert held
    assert not await on.hub.events.deliveries(endpoint_id=broken, states=[DeliveryState.HELD])
    sent = {str(post.headers["webhook-id"]) for post in on.hooks.posts[posts:]}
    assert {one.event_id for one in held} <= sent


async def test_failing_now_and_then_is_never_disabled(tmp_path: Path) -> None:
    """R7, sporadic: failures far apart, with nothing between them, do not add up."""
    on = hooked(tmp_path)
    endpoint = (await on.hub.endpoints.create(url=URL)).endpoint.id
    for _ in range(5):
        on.hooks.says = lambda post: answer(503)
        await something(on)
        await on.delivered()
        on.hooks.says = lambda post: answer(204)
        await on.after(days=3)
    assert (await on.hub.endpoints.get(endpoint)).enabled


async def test_one_success_begins_the_count_anew(tmp_path: Path) -> None:
    """R7, recovered: four days of failure and one success are as if nothing had been."""
    on = hooked(tmp_path)
    endpoint = (await on.hub.endpoints.create(url=URL)).endpoint.id
    for _ in range(3):
        on.hooks.says = lambda post: answer(500)
        for _half_day in range(8):
            await something(on)
            await on.after(hours=12)
        assert (await on.hub.endpoints.get(endpoint)).failing_since is not None
        on.hooks.says = lambda post: answer(204)
        await something(on)
        await on.after(hours=1)
        shown = await on.hub.endpoints.get(endpoint)
        assert (shown.enabled, shown.failing_since) == (True, None)


async def test_a_clock_that_jumps_disables_nothing(tmp_path: Path) -> None:
    """R7: a month forth or back between two failures says nothing about the endpoint."""
    on = hooked(tmp_path)
    endpoint = (await on.hub.endpoints.create(url=URL)).endpoint.id
    on.hooks.says = lambda post: answer(500)
    for days in (0, 30, -20, 40):
        on.made.clock.advance(timedelta(days=days))
        await something(on)
        await on.delivered()
    assert (await on.hub.endpoints.get(endpoint)).enabled


async def test_an_endpoint_that_says_it_is_gone_is_disabled_at_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """R4: 410 ends it, with what waits held; no other status does."""
    on = hooked(tmp_path)
    endpoint = (await on.hub.endpoints.create(url=URL)).endpoint.id
    on.hooks.says = lambda post: answer(410)
    await made_event(on)
    await on.delivered()
    assert (await on.hub.endpoints.get(endpoint)).disabled_reason == "gone"
    assert caplog.text.count(f"webhook endpoint {endpoint} is disabled: it answered 410.") == 1
    [held] = await on.hub.events.deliveries(endpoint_id=endpoint)
    assert held.state is DeliveryState.HELD


async def test_it_is_tried_at_the_times_of_the_schedule(tmp_path: Path) -> None:
    """R4: ten tries of one event, each within a fifth of its wait; then it is dead."""
    on = hooked(tmp_path)
    endpoint = (await on.hub.endpoints.create(url=URL)).endpoint.id
    on.hooks.says = lambda post: answer(500)
    await made_event(on)
    await on.delivered()
    for wait in SCHEDULE:
        [before] = await on.hub.events.deliveries(endpoint_id=endpoint)
        due = before.next_at - on.made.clock.now()
        assert 0.8 * wait <= due <= 1.2 * wait + timedelta(milliseconds=1)
        assert await on.after(seconds=due.total_seconds() - 0.002) == 0
        assert await on.after(seconds=0.002) == 1
    [dead] = await on.hub.events.deliveries(endpoint_id=endpoint)
    assert (dead.state, dead.attempts) == (DeliveryState.DEAD, 10)
    assert len((await on.hub.events.delivery(dead.id)).attempts) == 10
    assert await on.after(days=30) == 0


async def test_what_failed_can_be_sent_again_with_the_same_id(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """R5: resent one by one, or all since an instant; what was taken is left out unless asked for."""
    on = hooked(tmp_path)
    endpoint = (await on.hub.endpoints.create(url=URL)).endpoint.id
    on.hooks.says = lambda post: answer(410)
    began = on.made.clock.now()
    await made_event(on, "1")
    await on.delivered()
    on.hooks.says = lambda post: answer(204)
    [held] = await on.hub.events.deliveries(endpoint_id=endpoint)
    with pytest.raises(EndpointDisabled):
        await on.hub.events.resend(held.id)
    with pytest.raises(EndpointDisabled):
        await on.hub.events.replay(endpoint, since=began)
    await made_event(on, "2")  # while it is disabled, it has no delivery
    await on.hub.endpoints.enable(endpoint)
    await on.after(seconds=1)
    assert await on.hub.events.replay(endpoint, since=began) == 1
    await on.delivered()
    ids = [str(post.headers["webhook-id"]) for post in on.hooks.posts]
    assert ids[0] == ids[1] != ids[2]
    assert await on.hub.events.replay(endpoint, since=began) == 0
    monkeypatch.setattr(event_history, "_BATCH", 1)
    so_far: list[tuple[int, datetime]] = []
    made = await on.hub.events.replay(
        endpoint, since=began, include_delivered=True, on_batch=lambda number, to: so_far.append((number, to))
    )
    assert (made, [number for number, _ in so_far][:1]) == (2, [1])
    assert began <= so_far[0][1] <= so_far[-1][1] <= on.made.clock.now()
    await on.delivered()
    taken = (await on.hub.events.deliveries(endpoint_id=endpoint))[0]
    again = await on.hub.events.resend(taken.id)
    await on.delivered()
    assert again.event_id == taken.event_id
    assert len(on.hooks.posts) == 6
    now = on.made.clock.now()
    spans: dict[str, dict[str, Any]] = {
        "since: can be at most 30 days ago": {"since": now - timedelta(days=365)},
        "since: is later than the end": {"since": now, "until": now - HOUR},
        "since: lies in the future": {"since": now + HOUR},
        "since: must be a datetime with a time zone": {"since": HOUR},
        "until: must be a datetime with a time zone": {"since": now, "until": now.replace(tzinfo=None)},
    }
    for said, span in spans.items():
        with pytest.raises(ValidationFailed, match=said):
            await on.hub.events.replay(endpoint, **span)
        with pytest.raises(EndpointNotFound):  # whatever the span
            await on.hub.events.replay("ep_none", **span)
    with pytest.raises(ValidationFailed, match="overlap: must be a timedelta"):
        await on.hub.endpoints.rotate(endpoint, overlap=3600)


async def test_a_test_event_goes_to_one_endpoint_and_says_what_it_is(tmp_path: Path) -> None:
    """Marked, about nobody, to no other endpoint and no callback; of every kind there is."""
    on = hooked(tmp_path)
    called: list[object] = []
    on.hub.on("account.created", name="called")(called.append)
    endpoint = (await on.hub.endpoints.create(url=URL)).endpoint.id
    await on.hub.endpoints.create(url="https://hooks.test/other")
    for name in (None, "account.created", "link.opened", "webhook_endpoint.disabled"):
        await on.hub.endpoints.test(endpoint, event=name)
    await on.delivered()
    sent = ["account.created", "link.opened", "webhook.test", "webhook_endpoint.disabled"]
    assert sorted(names(on)) == sent
    assert all(json.loads(post.body)["test"] is True for post in on.hooks.posts)
    assert len(on.hooks.posts) == 4
    assert called == []
    with pytest.raises(ValidationFailed, match="no such event"):
        await on.hub.endpoints.test(endpoint, event="account.crated")


async def test_an_endpoint_of_the_configuration_can_be_tested_too(tmp_path: Path) -> None:
    """It alone gets the test event, and a replay leaves that out."""
    from connect_hub import HubConfig, Project, Secret, Webhook
    from connect_hub.webhooks import generate_secret
    from tests.hubs import API_KEY

    secret = generate_secret()
    main = Webhook(url=URL, secrets=[secret], name="main")
    other = Webhook(url="https://hooks.test/other", secrets=[generate_secret()], name="other")
    config = HubConfig(projects={"default": Project(api_keys=[Secret(API_KEY)], webhooks=[main, other])})
    on = hooked(tmp_path, config)
    await on.hub.endpoints.create(url="https://hooks.test/stored")
    since = on.made.clock.now()
    for name in (None, "account.created", "webhook_endpoint.disabled"):
        sent = await on.hub.endpoints.test("main", event=name)
        assert (sent.target, sent.endpoint_id) == ("webhook:default/main", None)
    await on.delivered()
    assert [post.url for post in on.hooks.posts] == [URL] * 3
    assert all(verify(p.body, p.headers, secret, clock=on.made.clock)["test"] for p in on.hooks.posts)
    await on.after(seconds=1)
    assert await on.hub.events.replay("main", since=since, include_delivered=True) == 0


async def test_endpoints_of_the_configuration_are_shown_and_changed_there_alone(tmp_path: Path) -> None:
    """They are in the list and can be replayed to; nothing of the database overrides them."""
    from connect_hub import HubConfig, Project, Secret, Webhook
    from connect_hub.webhooks import generate_secret
    from tests.hubs import API_KEY

    webhook = Webhook(
        url=URL, secrets=[generate_secret()], name="main", headers={"X-Gate": "open", "X-Key": Secret("b")}
    )
    assert "open" not in repr(webhook)
    config = HubConfig(projects={"default": Project(api_keys=[Secret(API_KEY)], webhooks=[webhook])})
    on = hooked(tmp_path, config)
    [shown] = await on.hub.endpoints.list()
    assert shown.header_names == ("X-Gate", "X-Key")
    assert (shown.id, shown.source, shown.url) == ("main", "config", URL)
    for refused in (on.hub.endpoints.disable, on.hub.endpoints.delete, on.hub.endpoints.rotate):
        with pytest.raises(EndpointReadOnly):
            await refused("main")
    since = on.made.clock.now()
    await made_event(on)
    await on.after(seconds=1)
    assert await on.hub.events.replay("main", since=since, include_delivered=True) == 1
    await on.delivered()
    assert names(on) == ["account.created"] * 2
    assert [post.headers["X-Gate"].reveal() for post in on.hooks.posts] == ["open"] * 2


async def test_endpoints_of_the_configuration_are_never_switched_off(tmp_path: Path) -> None:
    """R7: nobody could switch them on but by a deployment, so each event fails by itself, even at 410."""
    from connect_hub import HubConfig, Project, Secret, Webhook
    from connect_hub.webhooks import generate_secret
    from tests.hubs import API_KEY

    webhook = Webhook(url=URL, secrets=[generate_secret()], name="main")
    config = HubConfig(projects={"default": Project(api_keys=[Secret(API_KEY)], webhooks=[webhook])})
    on = hooked(tmp_path, config)
    on.hooks.says = lambda post: answer(410)
    await made_event(on, "1")
    await on.delivered()
    on.hooks.says = lambda post: answer(204)
    await made_event(on, "2")
    await on.delivered()
    assert (await on.hub.endpoints.get("main")).enabled
    states = [one.state for one in await on.hub.events.deliveries(endpoint_id="main")]
    assert sorted(states) == [DeliveryState.DEAD, DeliveryState.DELIVERED]


async def test_an_endpoint_whose_key_is_gone_can_be_seen_and_mended(tmp_path: Path) -> None:
    """What it was sealed with is lost, and nothing else: it is listed, can be rotated, and deleted."""
    on = hooked(tmp_path)
    endpoint = (await on.hub.endpoints.create(url=URL, headers={"X-Gate": "secret-of-the-gate"})).endpoint.id
    on.hub._core.vault._keys = KeyRing.from_text(new_key_text("other"))
    [seen] = await on.hub.endpoints.list()
    assert (seen.secrets, seen.header_names) == ((), ())
    issued = await on.hub.endpoints.rotate(endpoint)
    await something(on)
    await on.delivered()
    assert verify(on.hooks.posts[0].body, on.hooks.posts[0].headers, [issued.secret], clock=on.made.clock)
    assert (await on.hub.endpoints.delete(endpoint)).id == endpoint


async def test_what_was_enabled_meanwhile_is_not_held(tmp_path: Path) -> None:
    """A try that found the endpoint disabled, or gone at an address it has left, holds nothing afterwards."""
    on = hooked(tmp_path)
    endpoint = (await on.hub.endpoints.create(url=URL)).endpoint.id
    await something(on)
    [carry_out] = await on.hub.deliveries.claim()
    moved = "https://hooks.test/moved"
    on.hooks.says = lambda post: answer(410 if post.url == URL else 204)
    await on.hub.endpoints.change(endpoint, url=moved)
    await carry_out()
    assert (await on.hub.endpoints.get(endpoint)).enabled
    await on.delivered()
    assert [post.url for post in on.hooks.posts] == [URL, moved]


@pytest.mark.parametrize("status", [204, 410])
async def test_a_try_says_nothing_of_what_was_enabled_after_it_began(tmp_path: Path, status: int) -> None:
    """R7: an answer that was under way while its endpoint was disabled and enabled again neither ends the
    count of failures since then, nor disables it once more."""
    on = hooked(tmp_path)
    endpoint = (await on.hub.endpoints.create(url=URL)).endpoint.id
    on.hooks.says = lambda post: answer(500)
    await something(on)
    await on.delivered()
    began, answered = asyncio.Event(), asyncio.Event()
    quick = on.hooks.send

    async def slow(*args: Any, **rest: Any) -> Any:
        began.set()
        await answered.wait()
        return answer(status)

    on.hooks.send = slow  # type: ignore[method-assign]
    await something(on)
    under_way = asyncio.create_task(on.delivered())
    await began.wait()
    on.hooks.send = quick  # type: ignore[method-assign]
    on.made.clock.advance(timedelta(seconds=1))
    await on.hub.endpoints.disable(endpoint)
    await on.hub.endpoints.enable(endpoint)
    await something(on)
    await on.hub.deliveries.run_due()
    failing_since = (await on.hub.endpoints.get(endpoint)).failing_since
    on.hooks.says = lambda post: answer(503, retry_after="60")
    answered.set()
    await under_way
    shown = await on.hub.endpoints.get(endpoint)
    assert (shown.enabled, shown.failing_since) == (True, failing_since)
    assert failing_since is not None


async def test_what_was_not_tried_is_no_try(tmp_path: Path) -> None:
    """R5: ten tries are ten posts: what was claimed for an endpoint that was disabled just then, or cut short
    by the end of its process, counts for none."""
    on = hooked(tmp_path)
    endpoint = (await on.hub.endpoints.create(url=URL)).endpoint.id
    await something(on)
    disabled = replace((await on.hub.endpoints.stored(endpoint, "default")), enabled=False)
    [claimed] = await on.hub.deliveries.claim()
    await on.hub.endpoints.disable(endpoint)
    delivery = claimed.args[0]
    await on.hub.deliveries._carry_out(delivery, disabled, *claimed.args[2:])
    [kept] = await on.hub.events.deliveries(endpoint_id=endpoint)
    assert (kept.state, kept.attempts) == (DeliveryState.HELD, 0)

    await on.hub.endpoints.enable(endpoint)
    began = asyncio.Event()

    async def hang(*args: Any, **rest: Any) -> Any:
        began.set()
        await asyncio.Event().wait()

    on.hooks.send, quick = hang, on.hooks.send  # type: ignore[method-assign]
    task = asyncio.create_task(on.hub.deliveries.run_due())
    await began.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    [kept] = await on.hub.events.deliveries(endpoint_id=endpoint)
    assert (kept.state, kept.attempts, kept.last_error) == (DeliveryState.PENDING, 0, "interrupted")
    on.hooks.send = quick  # type: ignore[method-assign]
    await on.delivered()
    [kept] = await on.hub.events.deliveries(endpoint_id=endpoint)
    assert (kept.state, kept.attempts) == (DeliveryState.DELIVERED, 1)


async def test_failures_a_little_out_of_order_add_up(tmp_path: Path) -> None:
    """R7: workers whose clocks differ by seconds still disable what is broken for five days."""
    on = hooked(tmp_path)
    endpoint = (await on.hub.endpoints.create(url=URL)).endpoint.id
    on.hooks.says = lambda post: answer(500)
    for _ in range(12):
        await something(on)
        await on.after(hours=12)
        await something(on)
        await on.after(seconds=-5)
    assert (await on.hub.endpoints.get(endpoint)).disabled_reason == "failing"


async def test_what_waits_for_a_disabled_endpoint_is_not_purged(tmp_path: Path) -> None:
    """Held deliveries keep their events for as long as they may still go out."""
    on = hooked(tmp_path)
    endpoint = (await on.hub.endpoints.create(url=URL)).endpoint.id
    await something(on)
    await on.hub.endpoints.disable(endpoint)
    on.made.clock.advance(timedelta(days=400))
    await on.hub.upkeep.purge()
    await on.hub.endpoints.enable(endpoint)
    await on.delivered()
    assert names(on) == ["account.created"]


async def test_a_delivery_without_its_event_stops_nobody(tmp_path: Path) -> None:
    """Erased or purged at the same moment as it was made: it is dropped, and the others go on."""
    on = hooked(tmp_path)
    await on.hub.endpoints.create(url=URL)
    await something(on)
    await something(on)
    with on.made.hub.storage.engine.begin() as c:  # type: ignore[attr-defined]
        c.execute(text("DELETE FROM connect_hub_events WHERE record_id = 'acc-0'"))
    await on.delivered()
    assert len(on.hooks.posts) == 1
    assert (await on.hub.upkeep.backlog()).by_state[DeliveryState.PENDING] == 0


async def test_header_values_do_not_follow_an_endpoint_that_moves_elsewhere(tmp_path: Path) -> None:
    """T46: whoever may change the address does not learn what is sent along by moving it to their own."""
    on = hooked(tmp_path)
    endpoint = (await on.hub.endpoints.create(url=URL, headers={"X-Gate": "gate-password-0123"})).endpoint.id
    with pytest.raises(ValidationFailed, match="headers"):
        await on.hub.endpoints.change(endpoint, url="https://evil.example/in")
    assert (await on.hub.endpoints.change(endpoint, url=f"{URL}/elsewhere")).header_names == ("X-Gate",)
    moved = await on.hub.endpoints.change(endpoint, url="https://evil.example/in", headers=None)
    assert moved.header_names == ()


async def test_what_the_configuration_may_reach_inside_nobody_else_may(tmp_path: Path) -> None:
    """T23: a private host that is allowed for the host's own webhooks is not for whoever has an API key."""
    inside = HubConfig(network=NetworkConfig(allow_private_hosts=frozenset({"10.0.0.7"})))
    on = hooked(tmp_path, inside)
    with pytest.raises(ValidationFailed, match="url"):
        await on.hub.endpoints.create(url="https://10.0.0.7/in")


@pytest.mark.parametrize("insecure_dev", [False, True])
async def test_a_name_that_the_operator_allowed_inside_is_not_called_for_who_enters_it(
    monkeypatch: pytest.MonkeyPatch, insecure_dev: bool
) -> None:
    """T23: an internal host that is allowed by name for the endpoints of the configuration gets their events,
    and none of an endpoint that somebody with an API key made; in development it gets both."""
    dialler = CountingDialler()
    monkeypatch.setattr(httpcore2, "AnyIOBackend", lambda: dialler)
    monkeypatch.setattr(outbound_module, "SystemResolver", lambda: ScriptedResolver(["10.0.0.7"]))
    own = Webhook(url="https://wiki.corp/in", secrets=[generate_secret()], name="own")
    hub = ConnectHub(
        public_url="https://hub.test/connect",
        keys=KeyRing.from_text(new_key_text()),
        storage=MemoryStorage(),
        connectors=["bamboohr"],
        config=HubConfig(
            projects={"default": Project(webhooks=[own])},
            network=NetworkConfig(allow_private_hosts=frozenset({"wiki.corp"}), insecure_dev=insecure_dev),
            dispatch=False,
        ),
    )
    entered = (await hub.endpoints.create(url="https://wiki.corp/secrets")).endpoint.id
    await hub.storage.record([event(name="account.created", targets=("webhook:default/own",))])
    assert await hub.deliveries.run_due() == 2
    said = {}
    for target in ("own", entered):
        [delivery] = await hub.events.deliveries(endpoint_id=target)
        [tried] = (await hub.events.delivery(delivery.id)).attempts
        said[target] = tried.error
    await hub.aclose()
    assert said["own"] == "no answer: connect"
    refused = said[entered]
    assert refused is not None
    assert refused == "no answer: connect" if insecure_dev else "not on the public internet" in refused
    assert dialler.dialled == [("10.0.0.7", 443)] * (2 if insecure_dev else 1)
