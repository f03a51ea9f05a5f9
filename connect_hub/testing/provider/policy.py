"""How strict the simulated provider is, and how long things live."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType

__all__ = ["ProviderPolicy"]

_SCOPES = MappingProxyType({"profile": "See your name and email address", "employees": "Read your employees"})


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderPolicy:
    """The defaults are those of RFC 9700; loosen one to simulate a provider that is behind."""

    require_pkce: bool = True
    """Refuse authorization requests without an S256 challenge. False: it may be absent; `plain` never is
    accepted. A public client always needs it."""
    send_iss: bool = True
    """Add `iss` to the authorization response and say so in the metadata (RFC 9207)."""
    rotate_refresh_tokens: bool = True
    """Each refresh answers a new refresh token and spends the old one."""
    reuse_grace: timedelta = timedelta(0)
    """How long after it was spent a refresh token still works, as some providers allow. Later, its reuse
    ends every token of the same sign-in."""
    code_lifetime: timedelta = timedelta(minutes=1)
    access_token_lifetime: timedelta = timedelta(hours=1)
    """Whole seconds, as `expires_in` tells it."""
    refresh_token_lifetime: timedelta = timedelta(days=30)
    """Counted from each token's own issue."""
    scopes: Mapping[str, str] = field(default_factory=lambda: _SCOPES)
    """What can be asked for, each with the words of the consent page. Without `profile` and `employees`
    nothing can be read."""
