"""A customer with a browser that runs no scripts: forms, links, cookies and redirects over plain HTTP."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Self
from urllib.parse import urldefrag, urljoin, urlsplit

import httpx2

__all__ = ["Customer", "Form", "Screen"]


@dataclass
class Form:
    """One form of a page."""

    action: str
    method: str = "get"
    fields: dict[str, str] = field(default_factory=dict)
    """Every named control with its value: hidden ones, inputs, selects, text areas."""


@dataclass(frozen=True, kw_only=True)
class Screen:
    """What the customer looks at."""

    url: str
    status: int
    text: str
    headers: Mapping[str, str]
    forms: tuple[Form, ...]
    links: tuple[str, ...]
    """Where the page's links lead, in full."""
    location: str | None
    """The address of another site, to which a redirect leads that was not followed."""

    def form(self, action: str) -> Form:
        """The one form whose action has `action` in it."""
        (found,) = (each for each in self.forms if action in each.action)
        return found


class Customer:
    """One person with cookies of their own. Redirects are followed on the same site and not to another one.

    Secure cookies are sent to loopback although it is plain http, as browsers do.
    """

    def __init__(self) -> None:
        self._http = httpx2.Client(trust_env=False, timeout=20)
        self.cookies: dict[str, str] = {}

    def open_link(self, url: str) -> Screen:
        """Open an auth link; the landing page. A token in the fragment is pasted, as without scripts."""
        screen = self.get(urldefrag(url).url)
        opener = screen.form("/link/open")
        return self.submit(screen, "/link/open", {"link": url} if "link" in opener.fields else None)

    def get(self, url: str) -> Screen:
        """Follow a link, or type an address."""
        return self._visit("GET", url, None)

    def submit(self, screen: Screen, action: str, values: Mapping[str, str] | None = None) -> Screen:
        """Fill in the form of `screen` whose action has `action` in it, and post it."""
        form = screen.form(action)
        values = {} if values is None else values
        unknown = values.keys() - form.fields.keys()
        assert unknown == set(), f"the form has no {unknown}, only {sorted(form.fields)}"
        return self._visit("POST", urljoin(screen.url, form.action), {**form.fields, **values})

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def _visit(self, method: str, url: str, fields: Mapping[str, str] | None) -> Screen:
        answer = self._ask(method, url, fields)
        for _ in range(10):
            target = urljoin(url, answer.headers.get("location", ""))
            if not answer.is_redirect or _site(target) != _site(url):
                break
            url = target
            answer = self._ask("GET", url, None)
        page = _Reader.of(answer.text)
        return Screen(
            url=url,
            status=answer.status_code,
            text=answer.text,
            headers=answer.headers,
            forms=tuple(page.forms),
            links=tuple(urljoin(url, link) for link in page.links),
            location=target if answer.is_redirect else None,
        )

    def _ask(self, method: str, url: str, fields: Mapping[str, str] | None) -> httpx2.Response:
        headers = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate", "Sec-Fetch-Dest": "document"}
        headers["Sec-Fetch-Site"] = "none" if fields is None else "same-origin"
        if fields is not None:
            headers["Origin"] = _site(url)
        if self.cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        answer = self._http.request(method, url, data=fields, headers=headers)
        for line in answer.headers.get_list("set-cookie"):
            for name, cookie in SimpleCookie(line).items():
                if cookie.value == "" or cookie["max-age"] == "0":
                    self.cookies.pop(name, None)
                else:
                    self.cookies[name] = cookie.value
        self._http.cookies.clear()
        return answer


def _site(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


class _Reader(HTMLParser):
    """Finds the forms and links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self._select: str | None = None

    @classmethod
    def of(cls, text: str) -> "_Reader":
        reader = cls()
        reader.feed(text)
        reader.close()
        return reader

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(values.get("action", ""), values.get("method", "get").lower()))
        elif tag == "a" and "href" in values:
            self.links.append(values["href"])
        elif tag == "option" and self._select is not None and self.forms:
            if "selected" in values or self._select not in self.forms[-1].fields:
                self.forms[-1].fields[self._select] = values.get("value", "")
        elif "name" in values and self.forms and tag in {"input", "textarea", "select", "button"}:
            self._add_control(tag, values)

    def handle_endtag(self, tag: str) -> None:
        if tag == "select":
            self._select = None

    def _add_control(self, tag: str, values: Mapping[str, str]) -> None:
        if tag == "select":
            self._select = values["name"]
        elif values.get("type") in {"checkbox", "radio"} and "checked" not in values:
            return
        elif tag != "button" and values.get("type") != "submit":
            self.forms[-1].fields[values["name"]] = values.get("value", "")
