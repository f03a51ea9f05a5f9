"""The Cookie header: what is read of it, and what reading it costs."""

import http.cookies
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

import pytest
import starlette.requests
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from connect_hub import HubConfig, LinkConfig, PageConfig, Subject, Visitor
from connect_hub.models import Binding
from connect_hub.web.cookies import SentCookies, visit_cookies
from connect_hub.web.visitor import visitor_of
from tests.customer import Customer
from tests.hubs import make_hub

if TYPE_CHECKING:
    from _typeshed import TraceFunction

SECRET = "Az09_-" + "s" * 37
GOOD = f"__Host-chub_0123abcd={SECRET}"
SLOW = 'a="' + "\\" * 15_000 + '"'
"""What the standard library's cookies take quadratic time for (CVE-2024-7592)."""


def request(*cookies: str) -> Request:
    headers = [(b"cookie", text.encode("latin-1")) for text in cookies]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": headers})


def all_of(sent: Request) -> dict[str, str]:
    return dict(SentCookies(sent.headers.getlist("cookie")))


@pytest.fixture
def no_foreign_parser(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever asks the standard library or starlette for cookies fails."""

    def forbidden(*_: object, **__: object) -> NoReturn:
        raise AssertionError("the Cookie header was given to a parser that is not ours")

    monkeypatch.setattr(http.cookies, "_unquote", forbidden)
    monkeypatch.setattr(http.cookies.BaseCookie, "load", forbidden)
    monkeypatch.setattr(starlette.requests, "cookie_parser", forbidden)


@pytest.mark.usefixtures("no_foreign_parser")
@pytest.mark.parametrize("host_asks", [True, False])
async def test_no_request_gives_its_cookies_to_a_slow_parser(tmp_path: Path, host_asks: bool) -> None:
    """T40: no page, whether the host is asked who is signed in or not, unquotes what the browser sent."""
    seen: list[str | None] = []

    def signed_in(visitor: Visitor) -> Subject:
        seen.append(visitor.cookies.get("a"))
        return Subject("42")

    links = LinkConfig(binding=Binding.HOST_IDENTITY) if host_asks else LinkConfig()
    made = make_hub(tmp_path, config=HubConfig(links=links, pages=PageConfig(identity=signed_in)))
    customer = Customer(made.hub)
    customer.cookies["a"] = SLOW[2:]
    link = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme", provider="simulated")
    listed = await customer.enter(link.url)
    assert (listed.status, (await customer.get(listed.url)).status) == (200, 200)
    assert (await customer.get("/connect/visit/0123abcd")).status == 403
    assert (await customer.get("/connect/oauth/callback/simulated?code=x&state=y")).status == 403
    assert set(seen) == ({SLOW[2:]} if host_asks else set())


def lines_run(work: Callable[[], object]) -> int:
    """How many lines of Python `work` runs: its cost, whatever else the machine does."""
    lines = 0

    def count(frame: FrameType, event: str, _: object) -> "TraceFunction":
        nonlocal lines
        lines += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        work()
    finally:
        sys.settrace(before)
    return lines


@pytest.mark.parametrize(
    "piece", ["\\", ";", "; ", '"', "=", " ", "; a", "; __Host-chub_", "; __Host-chub_0123abcd=s"]
)
@pytest.mark.usefixtures("no_foreign_parser")
def test_the_cost_of_cookies_grows_with_their_length(piece: str) -> None:
    """T40: four times the header takes at most four times the steps, whatever it repeats."""

    def cost(length: int) -> int:
        sent = request((piece * length)[:length])
        return lines_run(lambda: (all_of(sent), visit_cookies(sent)))

    assert cost(16_000) <= 4 * cost(4_000) + 100


@pytest.mark.parametrize("headers", [[GOOD + "; a=" + "\\" * 60_000], [GOOD] + ["a=" + "b" * 3_000] * 6])
def test_too_many_cookies_are_none(headers: list[str]) -> None:
    """T40: more than 16 KiB of cookies, in one header or in several, are passed over."""
    assert visit_cookies(request(*headers)) == {}
    assert all_of(request(*headers)) == {}
    assert visit_cookies(request(headers[0][:16_000], *headers[1:5])) != {}


any_cookie = st.text(st.characters(max_codepoint=255, exclude_characters=";"), max_size=60)


@given(st.lists(any_cookie, max_size=8), st.integers(0, 8), st.sampled_from([";", "; ", ";\t  "]))
def test_a_visit_is_found_among_anything(others: list[str], place: int, separator: str) -> None:
    """T27, T40: what other applications' cookies look like neither breaks the reading nor hides a visit."""
    cookies = [*others[:place], GOOD, *others[place:]]
    assert visit_cookies(request(separator.join(cookies)))["0123abcd"] == SECRET


@pytest.mark.parametrize(
    "malformed",
    [
        f'__Host-chub_0123abcd="{SECRET}"',
        f"__Host-chub_0123abcd={SECRET}s",
        f"__Host-chub_0123abcd={SECRET[:-1]}",
        f"__Host-chub_0123abcd={SECRET[:-1]}\\",
        f"__Host-chub_0123ABCD={SECRET}",
        f"__Host-chub_0123abcd0={SECRET}",
        f"__host-chub_0123abcd={SECRET}",
        f"chub_0123abcd={SECRET}",
        f"x__Host-chub_0123abcd={SECRET}",
        f"a={GOOD}",
        f"={GOOD}",
        f"a, {GOOD}",
    ],
)
def test_what_only_looks_like_a_visit_is_none(malformed: str) -> None:
    """T27: the exact name and the exact shape alone count; nothing is unquoted into them."""
    assert visit_cookies(request(malformed)) == {}


def test_a_hosts_cookies_are_as_sent_and_read_only_when_asked_for() -> None:
    """T40, T46: the host's own cookies come without unquoting, the last of a name counts; they are read when
    the host asks, and no `repr` shows them."""
    visitor = visitor_of(request('login="a\\"b"; x=1=2', " x=3 ;flag; \xa0n=\xe9"))
    assert dict(visitor.cookies) == {"login": '"a\\"b"', "x": "3", "\xa0n": "\xe9"}
    assert (len(visitor.cookies), visitor.cookies.get("flag"), "login" in visitor.cookies) == (3, None, True)
    assert "login" not in repr(visitor.cookies)
    work = lines_run(lambda: SentCookies([SLOW]))
    assert work <= len(inspect.getsource(SentCookies).splitlines()), "nothing is read before it is asked for"
