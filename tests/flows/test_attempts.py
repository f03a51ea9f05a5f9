"""`hub.attempts`: how far a customer came, from the pages as they are used."""

from datetime import timedelta
from pathlib import Path

import pytest

from connect_hub.errors import SessionNotFound, ValidationFailed
from connect_hub.models import Step, StepKind
from tests.customer import Customer
from tests.hubs import GOOD_KEY, make_hub
from tests.web.stored import contents


def _told(steps: list[Step]) -> list[tuple[str, str | None, str | None]]:
    return [(step.kind.value, step.provider, step.error_code) for step in steps]


async def test_a_key_leaves_a_trail_without_what_was_typed(tmp_path: Path) -> None:
    """Opened, picked, refused, submitted, failed, connected, with codes; no step holds what was typed."""
    made = make_hub(tmp_path)
    link = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme")
    customer = Customer(made.hub)
    form = await customer.pick(link.url, "Acme Key")
    await customer.get(form.url)
    made.clock.advance(timedelta(seconds=20))
    empty = await customer.press(form, "Connect Acme Key")
    wrong = await customer.press(empty, "Connect Acme Key", {"f.api_key": "wrong-key-0123456789"})
    made.clock.advance(timedelta(seconds=20))
    await customer.press(wrong, "Connect Acme Key", {"f.api_key": GOOD_KEY})

    steps = await made.hub.attempts.timeline(link.session.id)
    key = "simulated-key"
    assert _told(steps) == [
        ("opened", None, None),
        ("picked", key, None),
        ("failed", key, "validation_error"),
        ("submitted", key, None),
        ("failed", key, "rejected_credentials"),
        ("submitted", key, None),
        ("connected", key, None),
    ]
    assert steps[-1].took == timedelta(seconds=40)
    assert (steps[-1].attempt_id, steps[1].attempt_id) == (steps[-2].attempt_id, None)
    assert "wrong-key" not in str(contents(tmp_path)["attempt_steps"])
    before, funnel = await made.hub.attempts.funnel(
        since=made.clock.now() - timedelta(hours=1), until=made.clock.now() + timedelta(seconds=1)
    )
    assert before.sessions == {StepKind.OPENED: 1}
    assert (funnel.provider, funnel.sessions[StepKind.PICKED], funnel.median) == (key, 1, steps[-1].took)


async def test_a_sign_in_leaves_a_trail(tmp_path: Path) -> None:
    """Redirected, returned and failed with the provider's refusal; who then leaves has abandoned it."""
    made = make_hub(tmp_path)
    link = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme", provider="simulated")
    customer = Customer(made.hub)
    leaving = await customer.press(await customer.enter(link.url), "Connect Acme Login")
    assert leaving.refresh is not None
    failed = await customer.get(made.provider.deny(leaving.refresh))
    await customer.press(await customer.get(failed.link("Exit")), "Leave")
    assert _told(await made.hub.attempts.timeline(link.session.id)) == [
        ("opened", "simulated", None),
        ("picked", "simulated", None),
        ("submitted", "simulated", None),
        ("redirected", "simulated", None),
        ("returned", "simulated", None),
        ("failed", "simulated", "provider_refused"),
        ("abandoned", "simulated", None),
    ]


async def test_who_goes_without_a_word_has_abandoned(tmp_path: Path) -> None:
    """A visit that ended in the middle shows as abandoned when its time is over, and not before."""
    made = make_hub(tmp_path)
    link = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme")
    await Customer(made.hub).pick(link.url, "Acme Key")
    assert _told(await made.hub.attempts.timeline(link.session.id))[-1] == ("picked", "simulated-key", None)
    made.clock.advance(timedelta(minutes=31))
    steps = await made.hub.attempts.timeline(link.session.id)
    assert _told(steps)[-1] == ("abandoned", "simulated-key", "visit_expired")
    assert (steps[-1].at, steps[-2].kind) == (steps[-2].at + timedelta(minutes=30), StepKind.PICKED)


async def test_a_link_that_was_declined_says_so(tmp_path: Path) -> None:
    """'This was not meant for me' is a step without a visit."""
    made = make_hub(tmp_path)
    link = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme")
    customer = Customer(made.hub)
    asked = await customer.press(await customer.open(link.url), "not meant for me")
    await customer.press(asked, "Withdraw")
    assert _told(await made.hub.attempts.timeline(link.session.id)) == [("abandoned", None, "declined")]


async def test_what_cannot_be_asked(tmp_path: Path) -> None:
    """T41: another project's session is as if absent; a window has an end, an offset and a limit."""
    made = make_hub(tmp_path)
    link = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme")
    with pytest.raises(SessionNotFound):
        await made.hub.attempts.timeline(link.session.id, project="another")
    now = made.clock.now()
    for since, until in (
        (now, now),
        (now - timedelta(days=400), now),
        (now.replace(tzinfo=None), now),
        (now - timedelta(days=1), now.replace(tzinfo=None)),
    ):
        with pytest.raises(ValidationFailed):
            await made.hub.attempts.funnel(since=since, until=until)
