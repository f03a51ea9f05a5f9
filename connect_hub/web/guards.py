"""Who may send this request: API keys, origins, rates."""

import base64
import binascii
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Collection
from datetime import timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address

from starlette.requests import Request

from connect_hub import header_names
from connect_hub.config import PublicUrl, Rate
from connect_hub.errors import CrossSiteRequest, InvalidApiKey, OriginRefused, RateLimited

__all__ = [
    "RateLimiter",
    "api_key",
    "client_address",
    "refuse_browser",
    "refuse_cross_site",
    "refuse_foreign_page",
]

_LONGEST_HEADER = 8 * 1024
_REMEMBERED = 50_000
_WITH_PORT = re.compile(r"\[([0-9A-Fa-f:.%a-z]{2,64})\](?::[0-9]{1,5})?|([0-9.]{7,15}):[0-9]{1,5}")
"""How some proxies write addresses: `[2001:db8::1]:4711`, `192.0.2.1:4711`."""


def api_key(request: Request) -> str:
    """The user name of HTTP Basic (RFC 7617); the colon may be missing, as some published snippets encode it.

    Raises InvalidApiKey for anything else, two Authorization headers included.
    """
    headers = request.headers.getlist("authorization")
    if len(headers) != 1 or len(headers[0]) > _LONGEST_HEADER:
        raise InvalidApiKey
    scheme, _, encoded = headers[0].partition(" ")
    if scheme.lower() != "basic":
        raise InvalidApiKey
    try:
        decoded = base64.b64decode(encoded.strip(" "), validate=True).decode()
    except (binascii.Error, ValueError):
        raise InvalidApiKey from None
    key, _, password = decoded.partition(":")
    if not key or password:
        raise InvalidApiKey
    return key


def refuse_browser(request: Request) -> None:
    """Refuse a page's script or form on routes with Basic auth, which a browser may add by itself."""
    if request.headers.get("sec-fetch-site", "none") != "none":
        raise CrossSiteRequest("The API is not called from web pages.")


def refuse_cross_site(request: Request, public_url: PublicUrl) -> None:
    """Refuse a form that another site sent.

    `Sec-Fetch-Site` decides where the browser sends it; else `Origin` must be there and be ours.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        if site not in {"same-origin", "none"}:
            raise CrossSiteRequest
        return
    if request.headers.get("origin") != public_url.origin:
        raise CrossSiteRequest


def refuse_foreign_page(request: Request, allowed: Collection[str]) -> None:
    """Refuse a script of a page that the hub is not embedded in.

    An `Origin`, where it is sent, must be one of `allowed`. Where it is not, as by GETs of this origin and by
    programs, `Sec-Fetch-Site` must not be there or say `same-origin`.
    """
    origins = request.headers.getlist("origin")
    if origins:
        if len(origins) > 1 or origins[0] not in allowed:
            raise OriginRefused
    elif request.headers.get("sec-fetch-site", "same-origin") != "same-origin":
        raise OriginRefused


def client_address(request: Request, trusted_proxies: int) -> str:
    """The client's address, as told by the nearest `trusted_proxies` proxies and nobody else.

    It is what a client is counted by: of IPv6 the /64, which is the least that one client has; no port. What
    is no address (a Unix socket, a proxy that tells none) is counted together. Where a server does not keep
    the names of headers apart, no proxy is believed.
    """
    host = request.client.host if request.client is not None else "unknown"
    peer = _counted(host) or host
    if trusted_proxies == 0 or not header_names.are_distinct(request.scope):
        return peer
    chain = [part.strip() for part in ",".join(request.headers.getlist("x-forwarded-for")).split(",")]
    chain = [part for part in chain if part]
    return (_counted(chain[-trusted_proxies]) or peer) if len(chain) >= trusted_proxies else peer


def _counted(text: str) -> str | None:
    """The address or /64 in `text`; None if there is none."""
    match = _WITH_PORT.fullmatch(text)
    try:
        address = ip_address(text if match is None else match[1] or match[2])
    except ValueError:
        return None
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Network((address.packed, 64), strict=False))


class RateLimiter:
    """Token buckets by key, in memory; the longest unused are forgotten first."""

    def __init__(self, rate: Rate | None, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._monotonic = monotonic
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, key: str) -> None:
        """Take one token. Raises RateLimited, with the time until there is one."""
        rate = self._rate
        if rate is None:
            return
        now = self._monotonic()
        tokens, at = self._buckets.get(key, (float(rate.burst), now))
        tokens = min(float(rate.burst), tokens + (now - at) * rate.per_second)
        if tokens < 1.0:
            raise RateLimited(timedelta(seconds=(1.0 - tokens) / rate.per_second))
        self._buckets[key] = (tokens - 1.0, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > _REMEMBERED:
            self._buckets.popitem(last=False)
