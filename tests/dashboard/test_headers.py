"""What every answer to a signed-in operator carries: the same that every other of the hub's does."""

from datetime import timedelta
from pathlib import Path

from tests.dashboard.desk import make_desk
from tests.dashboard.test_authorisation import address, everything, methods, routes
from tests.hubs import API_KEY, GOOD_KEY
from tests.web.test_security_headers import closed

CANARY = "canary-9f3a.example"


async def test_every_answer_is_closed(tmp_path: Path) -> None:
    """T29, T30, T31, T33, T35: for an administrator, every route of the dashboard by every method, and what
    is not there: no frame, no store, no sniffing, the pages' own policy, no inline code; no answer repeats
    the host that was asked, sets a cookie or has a CORS header."""
    staff = await make_desk(tmp_path)
    names, browser = await everything(staff), await staff.browser("admin")
    signed_in = len(browser.set_cookies)
    lies = {"host": CANARY, "x_forwarded_host": CANARY, "origin": f"https://{CANARY}"}
    statuses = set()
    urls = [address(route, names) for route in routes(staff)]
    for url in [*urls, "/connect/dashboard/in/default/nothing", "/connect/dashboard/in/nowhere"]:
        for method in ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "TRACE"):
            seen = await browser.request(method, url, **lies)
            where = f"{method} {url} {seen.status}"
            closed(seen, where)
            assert CANARY not in seen.text + str(seen.headers), where
            statuses.add(seen.status)
    assert {200, 303, 403, 404, 405} <= statuses
    assert not any(status >= 500 for status in statuses)
    assert len(browser.set_cookies) == signed_in


async def test_no_page_tells_a_secret(tmp_path: Path) -> None:
    """T46: no page of any role has a credential, an API key, a signing secret, a token or a cookie in it."""
    staff = await make_desk(tmp_path)
    names = await everything(staff)
    hub = staff.made.hub
    key = (await hub.api_keys.create(name="canary")).text
    secret = (await hub.endpoints.rotate(names["endpoint_id"])).secret.reveal()
    link = await hub.links.create(origin_owner_id="42", origin_owner_name="Acme")
    staff.made.clock.advance(timedelta(seconds=1))
    await hub.deliveries.run_due()
    for who in ("viewer", "operator", "admin"):
        browser = await staff.browser(who)
        secrets = [GOOD_KEY, API_KEY, key, secret, link.url.partition("#t=")[2], *browser.cookies.values()]
        secrets += [token.split("_", 2)[2] for token in staff.tokens.values()]
        for route in routes(staff):
            if "GET" in methods(route):
                seen = await browser.request("GET", address(route, names))
                for one in secrets:
                    assert one not in seen.text, (who, route.name)
