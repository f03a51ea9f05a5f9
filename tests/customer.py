"""A customer without a screen: follows the hub's pages in process, as a browser without JavaScript would."""

import html
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import httpx2

from connect_hub import ConnectHub

__all__ = ["Customer", "Form", "Seen"]


@dataclass
class Form:
    """One form of a page."""

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    buttons: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Seen:
    """A page as it was answered."""

    status: int
    url: str
    text: str
    headers: httpx2.Headers
    forms: list[Form]
    links: dict[str, str]
    """Text of a link to its address."""
    heading: str
    refresh: str | None
    """Where a meta refresh leads."""

    def form(self, button: str) -> Form:
        """The form with a button of this text."""
        for form in self.forms:
            if any(button in text for text in form.buttons):
                return form
        raise AssertionError(f"no button {button!r} on the page {self.heading!r}: {self.forms}")

    def link(self, text: str) -> str:
        """The address of the first link whose text contains `text`."""
        for label, address in self.links.items():
            if text in label:
                return address
        raise AssertionError(f"no link {text!r} on the page {self.heading!r}: {self.links}")


class Customer:
    """One browser: it has cookies of its own."""

    def __init__(self, hub: ConnectHub, *, headers: Mapping[str, str] | None = None) -> None:
        self.hub = hub
        self.origin = hub.public_url.origin
        self.cookies: dict[str, str] = {}
        self.headers = dict(headers or {})
        self.set_cookies: list[str] = []
        """Every Set-Cookie that came, in full."""
        transport = httpx2.ASGITransport(app=hub.app, root_path=hub.public_url.path)
        self._http = httpx2.AsyncClient(transport=transport, base_url=self.origin)

    async def request(
        self, method: str, url: str, data: Mapping[str, str] | None = None, /, **headers: str
    ) -> Seen:
        """One request, redirects not followed. `headers` have underscores for hyphens."""
        sent = {**self.headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = await self._http.request(
            method, urljoin(self.origin, url), data=dict(data) if data is not None else None, headers=sent
        )
        for line in answer.headers.get_list("set-cookie"):
            self.set_cookies.append(line)
            name, _, value = line.partition(";")[0].partition("=")
            if "Max-Age=0" in line:
                self.cookies.pop(name, None)
            else:
                self.cookies[name] = value
        return _read(str(answer.url), answer)

    async def get(self, url: str, **headers: str) -> Seen:
        """GET, following redirects within the hub."""
        return await self._followed(await self.request("GET", url, **headers))

    async def send(self, form: Form, values: Mapping[str, str] | None = None, **headers: str) -> Seen:
        """Send a form as the hub's own page would, following redirects within the hub."""
        own = {"origin": self.origin, "sec_fetch_site": "same-origin", **headers}
        seen = await self.request("POST", form.action, {**form.fields, **(values or {})}, **own)
        return await self._followed(seen)

    async def press(self, seen: Seen, button: str, values: Mapping[str, str] | None = None) -> Seen:
        """Press a button of a page."""
        return await self.send(seen.form(button), values)

    async def _followed(self, seen: Seen) -> Seen:
        while seen.status == 303:
            target = urljoin(seen.url, seen.headers["location"])
            assert urlsplit(target).netloc == urlsplit(self.origin).netloc, "a form redirected off the origin"
            seen = await self.request("GET", target)
        return seen

    # --- the way, in steps ---

    async def open(self, link: str) -> Seen:
        """Open an auth link whose token stands in the fragment: the landing page."""
        token = link.partition("#t=")[2]
        return await self.send(Form(f"{self.hub.public_url.path}/link/open"), {"token": token})

    async def enter(self, link: str) -> Seen:
        """Open a link and confirm: the list, or the one provider's form."""
        return await self.press(await self.open(link), "Continue")

    async def pick(self, link: str, provider: str) -> Seen:
        """Open a link, confirm, and choose a provider by name: its form."""
        seen = await self.enter(link)
        return await self.get(seen.link(provider))


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: dict[str, str] = {}
        self.heading = ""
        self.refresh: str | None = None
        self._form: Form | None = None
        self._text: list[str] | None = None
        self._href = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form" and values.get("method", "").lower() == "post":
            self._form = Form(values.get("action", ""))
            self.forms.append(self._form)
        elif tag in {"input", "textarea", "select"} and self._form is not None and "name" in values:
            self._form.fields[values["name"]] = values.get("value", "")
        elif tag == "meta" and values.get("http-equiv") == "refresh":
            self.refresh = values["content"].partition("url=")[2]
        elif tag in {"a", "button", "h1"}:
            self._text = []
            self._href = values.get("href", "")

    def handle_data(self, data: str) -> None:
        if self._text is not None:
            self._text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        if tag not in {"a", "button", "h1"} or self._text is None:
            return
        text = " ".join("".join(self._text).split())
        self._text = None
        if tag == "a":
            self.links.setdefault(text, self._href)
        elif tag == "button" and self._form is not None:
            self._form.buttons.append(text)
        elif tag == "h1":
            self.heading = text


def _read(url: str, answer: httpx2.Response) -> Seen:
    reader = _Reader()
    if answer.headers.get("content-type", "").startswith("text/html"):
        reader.feed(answer.text)
        reader.close()
    return Seen(
        status=answer.status_code,
        url=url,
        text=answer.text,
        headers=answer.headers,
        forms=reader.forms,
        links=reader.links,
        heading=html.unescape(reader.heading),
        refresh=reader.refresh,
    )
