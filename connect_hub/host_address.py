"""Addresses of the host's own pages, to which the hub sends a browser."""

import re

from connect_hub.errors import ConfigurationError

__all__ = ["check_host_address"]

_LOOPBACK = r"(?:(?:[a-z0-9-]+\.)*localhost|127(?:\.[0-9]{1,3}){3}|\[::1\])"
_ADDRESS = re.compile(
    rf"(?:/(?!/)|https://[A-Za-z0-9\[]|http://{_LOOPBACK}(?=[:/?]|$))[^\s\\\"<>]*", re.IGNORECASE
)


def check_host_address(field_name: str, address: object, *, example: str) -> None:
    """Raise ConfigurationError unless `address` is a path or a web address; http is for loopback alone.

    `example` is a path that this field would take.
    """
    if isinstance(address, str) and _ADDRESS.fullmatch(address):
        return
    if isinstance(address, str) and address.lower().startswith("http://"):
        problem = f"{address!r} is plain http, which is for your own machine alone"
    else:
        problem = f"{address!r} is neither a path nor a web address"
    fix = f"Write it as {example} or https://app.example.com{example}"
    raise ConfigurationError(f"{field_name}: {problem}. {fix}.")
