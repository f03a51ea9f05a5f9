"""`Target`: where a request goes, parsed once and strictly, so that what is checked is what is called."""

import re
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

from connect_hub.errors import OutboundRefused

__all__ = ["Target", "bracketed", "parse_host"]

_URL = re.compile(
    r"(?P<scheme>[A-Za-z][A-Za-z0-9+.-]*)://"
    r"(?P<host>\[[^\]]*\]|[^/?#:\[\]]*)(?::(?P<port>[0-9]{0,5}))?"
    r"(?P<path>/[^?#]*)?(?P<query>\?[^#]*)?"
)
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_PRINTABLE = re.compile(r"[!-~]*")
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_NUMERIC_LABEL = re.compile(r"[0-9]+|0x[0-9a-f]*")
_DEFAULT_PORTS = {"https": 443, "http": 80}


@dataclass(frozen=True, slots=True)
class Target:
    """Scheme, host and port of a request, and its path.

    The path and query may carry a secret (many webhook addresses do), so they are in no repr; messages
    name a target by its `origin`.
    """

    scheme: str
    """`https` or `http`."""
    host: str
    """Lower case, without brackets or a trailing dot: a DNS name, a dotted quad or an IPv6 address."""
    port: int
    path: str = field(repr=False)
    """The path and query as sent, beginning with a slash; ASCII."""

    @classmethod
    def parse(cls, url: str) -> "Target":
        """Read an absolute URL.

        Raises OutboundRefused unless it is one of http or https with a plain host: user information, a
        fragment, a backslash, spaces, control characters and anything beyond ASCII are refused.
        """
        if _PRINTABLE.fullmatch(url) is None or "\\" in url:
            raise OutboundRefused(
                "This address holds spaces, a backslash or characters beyond ASCII: percent-encode the path "
                "and query, and write an international host name in its xn-- form."
            )
        begins = _SCHEME.match(url)
        if begins is None:
            raise OutboundRefused(
                "This address does not begin with https://: write all of it, such as https://host/path."
            )
        if "#" in url:
            raise OutboundRefused("This address has a fragment (#…): write https://host/path without it.")
        if "@" in re.split("[/?]", url[begins.end() :], maxsplit=1)[0]:
            raise OutboundRefused("This address holds a user name or password: leave them out.")
        match = _URL.fullmatch(url)
        if match is None:
            raise OutboundRefused("This is not a whole web address: write https://host/path.")
        return cls.build(
            scheme=match["scheme"],
            host=match["host"],
            port=int(match["port"]) if match["port"] else None,
            path=(match["path"] or "/") + (match["query"] or ""),
        )

    @classmethod
    def build(cls, *, scheme: str, host: str, port: int | None, path: str) -> "Target":
        """A target of parts that are taken apart already; `port` None is the scheme's own.

        Raises OutboundRefused as `parse` does.
        """
        scheme = scheme.lower()
        if scheme not in _DEFAULT_PORTS:
            raise OutboundRefused("Only addresses that begin with https:// are called.")
        port = _DEFAULT_PORTS[scheme] if port is None else port
        if not 0 < port < 65536:
            raise OutboundRefused("The port of this address is not one: write a number from 1 to 65535.")
        return cls(scheme=scheme, host=str(parse_host(host)), port=port, path=path)

    @property
    def authority(self) -> str:
        """The value of the Host header: the port is named unless it is the scheme's own."""
        host = bracketed(self.host)
        return host if self.port == _DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host and port: all of a target that a message or a log line may show."""
        return f"{self.scheme}://{self.authority}"


def bracketed(host: str) -> str:
    """`host` as it stands before a port."""
    return f"[{host}]" if ":" in host else host


def parse_host(text: str) -> IPv4Address | IPv6Address | str:
    """An address, or a DNS name in lower case, from the host part of a URL (IPv6 with or without brackets).

    Raises OutboundRefused for the spellings that programs read in different ways: numbers such as
    2130706433, 0x7f.1, 017700000001, 127.1 and 0, zones, trailing dots, percent-encoding, user information.
    """
    host = text.lower()
    if host.startswith("[") and host.endswith("]"):
        host = host[1:-1]
        if ":" not in host:
            raise _bad_host()
    if ":" in host:
        try:
            address = IPv6Address(host)
        except ValueError:
            raise _bad_host() from None
        if address.scope_id is not None:
            raise OutboundRefused("An address with a zone (%…) is not called.")
        return address
    labels = host.split(".")
    if _NUMERIC_LABEL.fullmatch(labels[-1]) is not None:
        try:
            return IPv4Address(host)
        except ValueError:
            raise OutboundRefused(
                "The host of this address is a number in an odd form: write a name, or four decimal numbers."
            ) from None
    if host.endswith("."):
        raise OutboundRefused("The host of this address ends with a dot: leave it out.")
    if len(host) > 253 or any(_LABEL.fullmatch(label) is None for label in labels):
        raise _bad_host()
    return host


def _bad_host() -> OutboundRefused:
    return OutboundRefused(
        "The host of this address is not a host name: write letters, digits, dashes and dots, without a user "
        "name or password."
    )
