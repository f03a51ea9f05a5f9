"""The port by which a host says who may use the dashboard, and the dashboard's settings."""

from collections.abc import Awaitable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from connect_hub.errors import ConfigurationError
from connect_hub.host_address import check_host_address
from connect_hub.identity import SignIn, Visitor
from connect_hub.operators import NoOperator, Operator

__all__ = ["DashboardAuth", "DashboardConfig", "OperatorTokens"]

_DAY = timedelta(days=1)


Answer = Operator | SignIn | NoOperator | None


class DashboardAuth(Protocol):
    """Names the operator behind a request. A plain function may be given as well as a coroutine function.

    It is asked at every request, and in a download again and again, so an operator who is removed, or has
    lost a role, is out at once. None: whoever it is may not use the dashboard. `NoOperator`: nor may whoever
    is signed in, which they are told.
    `SignIn`: nobody is signed in; the browser is sent to its URL with the page's address in `next`.
    """

    def __call__(self, visitor: Visitor, /) -> Answer | Awaitable[Answer]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorTokens:
    """Operators sign in with a token made by `connect-hub operators add`, on the hub's own page."""

    idle: timedelta = timedelta(minutes=30)
    """A sign-in ends after so long without a request."""
    absolute: timedelta = timedelta(hours=12)
    """A sign-in ends after so long in any case."""

    def __post_init__(self) -> None:
        for name in ("idle", "absolute"):
            if not timedelta(minutes=1) <= getattr(self, name) <= 30 * _DAY:
                raise ConfigurationError(
                    f"dashboard.auth.{name}: it is not within 1 minute and 30 days. Change it."
                )


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardConfig:
    """The dashboard, at `/dashboard` below `public_url`. Without this there is none."""

    auth: DashboardAuth | OperatorTokens
    """Who may use it."""
    home_url: str | None = None
    """Where the operator's menu leads back to: a path on the same origin, or an https address."""
    sign_out_url: str | None = None
    """Where the application's own operators sign out; the menu has a link to it, so a page that asks by a
    button is better than an address that signs out when it is opened."""

    def __post_init__(self) -> None:
        for name, example in (("home_url", "/staff"), ("sign_out_url", "/logout")):
            address = getattr(self, name)
            if address is not None:
                check_host_address(f"dashboard.{name}", address, example=example)
        if self.sign_out_url is not None and isinstance(self.auth, OperatorTokens):
            raise ConfigurationError(
                "dashboard.sign_out_url: with OperatorTokens() the hub signs out itself. Leave it out."
            )
        auth: object = self.auth  # a host's code may be unchecked
        if auth is OperatorTokens or not (isinstance(auth, OperatorTokens) or callable(auth)):
            raise ConfigurationError(
                "dashboard.auth: this is neither a function nor OperatorTokens(). Pass a function from a "
                "Visitor to an Operator, or OperatorTokens() for a sign-in by token."
            )
