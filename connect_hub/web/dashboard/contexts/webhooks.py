"""Webhook endpoints, and what was sent to them."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from connect_hub.web.contexts import OptionView
from connect_hub.web.dashboard.contexts.page import Action, DashboardPage, Fact, FormPage, ListPage, StateView
from connect_hub.web.untrusted import Untrusted

__all__ = [
    "DeliveryDetail",
    "DeliveryRow",
    "EndpointDetail",
    "EndpointForm",
    "EndpointList",
    "EndpointRow",
    "SecretMade",
    "TryView",
]


@dataclass(frozen=True, slots=True)
class EndpointRow:
    """One webhook endpoint in the list."""

    url: str
    address: Untrusted
    description: Untrusted
    events: int
    state: StateView
    configured: bool
    """Of the configuration, and changed there."""


@dataclass(frozen=True, kw_only=True)
class EndpointList(DashboardPage):
    """Webhook endpoints."""

    template: ClassVar[str] = "dashboard/webhooks.html"

    rows: tuple[EndpointRow, ...]
    new_url: str | None


@dataclass(frozen=True, kw_only=True)
class EndpointForm(FormPage):
    """The form of an endpoint."""

    template: ClassVar[str] = "dashboard/webhook_form.html"

    is_new: bool
    """It is to be added; else changed."""

    events: tuple[OptionView, ...]
    chosen: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class SecretMade(DashboardPage):
    """A signing secret, shown this once."""

    template: ClassVar[str] = "dashboard/secret_made.html"

    about: Untrusted
    secret: str
    next_url: str


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """One delivery in the list."""

    url: str
    event: str
    state: StateView
    attempts: int
    error: Untrusted
    begun_anew: bool
    """Whether the error is of a try before it was held and let go: those do not count any more."""
    at: datetime


@dataclass(frozen=True, kw_only=True)
class EndpointDetail(ListPage):
    """One endpoint, and what was sent to it."""

    template: ClassVar[str] = "dashboard/webhook.html"
    filters: ClassVar[tuple[str, ...]] = ("delivery_state",)

    address: Untrusted
    name: Untrusted
    """What tells it from others at the same address."""
    state: StateView
    reason: str
    """Why it is disabled; empty where it is not."""
    configured: bool
    facts: tuple[Fact, ...]
    actions: tuple[Action, ...]
    delivery_state: str
    """The filter."""
    delivery_states: tuple[OptionView, ...]
    rows: tuple[DeliveryRow, ...]
    live_url: str
    live_key: str
    """Changes with the deliveries; empty: these are not the newest."""
    list_url: str


@dataclass(frozen=True, slots=True)
class TryView:
    """One try of a delivery: request and response."""

    at: datetime
    milliseconds: int
    status: str
    error: Untrusted
    request: str
    response: str
    body: str


@dataclass(frozen=True, kw_only=True)
class DeliveryDetail(DashboardPage):
    """One delivery: what was sent, and what was answered."""

    template: ClassVar[str] = "dashboard/delivery.html"

    event: str
    state: StateView
    facts: tuple[Fact, ...]
    body: str
    tries: tuple[TryView, ...]
    url: str
    live_url: str
    live_key: str
    """Changes with the delivery; empty: nothing more happens by itself."""
    resend_url: str | None
    back: Action
    """To the endpoint, or to the list of them."""
