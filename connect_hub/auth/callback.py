"""The authorization response (RFC 6749, 4.1.2; RFC 9207): what came back with the browser."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from connect_hub.auth.reading import shown
from connect_hub.errors import (
    ClientRejected,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
    StateInvalid,
)
from connect_hub.secret import Secret

if TYPE_CHECKING:
    from connect_hub.connectors.methods import OAuth2Method

__all__ = ["Callback", "callback_error", "check_issuer", "parse_callback"]

_LONGEST = {
    "state": 512,
    "code": 4096,
    "error": 200,
    "error_description": 4096,
    "error_uri": 4096,
    "iss": 500,
}
_VISIBLE = re.compile(r"[\x20-\x7E]+")


@dataclass(frozen=True, slots=True)
class Callback:
    """A well-formed authorization response: it has either a code or an error."""

    state: str = field(repr=False)
    code: Secret | None = None
    error: str | None = None
    error_description: str | None = None
    """The provider's own sentence, at most 200 characters; untrusted. Its `error_uri` is dropped."""
    iss: str | None = None


def parse_callback(pairs: Iterable[tuple[str, str]]) -> Callback:
    """The response in `pairs`, decoded names and values as they came.

    Raises StateInvalid for one that has a parameter twice, too long or with control characters, no state, or
    not exactly one of code and error. Parameters that RFC 6749 and RFC 9207 do not know are ignored.
    """
    found: dict[str, str] = {}
    for name, value in pairs:
        if name not in _LONGEST:
            continue
        if name in found or len(value) > _LONGEST[name]:
            raise StateInvalid
        if name != "error_description" and _VISIBLE.fullmatch(value) is None:
            raise StateInvalid
        found[name] = value
    if "state" not in found or ("code" in found) == ("error" in found):
        raise StateInvalid
    description = found.get("error_description")
    return Callback(
        state=found["state"],
        code=Secret(found["code"]) if "code" in found else None,
        error=found.get("error"),
        error_description=None if description is None else shown(description, ()) or None,
        iss=found.get("iss"),
    )


def check_issuer(method: "OAuth2Method", iss: str | None) -> None:
    """That the response is from the provider that was asked (RFC 9207, 2.4). Raises StateInvalid.

    Where the definition says that the provider sends `iss`, it must be there; where it is there and the
    definition names an issuer, they must be the same text.
    """
    if iss is None:
        if method.authorization_response_iss_parameter_supported:
            raise StateInvalid
    elif method.issuer is not None and iss != method.issuer:
        raise StateInvalid


def callback_error(callback: Callback) -> ProviderError:
    """What an error response means, as the error to raise (RFC 6749, 4.1.2.1)."""
    leaf: type[ProviderError] = {
        "temporarily_unavailable": ProviderUnavailable,
        "server_error": ProviderUnavailable,
        "unauthorized_client": ClientRejected,
        "invalid_client": ClientRejected,
        "invalid_request": ClientRejected,
        "invalid_scope": ClientRejected,
        "unsupported_response_type": ClientRejected,
    }.get(callback.error or "", ProviderRefused)
    return leaf(provider_message=callback.error_description)
