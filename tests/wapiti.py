"""Wapiti against a running hub. `scripts/wapiti` installs it and starts this; 1 if it finds something.

Twice: with the cookie of a customer's visit, and with that of an administrator of the dashboard. Its
requests are made to come from the hub's own pages, or every form would be refused before anything is read.
What would end the visit or the sign-in is left out, and both have to stand still when the scan is over.
"""

import json
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from connect_hub import HubConfig, RateConfig
from connect_hub.dashboard import DashboardConfig, OperatorTokens
from connect_hub.operators import Role
from tests.embedding.place import Place, place_of
from tests.peers.customer import Customer

MODULES = "cookieflags,csp,http_headers,xss,permanentxss,redirect,crlf"
PATIENCE = "60"
"""Seconds for finding pages, and for each module."""


@dataclass(frozen=True)
class Scan:
    """One scan, by somebody with `cookies`, from `begin` on."""

    name: str
    cookies: str
    begin: tuple[str, ...]
    left_out: tuple[str, ...]


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


class Person:
    """Whoever scans, to the hub: has a cookie, comes from the hub's own pages, and is counted.

    Stands in front of the hub, for wapiti holds back a cookie that says Secure from a plain address.
    """

    def __init__(self) -> None:
        self.cookies = ""
        self.answers: Counter[tuple[str, int]] = Counter()

    def around(self, app: ASGIApp) -> ASGIApp:
        async def known(scope: Scope, receive: Receive, send: Send) -> None:
            async def noting(message: Message) -> None:
                if message["type"] == "http.response.start":
                    self.answers[scope["method"], message["status"]] += 1
                await send(message)

            if self.cookies:
                own = {b"cookie": self.cookies.encode(), b"sec-fetch-site": b"same-origin"}
                kept = [header for header in scope["headers"] if header[0] not in own]
                scope = {**scope, "headers": [*kept, *own.items()]}
            await app(scope, receive, noting)

        return known

    def __str__(self) -> str:
        return ", ".join(f"{n} {method} {status}" for (method, status), n in sorted(self.answers.items()))


def cookies_of(customer: Customer) -> str:
    return "; ".join(f"{name}={value}" for name, value in customer.cookies.items())


def of_visit(place: Place, customer: Customer) -> Scan:
    """A customer who has opened a link and confirmed."""
    landing = customer.open_link(str(place.session()["auth_link_url"]))
    listed = customer.submit(landing, "/link/confirm")
    forms = [link for link in listed.links if urlsplit(link).path.endswith(("/simulated", "/simulated-key"))]
    assert len(forms) == 2, listed.links
    ending = tuple(f"{listed.url}/{last}*" for last in ("exit", "leave", "done", "end"))
    return Scan("a visit", cookies_of(customer), (listed.url, *forms, f"{place.hub_url}/link"), ending)


def of_dashboard(place: Place, customer: Customer) -> Scan:
    """An administrator, with an account and a link to look at."""
    landing = customer.open_link(str(place.session(provider="simulated-key")["auth_link_url"]))
    form = customer.submit(landing, "/link/confirm")
    customer.submit(form, "simulated-key", {"f.api_key": place.key})
    assert len(place.accounts()) == 1
    token = place.hub.sync.operators.add(name="Ada", roles={"*": Role.ADMIN}).token
    customer.cookies.clear()
    desk = customer.submit(customer.get(f"{place.hub_url}/dashboard"), "/sign-in", {"token": token})
    return Scan("the dashboard", cookies_of(customer), (desk.url,), (f"{desk.url}/sign-out*",))


def scanned(program: str, place: Place, scan: Scan, folder: Path) -> Iterable[str]:
    """What wapiti found, a line each."""
    report = folder / f"{scan.name.replace(' ', '-')}.json"
    command = [program, "--url", scan.begin[0], "--scope", "folder", "--module", MODULES]
    command += [word for url in scan.begin[1:] for word in ("--start", url)]
    command += [word for url in scan.left_out for word in ("--exclude", url)]
    command += ["--format", "json", "--output", str(report), "--detailed-report", "1", "--verbose", "0"]
    command += ["--store-session", str(folder / "session"), "--store-config", str(folder / "config")]
    command += [
        "--flush-session",
        "--no-bugreport",
        "--max-scan-time",
        PATIENCE,
        "--max-attack-time",
        PATIENCE,
    ]
    subprocess.run(
        command, check=True, stdout=subprocess.DEVNULL, env={"HOME": str(folder), "PATH": "/usr/bin:/bin"}
    )
    found = json.loads(report.read_text())
    say(f"{scan.name}: {found['infos']['crawled_pages_nbr']} pages")
    for kind in ("vulnerabilities", "anomalies"):
        for name, cases in found[kind].items():
            for case in cases:
                yield f"{name}: {case['method']} {case['path']}: {case['info']}"


def configured(config: HubConfig) -> HubConfig:
    """With a dashboard, and without rate limits: all come from one address."""
    rates = RateConfig(per_visit=None, per_client=None, per_operator=None, openings=None, sign_ins=None)
    dashboard = DashboardConfig(auth=OperatorTokens())
    return replace(config, dashboard=dashboard, network=replace(config.network, rates=rates))


def main() -> int:
    program, total = str(Path(sys.argv[1]).resolve()), 0
    person = Person()
    with (
        tempfile.TemporaryDirectory() as name,
        place_of(Path(name), configured=configured, around=person.around) as place,
    ):
        for begin in (of_visit, of_dashboard):
            with Customer() as customer:
                scan = begin(place, customer)
                person.answers.clear()
                person.cookies = scan.cookies
                for finding in scanned(program, place, scan, Path(name)):
                    total += 1
                    say(f"    {finding}")
                say(f"    {scan.name} answered: {person}")
                person.cookies = ""
                broken = sum(n for (_, status), n in person.answers.items() if status >= 500)
                if broken:
                    total += broken
                    say(f"    {broken} answers were errors of the hub's own; the log above has them")
                refused = person.answers["GET", 403]
                assert person.answers["GET", 200] > refused, f"{scan.name} was kept out of {refused} pages"
                after = customer.get(scan.begin[0])
                assert (after.status, after.url) == (200, scan.begin[0]), f"{scan.name} ended: {after.url}"
    say(f"{total} found")
    return 1 if total else 0


if __name__ == "__main__":
    sys.exit(main())
