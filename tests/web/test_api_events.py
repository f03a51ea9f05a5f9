"""Webhook endpoints, events and deliveries over HTTP."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connect_hub.web import schemas
from tests.hubs import API_KEY, deliver_by
from tests.web.api import OTHER_API_KEY, Caller, basic, in_two_projects, linked, names_of
from tests.web.test_openapi import conforms
from tests.webhooks.hooked import URL, Hooked, answer, hooked

ENDPOINT = {"url": URL, "events": ["account.created", "account.triggered"]}


async def created(api: Caller, **fields: object) -> dict[str, Any]:
    answered = await api.post("webhook_endpoints", {**ENDPOINT, **fields})
    assert answered.status_code == 201, answered.text
    endpoint: dict[str, Any] = answered.json()
    return endpoint


async def test_an_endpoint_from_its_making_to_its_end(tmp_path: Path) -> None:
    """Every answer has the fields that the document promises; the secret is in those that make one alone."""
    on = hooked(tmp_path)
    api = Caller(on.made.hub)
    made = await created(api, description="Billing", headers={"X-Gate": "gate-password-0123456789"})
    conforms(schemas.IssuedWebhookEndpoint, made)
    path = f"webhook_endpoints/{made['id']}"
    account_id = await linked(on.made)
    await on.delivered()
    rotated = await api.post(f"{path}/rotate", {"overlap": 60})
    conforms(schemas.IssuedWebhookEndpoint, rotated.json())
    assert rotated.status_code == 201
    changed = await api.patch(path, {"description": None, "providers": ["simulated-key"]})
    conforms(schemas.WebhookEndpoint, changed.json())
    assert (changed.json()["description"], changed.json()["providers"]) == (None, ["simulated-key"])
    assert changed.json()["header_names"] == ["X-Gate"]
    disabled = await api("POST", f"{path}/disable")
    assert (disabled.json()["enabled"], disabled.json()["disabled_reason"]) == (False, "manual")
    assert (await api.post(f"{path}/test", {})).status_code == 409
    enabled = await api("POST", f"{path}/enable")
    assert enabled.json()["enabled"] is True
    tested = await api.post(f"{path}/test", {"event": "account.triggered"})
    assert tested.status_code == 202
    conforms(schemas.Delivery, tested.json())
    await on.after(seconds=1)
    since = (on.made.clock.now() - timedelta(hours=1)).isoformat()
    replayed = await api.post(f"{path}/replay", {"since": since, "include_delivered": True})
    assert (replayed.status_code, replayed.json()) == (202, {"deliveries": 1})
    await on.delivered()
    events = (await api.get("events", params={"account_id": account_id})).json()
    assert [one["type"] for one in events] == ["account.created"]
    details = (await api.get(f"events/{events[0]['id']}")).json()
    conforms(schemas.EventDetails, details)
    assert [one["state"] for one in details["deliveries"]] == ["delivered", "delivered"]
    delivery = (await api.get(f"deliveries/{details['deliveries'][0]['id']}")).json()
    conforms(schemas.DeliveryDetails, delivery)
    conforms(schemas.DeliveryAttempt, delivery["log"][0])
    again = await api("POST", f"deliveries/{delivery['id']}/resend")
    assert (again.status_code, again.json()["event_id"]) == (202, events[0]["id"])
    answers = [changed, disabled, enabled, await api.get("webhook_endpoints"), await api.get(path)]
    for secret in (made["secret"], rotated.json()["secret"], "gate-password-0123456789"):
        assert not [one for one in answers if secret in one.text]
    assert (await api.delete(path)).json()["id"] == made["id"]
    assert (await api.get(path)).status_code == 404


async def test_another_projects_are_as_if_absent(tmp_path: Path) -> None:
    """T51: every address that names one answers another project as it answers for none."""
    made = in_two_projects(tmp_path)
    on = Hooked(made, hooked(tmp_path / "other").hooks)
    deliver_by(made, on.hooks)
    api, other = Caller(made.hub), Caller(made.hub, key=OTHER_API_KEY)
    endpoint = (await created(api))["id"]
    await linked(made)
    await on.delivered()
    [delivery] = (await api.get("deliveries")).json()
    paths = {
        "GET": (
            f"webhook_endpoints/{endpoint}",
            f"events/{delivery['event_id']}",
            f"deliveries/{delivery['id']}",
        ),
        "DELETE": (f"webhook_endpoints/{endpoint}",),
        "POST": (
            f"webhook_endpoints/{endpoint}/disable",
            f"webhook_endpoints/{endpoint}/rotate",
            f"webhook_endpoints/{endpoint}/test",
            f"deliveries/{delivery['id']}/resend",
        ),
    }
    for method, of in paths.items():
        for path in of:
            refused = await other(method, path)
            assert refused.status_code == 404, path
    assert (await other.get("deliveries", params={"endpoint_id": endpoint})).status_code == 404
    for path in ("webhook_endpoints", "events", "deliveries"):
        assert (await other.get(path)).json() == []


async def test_lists_are_paged_by_where_the_page_before_ended(tmp_path: Path) -> None:
    """Newest first, each once, to the end; filters stay in the link to the next page."""
    on = hooked(tmp_path)
    api = Caller(on.made.hub)
    await created(api)
    account_id = await linked(on.made)
    token = (await api.get(f"accounts/{account_id}/trigger")).json()["external_trigger_token"]
    for _ in range(6):
        on.made.clock.advance(timedelta(seconds=1))
        await api("POST", f"triggers/{token}", content=b"{}")
    await on.delivered()
    for path, params in (("events", {"type": "account.triggered"}), ("deliveries", {"state": "delivered"})):
        url, seen = f"{path}?page_size=4&" + "&".join(f"{k}={v}" for k, v in params.items()), []
        while url:
            page = await api.get(url)
            seen += [one["id"] for one in page.json()]
            link = page.links.get("next")
            url = "" if link is None else link["url"].removeprefix("https://hub.test/connect/")
        assert len(seen) == len(set(seen)) == {"events": 6, "deliveries": 7}[path]


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("events?type=account.creatd", {"type"}),
        ("events?since=yesterday", {"since"}),
        ("events?since=2026-01-01T00:00:00", {"since"}),
        ("events?typ=account.created", {"typ"}),
        ("deliveries?state=lost&page_size=0", {"state", "page_size"}),
        ("deliveries?cursor=abc", {"cursor"}),
        ("webhook_endpoints?page=2", {"page"}),
    ],
)
async def test_a_filter_that_is_none_is_named(tmp_path: Path, path: str, names: set[str]) -> None:
    """A misspelt filter is refused by its name, since passing it over would answer with everybody's."""
    on = hooked(tmp_path)
    assert names_of(await Caller(on.made.hub).get(path)).keys() == names


async def test_what_a_receiver_answers_is_logged_and_holds_no_secret(tmp_path: Path) -> None:
    """T26, T46: 16 KiB of it and no cookie; the request's signature is not shown."""
    on = hooked(tmp_path)
    api = Caller(on.made.hub)
    await created(api)
    said = answer(500, b"x" * 20_000, set_cookie="session=secret", content_type="text/plain")
    on.hooks.says = lambda post: said
    await linked(on.made)
    await on.delivered()
    [delivery] = (await api.get("deliveries", params={"state": "pending"})).json()
    assert delivery["last_error"] == "answered 500"
    [tried] = (await api.get(f"deliveries/{delivery['id']}")).json()["log"]
    assert (tried["status"], len(tried["response_body"])) == (500, 16 * 1024)
    assert tried["response_headers"] == {"content-type": "text/plain"}
    assert tried["request_headers"]["webhook-signature"] == "(not shown)"


async def test_bodies_may_be_left_out_and_nothing_else_may_stand_for_one(tmp_path: Path) -> None:
    """T38: no body, or JSON; a form's body is refused although the options are optional."""
    on = hooked(tmp_path)
    api = Caller(on.made.hub)
    path = f"webhook_endpoints/{(await created(api))['id']}"
    for name in ("rotate", "enable", "test"):
        assert (await api("POST", f"{path}/{name}")).status_code in {200, 201, 202}
        for kind in ("application/json", "text/plain"):
            assert (await api("POST", f"{path}/{name}", headers={"Content-Type": kind})).status_code < 300
        assert (await api("POST", f"{path}/{name}", data={"a": "b"})).status_code == 415
        assert (await api("POST", f"{path}/{name}", content=b"x")).status_code == 415
        from_page = {"Sec-Fetch-Site": "cross-site", "Authorization": basic(f"{API_KEY}:")}
        assert (await api("POST", f"{path}/{name}", headers=from_page)).status_code == 403
    far = (on.made.clock.now() - timedelta(days=365)).isoformat()
    assert names_of(await api.post(f"{path}/replay", {"since": far})).keys() == {"since"}
    assert names_of(await api.post(f"{path}/enable", {"replay_since": far})).keys() == {"since"}
    assert names_of(await api.post(f"{path}/rotate", {"overlap": 10**9})).keys() == {"overlap"}
