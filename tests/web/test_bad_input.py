"""What nobody should send or configure, on the pages: long and hostile names, a form without end."""

from pathlib import Path

import pytest

from connect_hub.errors import ValidationFailed
from connect_hub.web.body import FORM_LIMIT
from tests.customer import Customer
from tests.hubs import GOOD_KEY, make_hub
from tests.web.awkward import MANY, many_fields
from tests.web.stored import counts


async def test_form_of_400_fields(tmp_path: Path) -> None:
    """A form of 400 fields is shown whole, sent whole with the longest values that it allows in the script
    that takes most bytes, refused with the wrong fields named and every value kept, and then connects."""
    made = make_hub(tmp_path, connectors=[many_fields()])
    link = await made.hub.links.create(
        origin_owner_id="42", origin_owner_name="Acme", provider="form-without-end"
    )
    customer = Customer(made.hub)
    form = await customer.enter(link.url)
    assert form.status == 200
    values = {f"f.answer_{n}": f"{n} " + "😀" * 100 for n in range(MANY - 2)}
    values |= {"f.api_key": GOOD_KEY, "f.answer_398": "Large & <b>", "f.answer_399": "ok"}
    assert set(values) <= set(form.form("Connect Long Form").fields)
    assert sum(len(value.encode()) * 3 for value in values.values()) > 10 * FORM_LIMIT
    refused = await customer.press(form, "Connect Long Form", values)
    assert (refused.status, refused.heading) == (422, "Connect Long Form")
    assert refused.text.count('aria-invalid="true"') == 1
    assert "Answer 398: Small letters alone." in " ".join(refused.links)
    kept = refused.form("Connect Long Form").fields
    assert {name: kept[name] for name in values} == values
    assert counts(tmp_path)["accounts"] == 0
    # One field too many is named, without a list of the 401 that there are.
    odd = await customer.press(refused, "Connect Long Form", {"f.answer_398": "ok", "f.colour": "red"})
    assert odd.status == 422
    assert "There is no such field here" in odd.text
    assert len(odd.text) < len(refused.text) + 2_000
    done = await customer.press(odd, "Connect Long Form", {"f.answer_398": "ok"})
    assert done.heading == "Long Form is connected"
    [account] = await made.hub.accounts.list()
    assert account.provider == "form-without-end"


async def test_form_has_an_end(tmp_path: Path) -> None:
    """T40: only what a connector asks for comes on top of 100 fields and 32 KiB, only in its own form, and
    never more than 1 MiB."""
    made = make_hub(tmp_path, connectors=[many_fields()])
    link = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme")
    customer = Customer(made.hub)
    listed = await customer.enter(link.url)
    small = await customer.get(listed.link("Acme Key"))
    large = await customer.get(listed.link("Long Form"))
    flood = {f"f.x{n}": "" for n in range(200)}
    assert (await customer.press(small, "Connect Acme Key", flood)).status == 400
    assert (await customer.press(small, "Connect Acme Key", {"f.api_key": "x" * 60_000})).status == 413
    assert (await customer.press(large, "Connect Long Form", {"f.api_key": "x" * 1_100_000})).status == 413
    assert (await customer.request("POST", "/connect/link/open", {"token": "x" * 40_000})).status in {
        403,
        413,
    }
    assert counts(tmp_path)["accounts"] == 0


HOSTILE = "<img src=x onerror=alert(1)>\u202egnp\u2066\u200b\u2060 🙂 {{ 7*7 }}"


async def test_names_of_10_000_characters(tmp_path: Path) -> None:
    """T2: a name of 10,000 characters is refused with the field and the limit, of whatever it is made; one
    as long as may be, with markup, marks that turn and marks that nobody sees, is a short line of visible
    text on every page from the link to success, the provider's own name for the account too."""
    made = make_hub(tmp_path)
    for field in ("origin_owner_name", "origin_username", "label"):
        names = {"origin_owner_id": "42", "origin_owner_name": "Acme"}
        with pytest.raises(ValidationFailed) as refused:
            await made.hub.links.create(**{**names, field: (HOSTILE * 300)[:10_000]})  # type: ignore[arg-type]
        assert field in str(refused.value)
        assert len(str(refused.value)) < 500
    link = await made.hub.links.create(
        origin_owner_id="42",
        origin_owner_name=(HOSTILE * 300)[:500],
        origin_username=("🙂\u200d" * 300)[:500],
        provider="simulated",
    )
    customer = Customer(made.hub)
    landing = await customer.open(link.url)
    form = await customer.press(landing, "Continue")
    leaving = await customer.press(form, "Connect Acme Login")
    assert leaving.refresh is not None
    done = await customer.get(
        made.provider.approve(leaving.refresh, user=("<img src=x onerror=alert(1)> 🙂" * 4)[:100])
    )
    assert done.heading == "Acme Login is connected"
    for seen in (landing, form, leaving, done):
        assert not set(seen.text) & set("\u202e\u2066\u200b\u2060\u200d"), seen.heading
        assert "<img src=x" not in seen.text
        assert "49" not in seen.text.partition("<main")[2].partition("gnp")[2][:200]
        assert len(seen.text) < 12_000
    assert "“&lt;img src=x" in landing.text
    assert "“&lt;img src=x" in done.text
