"""Who may send a request: keys, origins, addresses, rates."""

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request

from connect_hub import HubConfig
from connect_hub.config import NetworkConfig, PublicUrl, Rate, RateConfig
from connect_hub.errors import CrossSiteRequest, InvalidApiKey, RateLimited
from connect_hub.web.guards import RateLimiter, api_key, client_address, refuse_browser, refuse_cross_site
from tests.customer import Customer
from tests.hubs import make_hub
from tests.web.api import basic

OURS = PublicUrl("https://hub.test/connect")


def request(*headers: tuple[str, str | bytes]) -> Request:
    raw = [(n.lower().encode(), v if isinstance(v, bytes) else v.encode("latin-1")) for n, v in headers]
    return Request({"type": "http", "headers": raw, "client": ("192.0.2.7", 4711)})


@given(st.text(st.characters(exclude_characters=":", exclude_categories=["Cs"]), min_size=1, max_size=200))
def test_any_key_is_read_with_and_without_the_colon(key: str) -> None:
    """T37: the user name of Basic in UTF-8, whatever it is made of."""
    assert api_key(request(("Authorization", basic(f"{key}:")))) == key
    assert api_key(request(("authorization", basic(key)))) == key


@given(st.binary(max_size=300))
def test_no_header_breaks_the_reading(value: bytes) -> None:
    """T37: whatever stands in the header, a key or InvalidApiKey comes out."""
    for header in (value, b"Basic " + value):
        with contextlib.suppress(InvalidApiKey):
            assert api_key(request(("Authorization", header)))


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        ({"Sec-Fetch-Site": "same-origin"}, True),
        ({"Sec-Fetch-Site": "none"}, True),
        ({"Sec-Fetch-Site": "same-site"}, False),
        ({"Sec-Fetch-Site": "cross-site"}, False),
        ({"Sec-Fetch-Site": "cross-site", "Origin": "https://hub.test"}, False),
        ({"Sec-Fetch-Site": "odd"}, False),
        ({"Origin": "https://hub.test"}, True),
        ({"Origin": "https://hub.test:443"}, False),
        ({"Origin": "https://hub.test.evil.test"}, False),
        ({"Origin": "http://hub.test"}, False),
        ({"Origin": "null"}, False),
        ({"Referer": "https://hub.test/"}, False),
        ({}, False),
    ],
)
def test_a_form_must_come_from_our_own_pages(headers: dict[str, str], allowed: bool) -> None:
    """T28: Sec-Fetch-Site decides where the browser sends it, else Origin must be ours, exactly."""
    sent = request(*headers.items())
    if allowed:
        refuse_cross_site(sent, OURS)
    else:
        with pytest.raises(CrossSiteRequest):
            refuse_cross_site(sent, OURS)


@pytest.mark.parametrize("site", ["same-origin", "same-site", "cross-site", "odd"])
def test_the_api_is_not_for_pages(site: str) -> None:
    """T38: any Sec-Fetch-Site but none, our own origin included, is refused; programs send none at all."""
    refuse_browser(request())
    refuse_browser(request(("Sec-Fetch-Site", "none")))
    with pytest.raises(CrossSiteRequest):
        refuse_browser(request(("Sec-Fetch-Site", site)))


def test_the_address_is_told_by_trusted_proxies_alone() -> None:
    """T39: without proxies the header is not read; with n of them, the n-th entry from the right counts."""
    forged = request(("X-Forwarded-For", "198.51.100.9, 203.0.113.1"), ("X-Forwarded-For", "203.0.113.2"))
    assert client_address(forged, 0) == "192.0.2.7"
    assert client_address(forged, 1) == "203.0.113.2"
    assert client_address(forged, 2) == "203.0.113.1"
    assert client_address(forged, 9) == "192.0.2.7"
    assert client_address(request(), 1) == "192.0.2.7"
    assert client_address(Request({"type": "http", "headers": []}), 0) == "unknown"
    forged.scope["wsgi_environ"] = {"SERVER_SOFTWARE": "Granian"}  # which X_Forwarded_For may be, of anybody
    assert client_address(forged, 1) == "192.0.2.7"


@pytest.mark.parametrize(
    ("told", "counted"),
    [
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:0DB8:1:2::", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::9]", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::9]:4711", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("[::FFFF:cb00:7109]:1", "203.0.113.9"),
        ("203.0.113.9", "203.0.113.9"),
        ("203.0.113.9:4711", "203.0.113.9"),
        ("unknown", "192.0.2.7"),
        ("_hidden" + "x" * 5000, "192.0.2.7"),
        ("203.0.113.9.1", "192.0.2.7"),
        ("[203.0.113.9", "192.0.2.7"),
    ],
)
def test_a_client_is_counted_by_what_it_cannot_change(told: str, counted: str) -> None:
    """T39: an IPv6 client has a whole /64 to send from, and a proxy may add the port: neither makes a new
    client. IPv4 in IPv6 is IPv4. What is no address is counted as the proxy that told it."""
    assert client_address(request(("X-Forwarded-For", told)), 1) == counted


@pytest.mark.parametrize(
    ("peer", "counted"),
    [
        ("2001:db8::1", "2001:db8::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::1", "::/64"),
        ("", ""),
        ("gw", "gw"),
    ],
)
def test_a_peer_is_counted_by_its_network(peer: str, counted: str) -> None:
    """T39: the same for the address that the server saw; where it saw none, all share a bucket."""
    assert client_address(Request({"type": "http", "headers": [], "client": (peer, 1)}), 0) == counted


class Seconds:
    """A monotonic clock that a test moves."""

    now = 1000.0

    def __call__(self) -> float:
        return self.now


def taken(limiter: RateLimiter, key: str, times: int) -> int:
    """How many of `times` requests pass."""
    passed = 0
    for _ in range(times):
        try:
            limiter.spend(key)
        except RateLimited:
            continue
        passed += 1
    return passed


def test_a_bucket_gives_its_burst_and_then_its_rate() -> None:
    """T39: `burst` at once, `per_second` in the long run, never more than `burst` saved; each key its own."""
    clock = Seconds()
    limiter = RateLimiter(Rate(2.0, 5), monotonic=clock)
    assert taken(limiter, "a", 9) == 5
    assert taken(limiter, "b", 9) == 5
    clock.now += 1.0
    assert taken(limiter, "a", 9) == 2
    clock.now += 3600.0
    assert taken(limiter, "a", 9) == 5


def test_who_waits_as_told_passes() -> None:
    """T39: the wait that a refusal names is enough, and it is not longer than needed."""
    clock = Seconds()
    limiter = RateLimiter(Rate(0.25, 1), monotonic=clock)
    limiter.spend("a")
    clock.now += 1.0
    with pytest.raises(RateLimited) as refused:
        limiter.spend("a")
    assert refused.value.retry_after.total_seconds() == pytest.approx(3.0)
    clock.now += refused.value.retry_after.total_seconds() + 1e-6
    limiter.spend("a")


def test_no_rate_is_no_limit() -> None:
    """None switches a limit off."""
    assert taken(RateLimiter(None), "a", 1000) == 1000


def test_the_memory_of_a_limiter_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """T39: many addresses cannot fill the memory; the longest unused are forgotten first."""
    monkeypatch.setattr("connect_hub.web.guards._REMEMBERED", 3)
    limiter = RateLimiter(Rate(0.001, 1), monotonic=Seconds())
    for key in "abcd":
        limiter.spend(key)
    assert taken(limiter, "d", 1) == 0
    assert taken(limiter, "a", 1) == 1, "forgotten, so it begins anew"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", ""),
        ("GET", "link"),
        ("GET", "embed"),
        ("POST", "embed"),
        ("POST", "embed/open"),
        ("GET", "embedded/accounts/callback"),
        ("POST", "link/open"),
        ("POST", "link/confirm"),
        ("POST", "language"),
    ],
)
async def test_every_page_without_a_cookie_has_its_rate(tmp_path: Path, method: str, path: str) -> None:
    """T39: what anybody may ask for counts, and a form of another site as well, before it is refused."""
    network = NetworkConfig(
        rates=RateConfig(per_client=Rate(0.001, 1)), embed_origins=frozenset({"https://app.example"})
    )
    made = make_hub(tmp_path, config=HubConfig(network=network))
    seen = [
        (await Customer(made.hub).request(method, f"/connect/{path}", sec_fetch_site="cross-site")).status
        for _ in range(2)
    ]
    assert seen[0] in {200, 403}
    assert seen[1] == 429
