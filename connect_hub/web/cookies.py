"""Visit cookies: one a visit, named after it, never derived from the link's token.

`__Host-` keeps a sibling subdomain from planting one (RFC 6265bis): the browser takes it only with Secure,
without Domain and with `Path=/`, so it cannot be tied to the mount's path as well.

The Cookie header is read here alone, in linear time and without unquoting: `Request.cookies` unquotes by the
standard library, which takes quadratic time for backslashes in some Pythons (CVE-2024-7592).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from starlette.requests import Request
from starlette.responses import Response

__all__ = [
    "SentCookies",
    "chosen_language",
    "clear_visit_cookie",
    "set_language_cookie",
    "set_visit_cookie",
    "visit_cookies",
]

_PREFIX = "__Host-chub_"
_NAME = re.compile(r"__Host-chub_([0-9a-f]{8})")
_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")
_ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax"
_FRAMED = "Path=/; Secure; HttpOnly; SameSite=None; Partitioned"
"""In a frame of another site's page: sent there and in no other site's frames (CHIPS), so that it tells
nobody who else's page a browser was on, and comes where third-party cookies are blocked."""
_LANGUAGE = "__Host-chub_lang"
_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8}){0,3}")
_YEAR = 365 * 24 * 3600
_MOST = 16 * 1024


class SentCookies(Mapping[str, str]):
    """The cookies of a request by name, values as sent; the last of a name counts. Read when first asked for.

    More than 16 KiB of them are none: no browser of a customer's has so many.
    """

    def __init__(self, headers: Sequence[str]) -> None:
        self._headers = headers

    @cached_property
    def _values(self) -> dict[str, str]:
        if sum(map(len, self._headers)) > _MOST:
            return {}
        pairs = (pair.partition("=") for header in self._headers for pair in header.split(";"))
        return {name.strip(" \t"): value.strip(" \t") for name, equals, value in pairs if equals}

    def __getitem__(self, name: str) -> str:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


def visit_cookies(request: Request) -> dict[str, str]:
    """The visit cookies that were sent: the visit's name to its secret, well-formed ones alone."""
    found = {}
    for name, value in SentCookies(request.headers.getlist("cookie")).items():
        match = _NAME.fullmatch(name)
        if match is not None and _VALUE.fullmatch(value):
            found[match[1]] = value
    return found


def set_visit_cookie(response: Response, visit_name: str, value: str, *, framed: bool = False) -> None:
    """Hand the browser a visit's secret, until it is closed; the visit itself ends sooner."""
    attributes = _FRAMED if framed else _ATTRIBUTES
    response.headers.append("Set-Cookie", f"{_PREFIX}{visit_name}={value}; {attributes}")


def clear_visit_cookie(response: Response, visit_name: str, *, framed: bool = False) -> None:
    """Make the browser forget a visit."""
    attributes = _FRAMED if framed else _ATTRIBUTES
    response.headers.append("Set-Cookie", f"{_PREFIX}{visit_name}=; Max-Age=0; {attributes}")


def chosen_language(request: Request) -> str | None:
    """The tag that the reader chose before, if it is well-formed."""
    if "cookie" not in request.headers:
        return None
    tag = SentCookies(request.headers.getlist("cookie")).get(_LANGUAGE)
    return tag if tag is not None and _TAG.fullmatch(tag) else None


def set_language_cookie(response: Response, tag: str) -> None:
    """Remember the reader's choice, for all pages of the hub."""
    response.headers.append("Set-Cookie", f"{_LANGUAGE}={tag}; Max-Age={_YEAR}; {_ATTRIBUTES}")
