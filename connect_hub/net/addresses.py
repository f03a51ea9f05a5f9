"""Which IP addresses, and which names, belong to the public internet, decided by tables of our own.

`ipaddress.is_global` alone is not enough: Python 3.11 says True of multicast, of site-local addresses and
of IPv6 forms that carry 127.0.0.1 inside, and its answers change between releases. An address is public
here when both the table and the standard library say so.
"""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

__all__ = ["is_inside_name", "is_private_use", "is_public"]

_INSIDE_NAMES = ("localhost", "local", "internal", "home.arpa")
"""RFC 6761, 6762 and 8375, and what ICANN keeps for private use."""

# The IANA IPv4 special-purpose registry (RFC 6890 and its updates), in full /24s where it is finer.
_V4_DENIED = tuple(
    IPv4Network(net)
    for net in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "168.63.129.16/32",  # looks public; is the platform's own service on every Azure machine
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
    )
)

# Global unicast is 2000::/3 (RFC 4291). Everything outside is refused without being named: loopback,
# v4-compatible, NAT64 (64:ff9b::/96, 64:ff9b:1::/48), 100::/64, 5f00::/16, fc00::/7, fe80::/10, fec0::/10,
# ff00::/8.
_V6_GLOBAL_UNICAST = IPv6Network("2000::/3")
_V6_DENIED = tuple(
    IPv6Network(net)
    for net in (
        "2001::/23",  # protocol assignments: Teredo, benchmarking, ORCHID and others
        "2001:db8::/32",
        "2002::/16",  # 6to4
        "3fff::/20",  # documentation (RFC 9637)
    )
)
_ISATAP_MARKS = (0x0000_5EFE, 0x0200_5EFE)  # upper half of the interface identifier (RFC 5214, 6.1)

_PRIVATE_USE_V4 = tuple(
    IPv4Network(net)
    for net in ("10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
)
_PRIVATE_USE_V6 = (IPv6Network("::1/128"), IPv6Network("fc00::/7"))


def is_public(address: IPv4Address | IPv6Address | str) -> bool:
    """Whether `address` is an ordinary host of the public internet.

    False for anything that is not an address. A v4-mapped address (::ffff:a.b.c.d) is judged by the IPv4
    address inside; every other form that embeds one (v4-compatible, NAT64, 6to4, Teredo, ISATAP) is
    refused whatever is inside, and so is an address with a zone.
    """
    match _parse(address):
        case IPv4Address() as address:
            return address.is_global and not any(address in net for net in _V4_DENIED)
        case IPv6Address() as address:
            if address.scope_id is not None:
                return False
            if address.ipv4_mapped is not None:
                return is_public(address.ipv4_mapped)
            return (
                address.is_global
                and address in _V6_GLOBAL_UNICAST
                and not any(address in net for net in _V6_DENIED)
                and (int(address) >> 32) & 0xFFFF_FFFF not in _ISATAP_MARKS
            )
        case _:
            return False


def is_private_use(address: IPv4Address | IPv6Address) -> bool:
    """Whether `address` is one that an operator gives to hosts of their own: loopback, RFC 1918, the shared
    space of RFC 6598, or unique local. Link-local is not: cloud metadata services live there."""
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return False
        if address.ipv4_mapped is None:
            return any(address in net for net in _PRIVATE_USE_V6)
        address = address.ipv4_mapped
    return any(address in net for net in _PRIVATE_USE_V4)


def is_inside_name(host: str) -> bool:
    """Whether `host`, in lower case, can be no host's name on the public internet, whatever it resolves to:
    it has no dot, or lies under a domain that is kept for networks of one's own."""
    return "." not in host or any(host.endswith(f".{name}") for name in _INSIDE_NAMES)


def _parse(text: IPv4Address | IPv6Address | str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
