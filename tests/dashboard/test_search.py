"""Customers found by a part of their name: in the lists of accounts and of links, and in an export."""

import csv
import io
from datetime import timedelta

import pytest

from connect_hub.web.dashboard import search
from connect_hub.web.urls import with_query
from tests.dashboard.desk import DESK, Staff

BY_NAME = "No ID is exactly this."


async def named(staff: Staff, *names: str) -> None:
    """Customers "1", "2" and so on with an account each, the last one newest."""
    for number, name in enumerate(names, start=1):
        await staff.connected(str(number), name)
        staff.made.clock.advance(timedelta(seconds=1))


@pytest.mark.parametrize(("page", "param"), [("accounts", "q"), ("links", "owner")])
async def test_a_customer_is_found_by_a_part_of_their_name(staff: Staff, page: str, param: str) -> None:
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
        seen = await browser.get(with_query(f"{DESK}/{page}", [(param, text)]))
        assert {name for name in ("Müller & Söhne", "Globex", "Acme 2") if name in seen.links} == found, text
        assert (BY_NAME in seen.text) == (bool(found) and text != "2"), text
        assert ("whole ID" in seen.text) == (not found), text
    status = "suspended" if page == "accounts" else "revoked"
    seen = await browser.get(with_query(f"{DESK}/{page}", [(param, "2"), ("status", status)]))
    assert ("Acme 2" in seen.links, BY_NAME in seen.text) == (False, False)


@pytest.mark.parametrize(("page", "param"), [("accounts", "q"), ("links", "owner")])
async def test_a_search_goes_on_with_older_rows(
    staff: Staff, monkeypatch: pytest.MonkeyPatch, page: str, param: str
) -> None:
    """It reads so many rows and no more for one page, and says where it stopped."""
    monkeypatch.setattr(search, "ROWS_AT_ONCE", 1)
    monkeypatch.setattr(search, "LOOKED_THROUGH", 2)
    await named(staff, "Acme", "Other", "Other", "Acme", "Other", "Other", "Other")
    browser = await staff.browser("viewer")
    seen = await browser.get(with_query(f"{DESK}/{page}", [(param, "acme")]))
    rows = []
    while True:
        rows.append(seen.text.count('<th scope="row"'))
        if rows[-1] == 0:
            assert ("Nothing found so far" in seen.text) == ("Look further back" in seen.links)
        if "Look further back" not in seen.links:
            break
        assert "There may be more among older ones." in seen.text
        seen = await browser.get(seen.link("Look further back"))
    assert rows == [0, 1, 0, 1]


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
