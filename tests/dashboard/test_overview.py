"""What the overview and the attempts count: the numbers, and what they say where counting ended."""

import re
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest

from connect_hub.flows import overview as counting
from connect_hub.models import AccountStatus
from connect_hub.web.dashboard import home
from connect_hub.web.dashboard.charts import columns, stack
from tests.customer import Customer
from tests.dashboard.desk import DESK, make_desk
from tests.hubs import GOOD_KEY


def table(text: str, caption: str) -> list[list[str]]:
    """The cells of the body of the table that is called so."""
    found = text[text.index(f">{caption}</caption>") :]
    body = found[found.index("<tbody>") : found.index("</tbody>")]
    return [
        [
            " ".join(unescape(re.sub(r"<[^>]*>", " ", cell)).split())
            for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.DOTALL)
        ]
        for row in body.split("</tr>")[:-1]
    ]


async def test_the_overview_counts_what_the_lists_have(tmp_path: Path) -> None:
    """Accounts by the status that lists show, an inactive one among them; connections by day; deliveries by
    state; success by provider. Each chart has its table."""
    staff = await make_desk(tmp_path)
    hub = staff.made.hub
    endpoint = (await hub.endpoints.create(url="https://example.com/hook")).endpoint
    first = await staff.connected("1")
    staff.made.clock.advance(timedelta(days=2))
    await staff.connected("2")
    await hub.accounts.suspend(first)
    link = await hub.links.create(origin_owner_id="3", origin_owner_name="Three")
    await Customer(hub).pick(link.url, "Acme Key")
    await hub.endpoints.disable(endpoint.id)
    staff.made.clock.advance(timedelta(seconds=1))
    browser = await staff.browser("viewer")
    text = (await browser.get(DESK)).text
    assert table(text, "Accounts by status") == [["Active", "1", "50 %"], ["Suspended", "1", "50 %"]]
    today = staff.made.clock.now().date()
    days = table(text, "New connections by day")
    assert len(days) == 30
    assert days[0] == [f"{today:%-d %b %Y}", "1"]
    assert days[2] == [f"{today - timedelta(days=2):%-d %b %Y}", "1"]
    assert sum(int(count) for _, count in days) == 2
    assert '<p class="figure">2</p>' in text
    [[state, deliveries, share]] = table(text, "Deliveries by state")
    assert (state, int(deliveries) > 0, share) == ("Held back", True, "100 %")
    assert table(text, "Success by provider") == [["Acme Key", "3", "2", "67 %"]]
    await hub.connector_settings.disable("simulated-key")
    staff.made.clock.advance(timedelta(minutes=1))
    text = (await (await staff.browser("viewer")).get(DESK)).text
    assert table(text, "Accounts by status") == [["Connector off", "2", "100 %"]]


async def test_a_count_that_ended_is_marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What there may be more of has a plus and no share, days that nobody counted are left out and not drawn
    as nothing, and the page says how far it counted."""
    staff = await make_desk(tmp_path)
    hub = staff.made.hub
    await hub.endpoints.create(url="https://example.com/hook")
    for number in range(4):
        await staff.connected(str(number))
        staff.made.clock.advance(timedelta(days=1))
    await hub.accounts.suspend((await hub.accounts.list())[0].id)
    whole = counting.overview

    async def short(*args: object, **kwargs: object) -> counting.Overview:
        return await whole(*args, **kwargs, most=2)  # type: ignore[arg-type]  # as they came

    monkeypatch.setattr(home, "overview", short)
    text = (await (await staff.browser("viewer")).get(DESK)).text
    assert table(text, "Accounts by status") == [["Active", "2+"], ["Suspended", "1"]]
    yesterday, before = (staff.made.clock.now().date() - timedelta(days=n) for n in (1, 2))
    days = table(text, "New connections by day")
    assert days[-2:] == [[f"{yesterday:%-d %b %Y}", "1"], [f"{before:%-d %b %Y}", "1+"]]
    assert '<p class="figure"><bdi dir="ltr">2+</bdi></p>' in text
    assert [row[1][-1:] for row in table(text, "Deliveries by state")] == ["+"]
    for told in (
        "Only the newest 3,000 are counted.",
        "Of each status at most 3,000 are counted.",
        "Only those of the newest 1,000 events are counted.",
    ):
        assert told in text


async def test_an_account_that_cannot_be_used_is_as_inexact_as_its_status(tmp_path: Path) -> None:
    """Where the active ones were not all counted, neither were those of them whose connector is off."""
    staff = await make_desk(tmp_path)
    hub = staff.made.hub
    for number in range(3):
        await staff.connected(str(number))
    await hub.connector_settings.disable("simulated-key")
    since = staff.made.clock.now() - timedelta(days=1)
    seen = await counting.overview(hub._core, hub.endpoints, since=since, most=2)
    assert seen.accounts == {AccountStatus.INACTIVE: 2}
    assert seen.cut_statuses == {AccountStatus.INACTIVE}


async def test_the_last_days_are_the_same_on_every_page(tmp_path: Path) -> None:
    """Whole days of UTC, today among them: who picked a provider a moment before they began is counted, and
    listed, nowhere; who did as they began, everywhere."""
    staff = await make_desk(tmp_path)
    hub, clock = staff.made.hub, staff.made.clock
    now = clock.now().replace(hour=9) + timedelta(days=100)
    begin = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=29)
    for number, (at, typed) in enumerate(
        (
            (now - timedelta(days=30), GOOD_KEY),
            (begin - timedelta(milliseconds=1), "wrong-key-0123456789"),
            (begin, "wrong-key-9876543210"),
            (begin, GOOD_KEY),
            (now - timedelta(seconds=1), GOOD_KEY),
        )
    ):
        clock.advance(at - clock.now())
        link = await hub.links.create(origin_owner_id=str(number), origin_owner_name=f"Owner {number}")
        form = await (customer := Customer(hub)).pick(link.url, "Acme Key")
        await customer.press(form, "Connect Acme Key", {"f.api_key": typed})
    clock.advance(now - clock.now())
    browser = await staff.browser("viewer")
    overview = (await browser.get(DESK)).text
    assert table(overview, "Success by provider") == [["Acme Key", "3", "2", "67 %"]]
    assert sum(int(count) for _, count in table(overview, "New connections by day")) == 2
    for days in ("", "?days=30"):
        text = (await browser.get(f"{DESK}/attempts{days}")).text
        [[name, picked, submitted, failed, connected, share, _]] = table(
            text, "Customers by step and provider"
        )
        assert (name, picked, connected, share) == ("Acme Key", "3", "2", "67 %")
        assert (submitted, failed) == ("3", "1")
        assert [row[0][:7] for row in table(text, "Failed attempts, newest first")] == ["Owner 2"]


def test_charts_draw_what_they_are_given() -> None:
    """Columns stand under a round scale, what is not nothing is seen, and parts fill the whole."""
    chart = columns([("a", 0), ("b", 1), ("c", 150)])
    assert (chart.most, chart.total) == (200, 151)
    assert [bar.height for bar in chart.bars] == [0.0, 2.0, 120.0]
    parts = stack([("good", "x", 3, False), ("calm", "none", 0, False), ("bad", "y", 1, False)]).parts
    assert [(part.label, part.share, part.x) for part in parts] == [("x", "75 %", 0.0), ("y", "25 %", 540.0)]


async def test_the_funnel_counts_customers_by_step(tmp_path: Path) -> None:
    """Opened, picked, submitted, failed, connected, the share of success and the median time; of one provider
    where it is chosen."""
    staff = await make_desk(tmp_path)
    hub = staff.made.hub
    for number, typed in enumerate((GOOD_KEY, GOOD_KEY, "wrong-key-0123456789", None)):
        link = await hub.links.create(origin_owner_id=str(number), origin_owner_name=f"Owner {number}")
        form = await (customer := Customer(hub)).pick(link.url, "Acme Key")
        staff.made.clock.advance(timedelta(seconds=10 * (number + 1)))
        if typed is not None:
            await customer.press(form, "Connect Acme Key", {"f.api_key": typed})
    fixed = await hub.links.create(origin_owner_id="4", origin_owner_name="Owner 4", provider="simulated-key")
    await Customer(hub).enter(fixed.url)
    staff.made.clock.advance(timedelta(seconds=1))
    browser = await staff.browser("viewer")
    text = (await browser.get(f"{DESK}/attempts?provider=simulated-key")).text
    assert "opened." not in text  # those that let their customer choose were opened for no provider
    text = (await browser.get(f"{DESK}/attempts")).text
    assert "5 links were opened." in text
    [row] = table(text, "Customers by step and provider")
    assert row[:6] == ["Acme Key", "5", "3", "1", "2", "40 %"]
    assert row[6] in {"10 s", "15 s", "20 s"}
    [failed] = table(text, "Failed attempts, newest first")
    assert failed[0].startswith("Owner 2")
    assert "rejected_credentials" in failed[2]
    assert "Ask the customer to copy the key again" in failed[2]
    only = (await browser.get(f"{DESK}/attempts?provider=later")).text
    assert "Nothing matches" in only
