"""Webhooks as an operator uses them: endpoints, their secrets, and what was sent to them."""

import json
import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from connect_hub import NetworkConfig, Project, RateConfig, Secret, Webhook
from connect_hub.audit import acting_as
from connect_hub.events import EVENT_NAMES
from connect_hub.web.dashboard.deliveries import _shown
from connect_hub.webhooks import generate_secret
from tests.customer import Form
from tests.dashboard.desk import DESK, TESTER, Staff, make_desk
from tests.hubs import API_KEY

ADDRESS = "https://hooks.example.com/in?key=canary-7c1"


async def added(staff: Staff) -> str:
    """The id of an endpoint that an administrator has just added on the page."""
    browser = await staff.browser("admin")
    form = (await browser.get(f"{DESK}/webhooks")).link("Add endpoint")
    made = await browser.press(
        await browser.get(form), "Add endpoint", {"url": ADDRESS, "description": "payroll"}
    )
    assert made.heading == "The signing secret"
    secret = next(part for part in made.text.split('"') if part.startswith("whsec_"))
    detail = await browser.get(made.link("Done"))
    assert ("hooks.example.com" in detail.heading, secret in detail.text) == (True, False)
    [endpoint] = await staff.made.hub.endpoints.list()
    return endpoint.id


async def test_an_endpoint_is_added_and_its_secret_shown_once(staff: Staff) -> None:
    """Only an administrator sees the address whole: it may hold a secret behind its host (T46)."""
    endpoint_id = await added(staff)
    for who, sees in (("viewer", False), ("operator", False), ("admin", True)):
        browser = await staff.browser(who)
        for path in ("/webhooks", f"/webhooks/{endpoint_id}"):
            seen = await browser.get(f"{DESK}{path}")
            assert (seen.status, "canary-7c1" in seen.text) == (200, sees), (who, path)


async def test_an_endpoint_without_an_event_is_not_made(staff: Staff) -> None:
    """Nobody who ticks none means the usual ones; the address that was typed stays."""
    browser = await staff.browser("admin")
    form = (await browser.get(f"{DESK}/webhooks/new")).form("Add endpoint")
    bare = Form(form.action, {name: v for name, v in form.fields.items() if not name.startswith("event.")})
    assert len(bare.fields) < len(form.fields)
    seen = await browser.send(bare, {"url": "https://hooks.example.com/"})
    assert (seen.status, "Choose at least one event." in seen.text) == (422, True)
    again = seen.form("Add endpoint").fields
    assert again["url"] == "https://hooks.example.com/"
    assert " checked" not in seen.text
    assert await staff.made.hub.endpoints.list() == []


@pytest.mark.parametrize(
    "url",
    [
        *("", "http://example.com/", "https://127.0.0.1/", "https://8.8.8.8/", "nonsense", "x" * 3000),
        *("https://example.com/a b", "https://example.com/#x", "https://a:b@example.com/"),
        *("https://example.com:99999/", "https://example.com:8443/", "https://exa_mple!.com/"),
    ],
)
async def test_an_address_that_cannot_be_posted_to_is_refused(staff: Staff, url: str) -> None:
    """The form comes back with what was typed, and says what is wrong; nothing is made."""
    browser = await staff.browser("admin")
    form = await browser.get(f"{DESK}/webhooks/new")
    seen = await browser.press(form, "Add endpoint", {"url": url, "description": "kept"})
    assert (seen.status, 'value="kept"' in seen.text, "aria-invalid" in seen.text) == (422, True, True)
    assert "This cannot be used" not in seen.text  # a whole sentence instead
    assert await staff.made.hub.endpoints.list() == []


@pytest.mark.parametrize(("port", "told"), [("", "is not on the public internet"), (":8443", "Use port 443")])
@pytest.mark.parametrize("insecure_dev", [True, False])
async def test_a_refusal_names_what_helps(tmp_path: Path, port: str, told: str, insecure_dev: bool) -> None:
    """In production an address that is entered is never of one's own network, whatever code lists."""
    network = NetworkConfig(insecure_dev=insecure_dev, rates=RateConfig(per_client=None, per_operator=None))
    staff = await make_desk(tmp_path, network=network)
    browser = await staff.browser("admin")
    form = await browser.get(f"{DESK}/webhooks/new")
    seen = await browser.press(form, "Add endpoint", {"url": f"https://10.1.2.3{port}/x"})
    assert (seen.status, told in seen.text) == (422, True)
    assert ("allow_private_hosts" in seen.text, "can only be set in your code" in seen.text) == (
        insecure_dev,
        not insecure_dev,
    )


async def test_a_failing_endpoint_is_called_so(staff: Staff) -> None:
    """In the list as on its page."""
    endpoint_id, hub = await added(staff), staff.made.hub
    await hub.endpoints.test(endpoint_id)
    browser = await staff.browser("viewer")
    pages = [f"{DESK}/webhooks", f"{DESK}/webhooks/{endpoint_id}"]
    assert [">Enabled</span>" in (await browser.get(page)).text for page in pages] == [True, True]
    await hub.deliveries.run_due()
    for page in pages:
        assert '<span class="state bad">Failing</span>' in (await browser.get(page)).text


async def test_a_reload_adds_no_second_endpoint(staff: Staff) -> None:
    """The form sent once more says that there is one with this address."""
    await added(staff)
    browser = await staff.browser("admin")
    form = await browser.get(f"{DESK}/webhooks/new")
    again = await browser.press(form, "Add endpoint", {"url": ADDRESS})
    assert (again.status, "There is an endpoint with this address." in again.text) == (422, True)
    assert len(await staff.made.hub.endpoints.list()) == 1


async def test_an_endpoint_is_changed(staff: Staff) -> None:
    """Address, purpose and events, as they are now; what cannot be is refused and stays typed; what is not on
    the form stays as it is."""
    endpoint_id, hub = await added(staff), staff.made.hub
    await hub.endpoints.change(endpoint_id, providers=["simulated-key"])
    browser = await staff.browser("admin")
    page = await browser.get(f"{DESK}/webhooks/{endpoint_id}")
    form = await browser.get(page.link("Change"))
    assert (form.heading, form.form("Save").fields["url"]) == ("Change this endpoint", ADDRESS)
    events = {name for name in form.form("Save").fields if name.startswith("event.")}
    hidden = {name: form.form("Save").fields[name] for name in ("nonce", "mark")}
    bare = Form(form.form("Save").action, hidden)
    typed = {"url": "https://other.example/in", "description": "people"}
    refused = await browser.send(bare, typed)
    assert (refused.status, "Choose at least one event." in refused.text) == (422, True)
    refused = await browser.press(form, "Save", {"url": "https://other.example/#x"})
    assert (refused.status, "Leave out the #" in refused.text) == (422, True)
    assert refused.form("Save").fields["url"] == "https://other.example/#x"
    assert "event.account.created" in events
    done = await browser.send(bare, {**typed, "event.account.created": "1"})
    assert "The endpoint was changed." in done.text
    one = await hub.endpoints.get(endpoint_id)
    assert (one.url, one.description, one.events) == (*typed.values(), ("account.created",))
    assert one.providers == ("simulated-key",)
    [entry, *_] = await hub.audit.list(subject=endpoint_id, action="webhook_endpoint.changed")
    assert (entry.before, entry.after) == (
        {"url": "https://hooks.example.com", "description": "payroll", "events": sorted(EVENT_NAMES)},
        {"url": "https://other.example", "description": "people", "events": ["account.created"]},
    )
    staff.made.clock.advance(timedelta(seconds=1))
    with acting_as(TESTER):
        await hub.endpoints.change(endpoint_id, url="https://other.example/canary-5d3")
    [entry, *_] = await hub.audit.list(subject=endpoint_id, action="webhook_endpoint.changed")
    assert (entry.before, entry.after) == ({"path": "…"}, {"path": "…, another one"})
    await hub.endpoints.change(endpoint_id, url=typed["url"])
    unticked = await browser.send(bare, {"url": "https://third.example/"})
    assert "This was changed while the form was open" in unticked.text  # told before what else is wrong
    stale = await browser.press(form, "Save", {"url": "https://third.example/"})
    assert (stale.status, "This was changed while the form was open" in stale.text) == (422, True)
    assert stale.form("Save").fields["url"] == "https://third.example/"
    assert (await hub.endpoints.get(endpoint_id)).url == typed["url"]
    assert "The endpoint was changed." in (await browser.press(stale, "Save")).text
    await hub.endpoints.change(endpoint_id, headers={"x-key": "canary-91f"})
    moved = await browser.press(
        await browser.get(page.link("Change")), "Save", {"url": "https://fourth.example/"}
    )
    assert (moved.status, "header fields of its own" in moved.text) == (422, True)
    assert "canary-91f" not in moved.text


async def test_a_delivery_says_where_it_went(staff: Staff) -> None:
    """To which endpoint, by the way back; that it was deleted, and why nothing more is sent."""
    endpoint_id, hub = await added(staff), staff.made.hub
    await hub.endpoints.test(endpoint_id)
    browser = await staff.browser("admin")
    page = await browser.get(f"{DESK}/webhooks/{endpoint_id}")
    delivery = await browser.get(page.link("Test"))
    assert delivery.link("https://hooks.example.com · payroll") == f"{DESK}/webhooks/{endpoint_id}"
    assert "Send again" in delivery.links
    asked = await browser.get(delivery.link("Send again"))
    await hub.endpoints.disable(endpoint_id)
    refused = await browser.press(asked, "Send again")
    assert refused.link("Back to the delivery") == page.link("Test")
    await hub.endpoints.delete(endpoint_id)
    delivery = await browser.get(page.link("Test"))
    assert ("It is not there any more." in delivery.text, "the endpoint was deleted" in delivery.text) == (
        True,
        True,
    )
    assert delivery.link("Webhooks") == f"{DESK}/webhooks"
    assert "Send again" not in delivery.links


async def test_what_was_held_says_that_it_is_begun_anew(staff: Staff) -> None:
    """Its tries before do not count any more, so the last of them is told apart; and a question that was open
    meanwhile leads back to the endpoint."""
    endpoint_id, hub = await added(staff), staff.made.hub
    await hub.endpoints.test(endpoint_id)
    await hub.deliveries.run_due()
    browser, page = await staff.browser("admin"), f"{DESK}/webhooks/{endpoint_id}"
    asked = await browser.get(f"{page}/test")
    assert "Begun anew" not in (await browser.get(page)).text
    await hub.endpoints.disable(endpoint_id)
    refused = await browser.press(asked, "Send a test")
    assert (refused.status, refused.heading) == (409, "This endpoint is disabled")
    assert refused.link("Back to the endpoint") == page
    await hub.endpoints.enable(endpoint_id)
    assert "Begun anew. Before: " in (await browser.get(page)).text


async def test_a_test_is_sent_looked_at_and_sent_again(staff: Staff) -> None:
    """The delivery shows its body, its tries and its state; sending again makes another delivery of the same
    event; the page's state changes with it; and all of it is in the log."""
    endpoint_id = await added(staff)
    hub = staff.made.hub
    browser = await staff.browser("operator")
    page = await browser.get(f"{DESK}/webhooks/{endpoint_id}")
    before = json.loads((await browser.get(f"{DESK}/webhooks/{endpoint_id}/state")).text)
    page = await browser.press(await browser.get(page.link("Send a test")), "Send a test")
    assert "A test is on its way." in page.text
    after = json.loads((await browser.get(f"{DESK}/webhooks/{endpoint_id}/state")).text)
    assert before != after
    detail = await browser.get(page.link("Test"))
    assert ("Waiting" in detail.text, "&#34;test&#34;: true" in detail.text) == (True, True)
    waiting = json.loads((await browser.get(f"{detail.url}/state")).text)
    assert f'data-live-key="{waiting["key"]}"' in detail.text
    await hub.deliveries.run_due()
    assert json.loads((await browser.get(f"{detail.url}/state")).text) != waiting
    tried = await browser.get(detail.url)
    assert "Try 1" in tried.text
    [first] = await hub.events.deliveries(endpoint_id=endpoint_id)
    again = await browser.press(await browser.get(tried.link("Send again")), "Send again")
    assert "It is on its way again." in again.text
    deliveries = await hub.events.deliveries(endpoint_id=endpoint_id)
    assert {one.event_id for one in deliveries} == {first.event_id}
    log = [*await hub.audit.list(subject=endpoint_id), *await hub.audit.list(subject=first.id)]
    names = {"webhook_endpoint.created", "webhook_endpoint.tested", "delivery.resent"}
    assert {entry.action for entry in log} == names
    assert "canary-7c1" not in repr(log)


async def test_a_replay_says_whether_it_sends_anything(staff: Staff) -> None:
    """What happened before the endpoint was there is sent, once; and the question tells which endpoint is
    meant, also where several are at one address."""
    await staff.connected()
    staff.made.clock.advance(timedelta(minutes=1))
    endpoint_id = await added(staff)
    browser = await staff.browser("operator")
    question = await browser.get(f"{DESK}/webhooks/{endpoint_id}/replay")
    assert "https://hooks.example.com · payroll" in question.text
    for told in ("What the endpoint had not taken is on its way.", "Nothing to send again"):
        assert told in (await browser.press(question, "Replay", {"since": "1d"})).text


async def test_time_passes_while_a_replay_is_asked_for(staff: Staff, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of the spans that the question offers can be chosen, on a clock that moves as a real one does."""
    await staff.connected()
    endpoint_id, browser = await added(staff), await staff.browser("operator")
    question = await browser.get(f"{DESK}/webhooks/{endpoint_id}/replay")
    clock, frozen = staff.made.clock, staff.made.clock.now

    def moving() -> datetime:
        clock.advance(timedelta(milliseconds=1))
        return frozen()

    monkeypatch.setattr(clock, "now", moving)
    select = question.text.partition('name="since"')[2].partition("</select>")[0]
    spans = re.findall(r'<option value="([^"]+)"', select)
    assert len(spans) > 2
    for span in spans:
        assert (await browser.press(question, "Replay", {"since": span})).status == 200, span


@pytest.mark.parametrize(
    "body", [rb'{"a": "\ud800"}', b"[" * 4000, b"[" * 700 + b"1," * 7000 + b"1" + b"]" * 700]
)
async def test_no_answer_breaks_the_page_that_shows_it(body: bytes) -> None:
    """T18: half a character, JSON without end, JSON that grows when it is indented: the receiver chooses what
    it answers, and whoever looks sees some of it."""
    shown = _shown(body)
    assert shown.encode()
    assert len(shown) <= 4001
    assert shown.startswith(("{", "["))


async def test_an_endpoint_is_switched_off_on_and_deleted(staff: Staff) -> None:
    """Each is asked first and said afterwards; what waits is held, and goes on."""
    endpoint_id = await added(staff)
    hub = staff.made.hub
    browser = await staff.browser("admin")
    page = await browser.get(f"{DESK}/webhooks/{endpoint_id}")
    page = await browser.press(await browser.get(page.link("Disable")), "Disable")
    assert ("Disabled by hand" in page.text, "Send a test" in page.links) == (True, False)
    [entry] = await hub.audit.list(subject=endpoint_id, action="webhook_endpoint.disabled")
    assert entry.before is not None
    assert entry.after == {**entry.before, "enabled": False}
    assert set(entry.before) == {"enabled"}  # what changed, and nothing else
    assert "canary-7c1" not in repr(entry)
    page = await browser.press(await browser.get(page.link("Enable")), "Enable")
    assert (await hub.endpoints.get(endpoint_id)).enabled
    rotated = await browser.press(await browser.get(page.link("Rotate the secret")), "Rotate the secret")
    assert rotated.heading == "The signing secret"
    assert len((await hub.endpoints.get(endpoint_id)).secrets) == 2
    await staff.connected()
    asked = await browser.get(page.link("Replay"))
    again = await browser.press(asked, "Replay", {"since": "nonsense"})
    assert (again.status, "Choose one from the list." in again.text) == (422, True)
    gone = await browser.press(await browser.get(page.link("Delete")), "Delete")
    assert (gone.heading, "No endpoints yet" in gone.text) == ("Webhooks", True)
    assert (await browser.get(f"{DESK}/webhooks/{endpoint_id}")).status == 404


async def test_what_code_configured_is_shown_and_not_changed(tmp_path: Path) -> None:
    """An endpoint of the configuration has no buttons that would change it; a test it may have."""
    webhook = Webhook(url=ADDRESS, secrets=[generate_secret()], name="payroll")
    projects = {"default": Project(api_keys=[Secret(API_KEY)], webhooks=[webhook]), "other": Project()}
    staff = await make_desk(tmp_path, projects=projects)
    await staff.connected()
    browser = await staff.browser("admin")
    page = await browser.get(f"{DESK}/webhooks/payroll")
    assert ("Set in code" in page.text, "Account connected" in page.links) == (True, True)
    assert not {"Delete", "Disable", "Rotate the secret"} & set(page.links)
    assert "Send a test" in page.links
    assert (
        await browser.get(f"{DESK}/webhooks/payroll?state=")
    ).status == 200  # "All states", as a form has it
    for query in ("state=x", "cursor=y", "colour=z"):
        assert (await browser.get(f"{DESK}/webhooks/payroll?{query}")).status == 400
    for action in ("delete", "disable", "nothing"):
        seen = await browser.get(f"{DESK}/webhooks/payroll/{action}")
        if seen.status == 200:
            seen = await browser.send(next(form for form in seen.forms if form.action.endswith(action)))
        assert seen.status in {404, 409}
    assert len(await staff.made.hub.endpoints.list()) == 1
