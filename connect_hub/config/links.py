"""Auth links and visits."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from connect_hub.config.checks import as_names, refuse
from connect_hub.models import Binding

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkConfig:
    """How auth links look, whom they admit, and how long things live."""

    style: Literal["fragment", "query"] = "fragment"
    """`fragment` keeps the token out of every log; `query` works without JavaScript."""
    binding: Binding = Binding.CONFIRM
    """The weakest binding a session may have."""
    return_urls: frozenset[str] = frozenset()
    """Where a session's `return_url` may point; compared exactly by scheme, host, port and path."""
    session_lifetime: timedelta = timedelta(minutes=30)
    """Of sessions made over HTTP and with `hub.sessions.create`."""
    link_lifetime: timedelta = timedelta(days=5)
    """Of links made with `hub.links.create` and the command line."""
    max_lifetime: timedelta = timedelta(days=7)
    """No token is accepted that was made to live longer; 30 days at most."""
    visit_idle: timedelta = timedelta(minutes=30)
    visit_absolute: timedelta = timedelta(minutes=60)
    oauth_state_lifetime: timedelta = timedelta(minutes=20)

    def __post_init__(self) -> None:
        object.__setattr__(self, "return_urls", as_names("links.return_urls", self.return_urls))
        if self.binding not in set(Binding):
            raise refuse(
                "links.binding", f"{self.binding!r} is unknown", "Choose 'confirm' or 'host_identity'."
            )
        object.__setattr__(self, "binding", Binding(self.binding))
        if self.style not in {"fragment", "query"}:
            raise refuse("links.style", f"{self.style!r} is unknown", "Choose 'fragment' or 'query'.")
        if not timedelta(minutes=1) <= self.max_lifetime <= 30 * _DAY:
            raise refuse("links.max_lifetime", "it is not within 1 minute and 30 days", "Lower it.")
        for name in ("session_lifetime", "link_lifetime"):
            if not timedelta(minutes=1) <= getattr(self, name) <= self.max_lifetime:
                raise refuse(
                    f"links.{name}", "it is not within 1 minute and links.max_lifetime", "Change one of them."
                )
        for name in ("visit_idle", "visit_absolute", "oauth_state_lifetime"):
            if not timedelta(minutes=1) <= getattr(self, name) <= _DAY:
                raise refuse(f"links.{name}", "it is not within 1 minute and 1 day", "Change it.")
