"""Formats: the closed list of shapes that a value may take when a template puts it into an address."""

import ipaddress
import re
from collections.abc import Sequence
from enum import StrEnum
from urllib.parse import urlsplit

__all__ = ["Format", "host_is_allowed", "matches"]


class Format(StrEnum):
    """What a value looks like; each name stands for a pattern that matches the whole value."""

    TEXT = "text"
    """Anything; usable in headers and bodies, in an address only with a `pattern` or `options`."""
    DNS_LABEL = "dns_label"
    """One label of a host name, such as `acme` in `acme.zendesk.com` (RFC 1123, 2.1); lower case."""
    HOST = "host"
    """A whole host name covered by the connector's `allowed_hosts`; never an IP address."""
    ORIGIN = "origin"
    """`https://` and a host name covered by the connector's `allowed_hosts`, with nothing behind it."""
    PATH_SEGMENT = "path_segment"
    """One segment of a path: letters, digits, `.`, `_`, `~`, `-`; does not begin with a dot."""
    EMAIL = "email"
    """An email address; usable in headers and bodies, and percent-encoded in paths and queries."""


_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
PATTERNS = {
    Format.DNS_LABEL: re.compile(_LABEL),
    Format.HOST: re.compile(rf"(?=.{{1,253}}\Z)(?:{_LABEL}\.)+{_LABEL}"),
    Format.PATH_SEGMENT: re.compile(r"[A-Za-z0-9_~-][A-Za-z0-9._~-]{0,127}"),
    Format.EMAIL: re.compile(
        r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?"
        r"(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+"
    ),
}


def host_is_allowed(host: str, allowed_hosts: Sequence[str]) -> bool:
    """Whether `host` is one of `allowed_hosts`: `.example.com` covers every subdomain of example.com and not
    itself, `example.com` covers itself alone. Both sides are lower case."""
    return any(host.endswith(entry) if entry.startswith(".") else host == entry for entry in allowed_hosts)


def matches(form: Format, value: str, *, allowed_hosts: Sequence[str] = (), allow_http: bool = False) -> bool:
    """Whether `value` has this format. `allow_http` also lets origins be http, and carry a port."""
    if form is Format.TEXT:
        return True
    if form is Format.ORIGIN:
        return _is_origin(value, allowed_hosts, allow_http)
    if PATTERNS[form].fullmatch(value) is None:
        return False
    return form is not Format.HOST or (not _is_address(value) and host_is_allowed(value, allowed_hosts))


def _is_origin(value: str, allowed_hosts: Sequence[str], allow_http: bool) -> bool:
    match = re.fullmatch(r"(https?)://([a-z0-9.-]{1,253})(:[0-9]{1,5})?", value)
    if match is None or not host_is_allowed(match[2], allowed_hosts):
        return False
    if allow_http:
        return True
    whole_name = PATTERNS[Format.HOST].fullmatch(match[2]) is not None and not _is_address(match[2])
    return match[1] == "https" and match[3] is None and whole_name and urlsplit(value).hostname == match[2]


def _is_address(host: str) -> bool:
    """Whether a resolver would take `host` for a numeric address: its last label is a number."""
    last = host.rpartition(".")[2]
    if last.isdigit() or re.fullmatch(r"0x[0-9a-f]*", last):
        return True
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
