"""Customers found by a part of their name: in the lists of accounts and of links, and in an export."""

import csv
import io
from datetime import timedelta

import pytest

from connect_hub.web.dashboard import search
from connect_hub.web.urls import with_query
from tests.dashboard.desk import DESK, Staff

BY_NAME = "Nothing here has exactly this ID."


async def named(staff: Staff, *names: str) -> None:
    """Customers "1", "2" and so on with an account each, the last one newest."""
    for number, name in enumerate(names, start=1):
        await staff.connected(str(number), name)
        staff.made.clock.advance(timedelta(seconds=1))


@pytest.mark.parametrize("page", ["accounts", "links"])
async def test_a_customer_is_found_by_a_part_of_their_name(staff: Staff, page: str) -> None:
    """Without regard to case, accents and spaces; an id, even without rows for the other filters, is that
    customer and nobody else."""
    await named(staff, "Müller & Söhne", "Globex", "Acme 2")
    browser = await staff.browser("viewer")
    for text, found in (
        ("muller", {"Müller & Söhne"}),
        (" GLOB ", {"Globex"}),
        ("e", {"Müller & Söhne", "Globex", "Acme 2"}),
        ("2", {"Globex"}),
        ("\u0301", set()),
        ("nobody", set()),
    ):
        seen = await browser.get(with_query(f"{DESK}/{page}", [("q", text)]))
        assert {name for name in ("Müller & Söhne", "Globex", "Acme 2") if name in seen.links} == found, text
        assert (BY_NAME in seen.text) == (bool(found) and text != "2"), text
        assert ("whole ID" in seen.text) == (not found), text
    status = "suspended" if page == "accounts" else "revoked"
    seen = await browser.get(with_query(f"{DESK}/{page}", [("q", "2"), ("status", status)]))
    assert ("Acme 2" in seen.links, BY_NAME in seen.text) == (False, False)


@pytest.mark.parametrize("page", ["accounts", "links"])
async def test_a_search_goes_on_with_older_rows(
    staff: Staff, monkeypatch: pytest.MonkeyPatch, page: str
) -> None:
    """It reads so many rows and no more for one page, and says where it stopped."""
    monkeypatch.setattr(search, "ROWS_AT_ONCE", 1)
    monkeypatch.setattr(search, "LOOKED_THROUGH", 2)
    await named(staff, "Acme", "Other", "Other", "Acme", "Other", "Other", "Other")
    browser = await staff.browser("viewer")
    seen = await browser.get(with_query(f"{DESK}/{page}", [("q", "acme")]))
    rows = []
    told = []
    while True:
        rows.append(seen.text.count('<th scope="row"'))
        if rows[-1] == 0:
            told.append("Nothing more found so far" if "First page" in seen.links else "Nothing found so far")
            assert told[-1] in seen.text
        if "Look further back" not in seen.links:
            break
        assert "There may be more among older ones." in seen.text
        seen = await browser.get(seen.link("Look further back"))
    assert rows == [0, 1, 0, 1]
    assert told == ["Nothing found so far", "Nothing more found so far"]
    last = await browser.get(seen.url.removeprefix("https://hub.test").replace("acme", "nobody"))
    assert "All older ones were looked through." in last.text


async def test_ways_from_other_pages_are_of_one_customer(staff: Staff) -> None:
    """Also where that customer has no account, and somebody else's name has their id as a part."""
    await staff.connected("42", "Studio 7")
    hub = staff.made.hub
    link = await hub.links.create(origin_owner_id="7", origin_owner_name="Seven")
    browser = await staff.browser("viewer")
    page = await browser.get(f"{DESK}/links/{link.session.id}")
    accounts = await browser.get(page.link("Accounts of this customer"))
    assert ("Studio 7" in accounts.links, "No account matches" in accounts.text) == (False, True)


async def test_an_export_has_who_is_found_by_name(staff: Staff) -> None:
    """The rows of the list, to its end."""
    await named(staff, "Acme", "Globex", "ACME Limited")
    browser = await staff.browser("viewer")
    seen = await browser.get(f"{DESK}/accounts?q=acme")
    exported = (await browser.get(seen.link("Export CSV"))).text
    assert [row["origin_owner_name"] for row in csv.DictReader(io.StringIO(exported))] == [
        "ACME Limited",
        "Acme",
    ]
