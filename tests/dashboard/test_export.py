"""A long export: written as it is read, and no further than somebody reads."""

import asyncio
import csv
import io
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connect_hub import ConnectHub
from connect_hub.dashboard import DashboardConfig
from connect_hub.flows.accounts import Accounts
from connect_hub.operators import Operator, Role
from connect_hub.web.dashboard.audit import AuditPages
from connect_hub.web.dashboard.export import DownloadBrokenOff
from tests.customer import Customer
from tests.dashboard.desk import DESK, Staff, make_desk


def asked(name: str, browser: Customer) -> dict[str, Any]:
    """The request for an export."""
    cookie = "; ".join(f"{key}={value}" for key, value in browser.cookies.items())
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "https",
        "path": f"{DESK}/{name}.csv",
        "raw_path": f"{DESK}/{name}.csv".encode(),
        "root_path": "/connect",
        "query_string": b"",
        "headers": [(b"host", b"hub.test"), (b"cookie", cookie.encode())],
        "client": ("192.0.2.1", 1),
        "server": ("hub.test", 443),
    }


async def downloaded_until(
    hub: ConnectHub, request: dict[str, Any], happens: Callable[[], Awaitable[None]], *, pages: int = 1
) -> None:
    """Download an export without end in which something `happens` in each page of rows: none comes after the
    `pages` ones, and the download is not brought to its end."""
    lines, ended = 0, False

    async def receive() -> MutableMapping[str, Any]:
        await asyncio.sleep(3600)
        raise AssertionError

    async def send(message: MutableMapping[str, Any]) -> None:
        nonlocal lines, ended
        if message["type"] != "http.response.body":
            return
        ended = not message.get("more_body", False)
        lines += 1
        if lines % 500 == 300:
            await happens()

    try:
        async with asyncio.timeout(30):
            await hub.app(request, receive, send)
    finally:
        assert (lines, ended) == (1 + 500 * pages, False)


async def test_an_export_ends_when_the_browser_goes_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half-way through a list without end the browser leaves: nothing more is read of the database, no error
    leaves the hub, and the export stands in the log."""
    staff = await make_desk(tmp_path)
    account = await staff.made.hub.accounts.get(await staff.connected())
    browser = await staff.browser("viewer")
    read = 0

    async def endless(self: Accounts, *args: object, limit: int, **kwargs: object) -> list[object]:
        nonlocal read
        read += 1
        await asyncio.sleep(0)
        return [account] * limit

    monkeypatch.setattr(Accounts, "page_of", endless)
    gone, lines = asyncio.Event(), 0

    async def receive() -> MutableMapping[str, Any]:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        nonlocal lines
        if gone.is_set():
            # A server stops taking what nobody reads.
            await asyncio.sleep(3600)
        if message["type"] == "http.response.body":
            lines += 1
        if lines == 1200:
            gone.set()

    async with asyncio.timeout(30):
        await staff.made.hub.app(asked("accounts", browser), receive, send)
    assert lines == 1200
    assert read == 3  # five hundred at a time
    [entry] = await staff.made.hub.audit.list(action="accounts.exported")
    assert entry.actor.name == "Viewer"


@pytest.mark.parametrize("name", ["accounts", "audit"])
async def test_an_export_ends_when_its_operator_is_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """T41: whoever is revoked in the middle of a download gets no further page of rows; the download breaks
    off, so that it is not taken for a whole one."""
    staff = await make_desk(tmp_path)
    hub = staff.made.hub
    await staff.connected()
    browser = await staff.browser("admin")
    account, entry = (await hub.accounts.list())[0], (await hub.audit.list(project="*"))[0]

    async def endless_accounts(*args: object, limit: int, **kwargs: object) -> list[object]:
        return [account] * limit

    async def endless_entries(self: object, where: object, limit: int, before: object) -> list[object]:
        return [entry] * limit

    monkeypatch.setattr(Accounts, "page_of", endless_accounts)
    monkeypatch.setattr(AuditPages, "_entries", endless_entries)

    async def revoke() -> None:
        [admin] = [one for one in await hub.operators.list() if one.name == "Admin"]
        await hub.operators.revoke(admin.id)

    with pytest.raises(DownloadBrokenOff):
        await downloaded_until(hub, asked(name, browser), revoke)
    [line] = [one.getMessage() for one in caplog.records if one.name == "connect_hub.dashboard"]
    assert line.startswith("an export was broken off: operator")


async def test_an_export_ends_when_its_operator_has_other_roles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """T41: so it is, too, where the host says who is an operator, with a mapping that it changes."""
    roles = {"default": Role.ADMIN}
    auth = DashboardConfig(auth=lambda visitor: Operator("7", "Ada", roles))
    staff = await make_desk(tmp_path, dashboard=auth)
    hub = staff.made.hub
    account = await hub.accounts.get(await staff.connected())

    async def endless(*args: object, limit: int, **kwargs: object) -> list[object]:
        return [account] * limit

    monkeypatch.setattr(Accounts, "page_of", endless)

    async def lower() -> None:
        roles["default"] = Role.VIEWER

    with pytest.raises(DownloadBrokenOff):
        await downloaded_until(hub, asked("accounts", Customer(hub)), lower)


async def test_a_download_keeps_nobody_signed_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """T27: twenty minutes a page of rows, and nothing else asked for: it ends with the sign-in, which lasts
    thirty without use."""
    staff = await make_desk(tmp_path)
    hub, browser = staff.made.hub, await staff.browser("viewer")
    account = await hub.accounts.get(await staff.connected())

    async def endless(*args: object, limit: int, **kwargs: object) -> list[object]:
        return [account] * limit

    monkeypatch.setattr(Accounts, "page_of", endless)

    async def waits() -> None:
        staff.made.clock.advance(timedelta(minutes=20))

    with pytest.raises(DownloadBrokenOff):
        await downloaded_until(hub, asked("accounts", browser), waits, pages=2)


async def test_accounts_are_exported_as_a_table(staff: Staff) -> None:
    """All that the filters leave, and no cell is a formula to a spreadsheet; the export is in the log."""
    await staff.connected("42", "=cmd()")
    staff.made.clock.advance(timedelta(seconds=1))
    await staff.connected("43", "Globex")
    browser = await staff.browser("viewer")
    rows = list(csv.DictReader(io.StringIO((await browser.get(f"{DESK}/accounts.csv")).text)))
    assert [row["origin_owner_name"] for row in rows] == ["Globex", "'=cmd()"]
    staff.made.clock.advance(timedelta(seconds=1))
    await staff.connected("44", 'Acme;"=cmd()";')
    exported = (await browser.get(f"{DESK}/accounts.csv")).text
    # Where lists are separated by semicolons, a spreadsheet splits there, and reads a quote as a beginning.
    cells = [cell for row in csv.reader(io.StringIO(exported), delimiter=";") for cell in row]
    assert [cell for cell in cells if cell.startswith("=")] == []
    some = await browser.get(f"{DESK}/accounts.csv?q=43")
    assert [row["origin_owner_id"] for row in csv.DictReader(io.StringIO(some.text))] == ["43"]
    log = await staff.made.hub.audit.list(action="accounts.exported")
    assert [entry.actor.name for entry in log] == ["Viewer"] * 3


@pytest.mark.parametrize("between", ["\n", "\r\n", "\t", ";", '\n "', ';"'])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
async def test_no_operators_name_is_a_formula(tmp_path: Path, between: str, delimiter: str) -> None:
    """A host may let its staff call themselves what they like: however a spreadsheet splits the log, also
    where it takes each line for a row, no cell begins a formula."""
    name = f"Ada{between}=cmd|'/C calc'!A0"
    auth = DashboardConfig(auth=lambda visitor: Operator("7", name, {"default": Role.ADMIN}))
    staff = await make_desk(tmp_path, dashboard=auth)
    account_id, browser = await staff.connected(), Customer(staff.made.hub, headers={"accept": "text/html"})
    await browser.press(await browser.get(f"{DESK}/accounts/{account_id}/suspend"), "Suspend")
    exported = (await browser.get(f"{DESK}/audit.csv")).text
    assert "cmd|" in exported
    rows = [*csv.reader(io.StringIO(exported), delimiter=delimiter)]
    if delimiter != ",":  # by which a cell is quoted
        rows += [line.split(delimiter) for line in exported.splitlines()]
    cells = [cell for row in rows for cell in row]
    assert [cell for cell in cells if cell.lstrip(' "').startswith("=")] == []


async def test_a_download_that_nobody_here_asked_for_is_not_noted(staff: Staff) -> None:
    """A link on another site, which an operator's browser follows, downloads nothing and writes nothing into
    the log; asking for the head alone reads no row and is not noted."""
    await staff.connected()
    browser = await staff.browser("admin")
    for path in ("accounts.csv", "audit.csv"):
        for site in ("cross-site", "same-site"):
            seen = await browser.request("GET", f"{DESK}/{path}", sec_fetch_site=site)
            assert (seen.status, "cross_site_request" in seen.text) == (403, True)
        head = await browser.request("HEAD", f"{DESK}/{path}")
        assert (head.status, head.headers["content-type"]) == (200, "text/csv; charset=utf-8")
        assert await staff.made.hub.audit.list() == []
    for site in ("same-origin", "none"):
        seen = await browser.request("GET", f"{DESK}/accounts.csv", sec_fetch_site=site)
        assert seen.status == 200
    assert len(await staff.made.hub.audit.list(action="accounts.exported")) == 2
