"""Visit cookies: one a visit, named after it, never derived from the link's token.

`__Host-` keeps a sibling subdomain from planting one (RFC 6265bis): the browser takes it only with Secure,
without Domain and with `Path=/`, so it cannot be tied to the mount's path as well.
"""

import re

from starlette.requests import Request
from starlette.responses import Response

__all__ = ["clear_visit_cookie", "set_visit_cookie", "visit_cookies"]

_PREFIX = "__Host-chub_"
_NAME = re.compile(r"__Host-chub_([0-9a-f]{8})")
_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")
_ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Lax"


def visit_cookies(request: Request) -> dict[str, str]:
    """The visit cookies that were sent: the visit's name to its secret, well-formed ones alone."""
    found = {}
    for name, value in request.cookies.items():
        match = _NAME.fullmatch(name)
        if match is not None and _VALUE.fullmatch(value):
            found[match[1]] = value
    return found


def set_visit_cookie(response: Response, visit_name: str, value: str) -> None:
    """Hand the browser a visit's secret, until it is closed; the visit itself ends sooner."""
    response.headers.append("Set-Cookie", f"{_PREFIX}{visit_name}={value}; {_ATTRIBUTES}")


def clear_visit_cookie(response: Response, visit_name: str) -> None:
    """Make the browser forget a visit."""
    response.headers.append("Set-Cookie", f"{_PREFIX}{visit_name}=; Max-Age=0; {_ATTRIBUTES}")
