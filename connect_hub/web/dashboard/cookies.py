"""The cookie of an operator who signed in with a token.

`__Host-` for the reasons that `connect_hub.web.cookies` gives, and `SameSite=Strict`: no link from elsewhere
opens a page of the dashboard with it. It is named after the hub, since two hubs may share a host.
"""

import hashlib
import re

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.config import PublicUrl
from connect_hub.web.cookies import SentCookies

__all__ = ["OperatorCookie"]

_VALUE = re.compile(r"[A-Za-z0-9_-]{43}")
_ATTRIBUTES = "Path=/; Secure; HttpOnly; SameSite=Strict"


class OperatorCookie:
    """Reads, sets and clears it."""

    def __init__(self, public_url: PublicUrl) -> None:
        self.name = f"__Host-chubop_{hashlib.sha256(public_url.text.encode()).hexdigest()[:8]}"

    def read(self, request: Request) -> str | None:
        """Its value, where it is well-formed."""
        value = SentCookies(request.headers.getlist("cookie")).get(self.name, "")
        return value if _VALUE.fullmatch(value) else None

    def set(self, response: Response, value: str) -> None:
        """Hand it to the browser, until that is closed; the sign-in itself ends sooner."""
        response.headers.append("Set-Cookie", f"{self.name}={value}; {_ATTRIBUTES}")

    def clear(self, response: Response) -> None:
        """Make the browser forget it."""
        response.headers.append("Set-Cookie", f"{self.name}=; Max-Age=0; {_ATTRIBUTES}")
