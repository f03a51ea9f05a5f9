"""Checks that several parts share; each refuses with the field, the problem and the fix."""

import ipaddress
import re
from collections.abc import Collection, Sequence
from typing import TypeVar
from urllib.parse import SplitResult, urlsplit

from connect_hub.errors import ConfigurationError
from connect_hub.secret import Secret

T = TypeVar("T")

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def refuse(field_name: str, problem: str, fix: str) -> ConfigurationError:
    return ConfigurationError(f"{field_name}: {problem}. {fix}")


def require(field_name: str, value: object, kind: type[T], fix: str = "") -> T:
    """`value`, if it is of the field's class; a host's code may be unchecked."""
    if isinstance(value, kind):
        return value
    name = kind.__name__
    raise refuse(field_name, f"this is no {name}", fix or f"Write {name}(…), or leave it out.")


def as_names(field_name: str, value: Collection[str]) -> frozenset[str]:
    """Several texts as a frozenset; one text alone would be taken for its letters."""
    if isinstance(value, str) or not all(isinstance(item, str) for item in value):
        raise refuse(field_name, "this is not a list of texts", f"Write [{value!r}] for one.")
    return frozenset(value)


def as_secrets(field_name: str, values: Sequence[Secret | str]) -> tuple[Secret, ...]:
    """Several secrets, wrapped where they were given as text."""
    if isinstance(values, Secret | str):
        raise refuse(field_name, "this is one secret, not a list of them", "Write it in brackets.")
    return tuple(Secret(value) if isinstance(value, str) else value for value in values)


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def split_web_address(
    field_name: str,
    text: str,
    *,
    insecure_dev: bool = False,
    example: str = "https://app.example.com/connect",
) -> SplitResult:
    """Parse an absolute https address (http on loopback in development), or raise ConfigurationError.

    `example` is what the message shows: one that this field would take.
    """
    fix = f"Write it as {example}, and not {text!r}."
    if re.search(r"[\s\\\"<>\x00-\x1f\x7f]", text):
        raise refuse(field_name, "this is not a web address", fix)
    try:
        parts = urlsplit(text)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise refuse(field_name, "this is not a web address", fix) from None
    if parts.scheme not in {"http", "https"} or not host or port == 0:
        raise refuse(field_name, "this is not an absolute web address", fix)
    if parts.username is not None or parts.password is not None:
        raise refuse(field_name, "it contains a user name or password", "Leave them out.")
    if parts.scheme == "http" and not (insecure_dev and _is_loopback(host)):
        fix = (
            f"Use https: http is for loopback alone, such as 127.0.0.1, and {host} is not."
            if insecure_dev
            else "Use https, or on your own machine a loopback host and "
            "config=HubConfig(network=NetworkConfig(insecure_dev=True)); "
            "for connect-hub serve, CONNECT_HUB_INSECURE_DEV=1."
        )
        raise refuse(field_name, "plain http is refused", fix)
    return parts
