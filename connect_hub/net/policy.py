"""`OutboundPolicy`: which servers the hub may call, as configured by the operator."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv6Address

from connect_hub.errors import ConfigurationError, OutboundRefused
from connect_hub.net.addresses import is_inside_name, is_private_use, is_public
from connect_hub.net.target import Target, bracketed, parse_host

__all__ = ["OutboundPolicy"]

_ANY_PORT = 0
_ENTRY = re.compile(r"(?P<host>\[[^\]]*\]|[^:\[\]]+)(?::(?P<port>[0-9]{1,5}|\*))?")


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboundPolicy:
    """By default: https on port 443, to addresses of the public internet, and nothing else.

    Raises ConfigurationError, which names the field and the fix, when built with a value that makes no
    sense.
    """

    allow_private_hosts: frozenset[str] = frozenset()
    """Hosts of your own that may have a private or loopback address: `host` (on the ports of `ports`),
    `host:port`, or `host:*`. An entry allows that spelling of the host, not everything it resolves to:
    link-local addresses, where cloud metadata services live, need an entry that is the address itself."""
    allow_http: bool = False
    """Whether the hosts of `allow_private_hosts` may be called without TLS; port 80 is then allowed for an
    entry without a port. Other hosts never may."""
    ports: frozenset[int] = frozenset({443})
    """Ports that may be called on any host."""
    advises: bool = True
    """Whether a refusal tells what to write into `allow_private_hosts`; False where that would not help."""
    _listed: Mapping[str, frozenset[int]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if isinstance(self.allow_private_hosts, str):
            raise ConfigurationError(
                "allow_private_hosts is one text; write a set of hosts, such as {'receiver.internal:8443'}"
            )
        object.__setattr__(self, "allow_private_hosts", frozenset(self.allow_private_hosts))
        object.__setattr__(self, "ports", frozenset(self.ports))
        for port in self.ports:
            if not _is_port(port):
                raise ConfigurationError(f"ports: {port!r} is not a port; write numbers from 1 to 65535")
        listed: dict[str, frozenset[int]] = {}
        for entry in self.allow_private_hosts:
            host, ports = self._read(entry)
            listed[host] = listed.get(host, frozenset()) | ports
        object.__setattr__(self, "_listed", listed)

    def check(self, url: str) -> Target:
        """Read `url` and say whether a call could be allowed, without any look-up.

        Use it where an address is first configured. A name is looked up and its addresses are judged only
        when it is called. Raises OutboundRefused.
        """
        target = Target.parse(url)
        self.check_target(target)
        return target

    def check_target(self, target: Target) -> None:
        """Raise OutboundRefused unless scheme and port are allowed, and the host, where it is an address."""
        listed = self.lists(target.host, target.port)
        if target.scheme != "https" and not (self.allow_http and listed):
            raise OutboundRefused(f"Plain http is refused. {self._http_advice(target, listed)}")
        self.check_port(target.host, target.port)
        host = parse_host(target.host)
        if not isinstance(host, str):
            self.check_address(target.host, target.port, host)
        elif is_inside_name(host) and not listed:
            raise self._inside(host, target.port)

    def check_port(self, host: str, port: int) -> None:
        """Raise OutboundRefused unless `port` may be called on `host`."""
        if port not in self.ports and not self.lists(host, port):
            advice = f" List '{bracketed(host)}:{port}' in allow_private_hosts." if self.advises else ""
            usual = ", ".join(map(str, sorted(self.ports)))
            raise OutboundRefused(f"{host} is called on port {usual}, not on {port}.{advice}")

    def check_address(self, host: str, port: int, address: IPv4Address | IPv6Address) -> None:
        """Raise OutboundRefused unless `host`, which stands for `address`, may be called on `port`.

        The message does not say what the name stands for: it may be shown to somebody who should not learn
        the names inside the operator's network.
        """
        if is_public(address):
            return
        if self.lists(host, port) and (is_private_use(address) or str(address) == host):
            return
        raise self._inside(host, port)

    def lists(self, host: str, port: int) -> bool:
        """Whether `allow_private_hosts` names it."""
        ports = self._listed.get(host, frozenset())
        return port in ports or _ANY_PORT in ports

    def _inside(self, host: str, port: int) -> OutboundRefused:
        advice = (
            f" If it is a host of your own, list '{bracketed(host)}:{port}' in allow_private_hosts."
            if self.advises
            else ""
        )
        return OutboundRefused(f"{host} is not on the public internet.{advice}")

    def _http_advice(self, target: Target, listed: bool) -> str:
        """What would allow it, in the words of the configuration, and what of it is not there."""
        own = f"{bracketed(target.host)}:{target.port}"
        missing = [] if self.allow_http else ["insecure_dev is off"]
        if not listed:
            missing.append(f"allow_private_hosts does not name {own!r}")
        return (
            "Use https, or on your own machine "
            f"NetworkConfig(insecure_dev=True, allow_private_hosts={{{own!r}}}); for connect-hub serve, "
            "CONNECT_HUB_INSECURE_DEV and CONNECT_HUB_ALLOW_PRIVATE_HOSTS. "
            f"Now {' and '.join(missing)}."
        )

    def _read(self, entry: object) -> tuple[str, frozenset[int]]:
        wrong = ConfigurationError(
            f"allow_private_hosts: {entry!r} is not a host; write 'host', 'host:port' or 'host:*', such as "
            f"'receiver.internal:8443' or '[::1]:8080'"
        )
        match = _ENTRY.fullmatch(entry) if isinstance(entry, str) else None
        if match is None:
            raise wrong
        try:
            host = str(parse_host(match["host"]))
        except OutboundRefused:
            raise wrong from None
        port = match["port"]
        if port is None:
            return host, self.ports | ({80} if self.allow_http else frozenset())
        if port == "*":
            return host, frozenset({_ANY_PORT})
        if not _is_port(int(port)):
            raise wrong
        return host, frozenset({int(port)})


def _is_port(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value < 65536
