"""Owners from a gateway in front of the host, which signs people in and passes on who they are.

A header alone can be sent by anybody who reaches the application past the gateway. So either the gateway
signs what it says (`jwt_identity`), or its own address is checked (`header_identity`).
"""

import asyncio
import ipaddress
import logging
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any

import jwt

from connect_hub import header_names
from connect_hub.errors import ConfigurationError
from connect_hub.identity import SignIn, Subject, Visitor

__all__ = ["header_identity", "jwt_identity"]

_SIGNED_BY_KEY_PAIR = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"}
)
_SIGNED_BY_SECRET = frozenset({"HS256", "HS384", "HS512"})
_SHORTEST_SECRET = 32
_SKEW = 60.0
"""Seconds that the gateway's clock may differ."""

Claims = Mapping[str, Any]

log = logging.getLogger("connect_hub")


def header_identity(
    header: str,
    *,
    gateways: Collection[str],
    sign_in: str,
    owner: Callable[[str], Subject | None] = Subject,
) -> Callable[[Visitor], Subject | SignIn]:
    """For `PageConfig(identity=header_identity("X-Auth-Request-User", gateways=["10.0.0.0/8"], sign_in=…))`.

    The header counts in requests alone that come from one of `gateways`, addresses or networks, as the server
    tells who it is connected to: switch the server's own reading of X-Forwarded-For off, as that replaces it
    (uvicorn: `--no-proxy-headers`). The gateway has to remove the header from what visitors send. Under
    granian's WSGI interface, where a visitor's `X_Auth_Request_User` would be taken for it, nobody is known.
    `owner(value)` says whose account it is; None: nobody's. Raises ConfigurationError for no gateways, and
    for what is no address.
    """
    try:
        networks = [ipaddress.ip_network(one) for one in gateways]
    except ValueError as error:
        raise ConfigurationError(
            f"gateways: {error}. Write addresses or networks, such as 10.0.0.0/8."
        ) from None
    if not networks or any(network.prefixlen == 0 for network in networks):
        raise ConfigurationError("gateways: none is named, or everybody. Name the addresses of the gateway.")

    elsewhere = SignIn(sign_in)

    def identity(visitor: Visitor) -> Subject | SignIn:
        is_theirs = _comes_from(visitor, networks) and header_names.are_distinct(visitor.scope)
        value = _only(visitor, header) if is_theirs else None
        found = owner(value) if value else None
        return elsewhere if found is None else found

    return identity


def jwt_identity(
    *,
    key: object,
    algorithm: str,
    issuer: str,
    audience: str,
    sign_in: str,
    header: str = "Authorization",
    owner: Callable[[Claims], Subject | None] = lambda claims: Subject(claims["sub"]),
) -> Callable[[Visitor], Awaitable[Subject | SignIn]]:
    """For `PageConfig(identity=jwt_identity(key=…, algorithm="RS256", issuer=…, audience=…, sign_in=…))`.

    The gateway's token (RFC 7519) stands in `header`, after `Bearer ` or by itself. It counts with the one
    `algorithm`, and with `iss`, `aud` (for us alone), `exp` and `sub` all there and right (RFC 8725, 3).
    `key` is the public key as PEM text, the shared secret (32 bytes at least), or a function from the token
    to a key that is called in a thread, such as `jwt.PyJWKClient(url).get_signing_key_from_jwt`. While that
    finds none, because its address is away or answers something else, nobody is known; the log says so.
    `owner(claims)` says whose account it is; None: nobody's. Raises ConfigurationError for an algorithm that
    is none or does not verify, and for a key that is none of its.
    """
    if algorithm not in _SIGNED_BY_KEY_PAIR | _SIGNED_BY_SECRET:
        known = ", ".join(sorted(_SIGNED_BY_KEY_PAIR | _SIGNED_BY_SECRET))
        raise ConfigurationError(f"algorithm: {algorithm!r} is none of {known}. Name the gateway's.")
    if algorithm in _SIGNED_BY_SECRET and isinstance(key, str | bytes) and len(key) < _SHORTEST_SECRET:
        raise ConfigurationError(
            f"key: the shared secret is shorter than {_SHORTEST_SECRET} bytes. Make a longer one."
        )

    if not callable(key):
        _refuse_unless_fitting(key, algorithm)
    said: set[str] = set()
    elsewhere = SignIn(sign_in)

    def subject(token: str) -> Subject | None:
        found: Any = key
        if callable(key):
            try:
                found = key(token)
            except (jwt.PyJWTError, ValueError, OSError) as error:
                # Its class alone: its words may be those of the token. Once each: anybody may send a token.
                if type(error).__name__ not in said:
                    said.add(type(error).__name__)
                    log.warning("jwt_identity: no key for a token of the gateway: %s", type(error).__name__)
                return None
        try:
            claims = jwt.decode(
                token,
                found,
                algorithms=[algorithm],
                issuer=issuer,
                audience=audience,
                leeway=_SKEW,
                options={"require": ["exp", "iss", "aud", "sub"], "strict_aud": True},
            )
        except (jwt.PyJWTError, ValueError):
            return None
        return owner(claims)

    async def identity(visitor: Visitor) -> Subject | SignIn:
        text = _only(visitor, header)
        found = None if text is None else await asyncio.to_thread(subject, _without_scheme(text))
        return elsewhere if found is None else found

    return identity


def _refuse_unless_fitting(key: object, algorithm: str) -> None:
    try:
        jwt.get_algorithm_by_name(algorithm).prepare_key(key.key if isinstance(key, jwt.PyJWK) else key)
    except (jwt.PyJWTError, TypeError, ValueError) as error:
        raise ConfigurationError(
            f"key: it is no key of {algorithm}: {type(error).__name__}. Pass the gateway's public key as PEM "
            "text."
        ) from None


def _without_scheme(text: str) -> str:
    scheme, space, token = text.partition(" ")
    return token.strip() if space and scheme.lower() == "bearer" else text


def _only(visitor: Visitor, header: str) -> str | None:
    """The value of a header that came once; None if it came not at all, or twice, whoever sent which. WSGI
    servers join the values of two by a comma, so a value with one is refused as well."""
    name = header.lower().encode("latin-1")
    raw = visitor.scope.get("headers")
    values = [value for key, value in raw if key.lower() == name] if isinstance(raw, list | tuple) else []
    return values[0].decode("latin-1").strip() if len(values) == 1 and b"," not in values[0] else None


def _comes_from(
    visitor: Visitor, networks: Collection[ipaddress.IPv4Network | ipaddress.IPv6Network]
) -> bool:
    client = visitor.scope.get("client")
    try:
        address = ipaddress.ip_address(client[0])  # type: ignore[index]  # ASGI: a pair, or None
    except (TypeError, ValueError, IndexError):
        return False
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(address in network for network in networks)
