"""What a filter leaves: in a list, in its export, and in the figures above it."""

import csv
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import pytest

from tests.customer import Customer
from tests.dashboard.desk import DESK, make_desk
from tests.dashboard.test_authorisation import everything


@pytest.mark.parametrize("owner", ["42", " 42 "])
async def test_the_export_has_what_the_list_shows(tmp_path: Path, owner: str) -> None:
    """A customer is found by their id, also one with spaces at its ends, and an account by its own; the list
    and its export read the filter alike."""
    staff = await make_desk(tmp_path)
    wanted = await staff.connected(owner)
    await staff.connected("another", "Globex")
    browser = await staff.browser("viewer")
    for text in {owner, " 42 ", wanted, f"{wanted} "}:
        listed = await browser.get(f"{DESK}/accounts?{urlencode({'q': text})}")
        exported = await browser.get(f"{DESK}/accounts.csv?{urlencode({'q': text})}")
        assert [row["id"] for row in csv.DictReader(exported.text.splitlines())] == [wanted], text
        assert "Acme" in listed.text
        assert "Globex" not in listed.text, text
    nothing = await browser.get(f"{DESK}/accounts.csv?{urlencode({'q': 'nobody'})}")
    assert len(nothing.text.splitlines()) == 1


async def test_failures_are_of_the_chosen_days(tmp_path: Path) -> None:
    """The list of what failed begins where the funnel above it does."""
    staff = await make_desk(tmp_path)
    hub = staff.made.hub
    link = await hub.links.create(origin_owner_id="42", origin_owner_name="Acme")
    customer = Customer(hub)
    await customer.press(
        await customer.pick(link.url, "Acme Key"), "Connect Acme Key", {"f.api_key": "wrong"}
    )
    staff.made.clock.advance(timedelta(days=20))
    browser = await staff.browser("viewer")
    month = await browser.get(f"{DESK}/attempts?days=30")
    assert "rejected_credentials" in month.text
    assert "1 link was opened." in month.text
    week = await browser.get(f"{DESK}/attempts?days=7")
    assert "rejected_credentials" not in week.text
    assert "Nothing matches" in week.text


@pytest.mark.parametrize(
    ("address", "part"),
    [
        ("accounts?status=bogus", "status"),
        ("accounts?cursor=1767312000000", "cursor"),
        ("links?status=bogus", "status"),
        ("attempts?days=9999", "days"),
        ("audit?action=bogus", "action"),
        ("audit?foo=1", "foo"),
    ],
)
async def test_an_address_that_cannot_be_read(tmp_path: Path, address: str, part: str) -> None:
    """The page names the part that is wrong, and claims nothing of what the list would have."""
    staff = await make_desk(tmp_path)
    await staff.connected("42")
    page = await (await staff.browser("admin")).get(f"{DESK}/{address}")
    assert page.status == 400
    assert f"its part “{part}” cannot be read" in page.text
    for claim in ("matches", "Nobody tried", "No accounts yet", "Nothing was done yet", "No attempts yet"):
        assert claim not in page.text


async def test_keys_are_listed_in_pages(tmp_path: Path) -> None:
    """Twenty-five to a page, each key once; a cursor that was cut is refused and the form stays."""
    staff = await make_desk(tmp_path)
    made = {(await staff.made.hub.api_keys.create(name=f"key {n}")).key.id for n in range(26)}
    browser = await staff.browser("admin")
    first = await browser.get(f"{DESK}/keys")
    last = await browser.get(first.links["Next page"])
    seen = [{key for key in made if f"/keys/{key}/revoke" in page.text} for page in (first, last)]
    assert [len(keys) for keys in seen] == [25, 1]
    assert seen[0] | seen[1] == made
    assert "First page" in last.links
    cut = await browser.get(f"{DESK}/keys?cursor=1")
    assert cut.status == 400
    assert "Create key" in cut.text
    assert "No keys yet" not in cut.text


async def test_past_the_end_of_a_list_there_is_a_way_back(tmp_path: Path) -> None:
    """Where no more of a list is, whether it has rows or none, nothing is claimed of the whole, and the first
    page is one step away, with the same filters, which can be changed or cleared."""
    staff = await make_desk(tmp_path)
    browser, names = await staff.browser("admin"), await everything(staff)
    lists = {
        "accounts": "status=error",
        "attempts": "provider=simulated-key",
        "audit": "action=account.suspended",
        "keys": "",
        "links": "status=revoked",
        f"webhooks/{names['endpoint_id']}": "state=dead",
    }
    for path, filters in lists.items():
        cursor = "1.1-1" if path == "attempts" else "1.1"
        for query in ("", filters):
            past = await browser.get(f"{DESK}/{path}?cursor={cursor}&{query}".rstrip("&"))
            shown = past.text.partition("<main")[2]
            assert "The list ends before this page" in shown, path
            assert [
                words for words in ("yet", "matches", "Nobody", "What happens from now on") if words in shown
            ] == [], path
            first = await browser.get(past.links["First page"])
            assert (first.status, urlsplit(first.url).query) == (200, query), path
            if query:
                assert ("Clear" in past.links, ">Filter</button>" in shown.replace("\n", "")) == (
                    True,
                    True,
                ), path


async def test_an_address_puts_no_words_of_its_own_on_the_page(tmp_path: Path) -> None:
    """T2: the name of a parameter that is none is told only where it looks like a name."""
    staff = await make_desk(tmp_path)
    browser = await staff.browser("admin")
    for path in ("accounts", "accounts.csv"):
        for name in ("EVIL.example", "call 555 0100", "\u202egnp.exe", "<b>", "x" * 101):
            page = await browser.get(f"{DESK}/{path}?{urlencode({name: '1'})}")
            assert page.status == 400
            assert name not in page.text.partition("<main")[2].partition("<footer")[0], (path, name)
