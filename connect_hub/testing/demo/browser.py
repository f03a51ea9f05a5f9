"""As much of a browser as the played customer needs: pages, forms, cookies; no scripts."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urlencode, urljoin, urlsplit

from connect_hub.net import Outbound
from connect_hub.secret import Secret

__all__ = ["Browser", "Form", "Page"]

# Set-Cookie lines arrive joined by commas; a name has no space in it, and so is never part of a date.
_COOKIE = re.compile(r"(?:\A|, )([^=;,\s]+)=([^;,]*)")
_REDIRECTS = frozenset({302, 303, 307, 308})


@dataclass(slots=True)
class Form:
    """A form of a page."""

    action: str
    values: dict[str, str] = field(default_factory=dict)
    """The fields that are filled in: hidden ones, chosen ones."""
    fields: list[str] = field(default_factory=list)
    """The fields to be filled in."""


@dataclass(frozen=True, slots=True)
class Page:
    """What a request led to."""

    url: str
    status: int
    heading: str
    text: str = field(repr=False)
    forms: tuple[Form, ...]
    links: tuple[str, ...]
    refresh: str | None
    """Where `<meta http-equiv=refresh>` goes on to."""

    def form(self, part: str) -> Form:
        """The form whose action has `part` in it. Raises LookupError."""
        for form in self.forms:
            if part in form.action:
                return form
        raise LookupError(f"{self.heading!r} has no form for {part!r}")


class Browser:
    """One person's browser. It calls the hosts that `outbound` allows, and follows redirects."""

    def __init__(self, outbound: Outbound) -> None:
        self._outbound = outbound
        self._cookies: defaultdict[str, dict[str, str]] = defaultdict(dict)

    async def open(self, url: str) -> Page:
        """GET, and wherever that leads."""
        return await self._send("GET", url, None)

    async def submit(self, page: Page, form: Form, values: Mapping[str, str] | None = None) -> Page:
        """POST a form of `page`, filled in with `values`, and follow."""
        body = urlencode({**form.values, **(values or {})})
        return await self._send("POST", urljoin(page.url, form.action), Secret(body), page.url)

    async def _send(self, method: str, url: str, body: Secret | None, referrer: str | None = None) -> Page:
        for _ in range(10):
            parts = urlsplit(url)
            headers: dict[str, str | Secret] = {"Accept": "text/html"}
            jar = self._cookies[parts.netloc]
            if jar:
                headers["Cookie"] = Secret("; ".join(f"{name}={value}" for name, value in jar.items()))
            if body is not None:
                origin = urlsplit(referrer or url)
                headers["Content-Type"] = "application/x-www-form-urlencoded"
                headers["Origin"] = f"{origin.scheme}://{origin.netloc}"
            answer = await self._outbound.send(
                method, parts._replace(fragment="").geturl(), headers=headers, content=body
            )
            for name, value in _COOKIE.findall(answer.headers.get("set-cookie", "")):
                jar[name] = value
            location = answer.headers.get("location")
            if answer.status not in _REDIRECTS or location is None:
                return _read(url, answer.status, answer.body.decode())
            target = urljoin(url, location)
            if not target.startswith("http"):
                break
            method, url, body = "GET", target, None
        raise LookupError("too many redirects")


def _read(url: str, status: int, text: str) -> Page:
    reader = _Reader()
    reader.feed(text)
    heading = " ".join("".join(reader.heading).split())
    return Page(url, status, heading, text, tuple(reader.forms), tuple(reader.links), reader.refresh)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.heading: list[str] = []
        self.refresh: str | None = None
        self._in_heading = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        name = given.get("name", "")
        if tag == "h1":
            self._in_heading = True
        elif tag == "form":
            self.forms.append(Form(given.get("action", "")))
        elif tag == "a" and "href" in given:
            self.links.append(given["href"])
        elif tag == "meta" and given.get("http-equiv") == "refresh":
            self.refresh = given["content"].partition("url=")[2]
        elif tag in {"input", "textarea", "select"} and self.forms and name:
            kind = given.get("type", "text")
            if kind == "hidden" or (kind == "radio" and "checked" in given):
                self.forms[-1].values[name] = given.get("value", "")
            elif kind != "radio":
                self.forms[-1].fields.append(name)

    def handle_endtag(self, tag: str) -> None:
        if tag == "h1":
            self._in_heading = False

    def handle_data(self, data: str) -> None:
        if self._in_heading:
            self.heading.append(data)
