"""The project at a glance."""

from dataclasses import dataclass
from typing import ClassVar

from connect_hub.web.contexts import ProviderView
from connect_hub.web.dashboard.charts import Columns, Stack
from connect_hub.web.dashboard.contexts.page import DashboardPage

__all__ = ["Home", "RateRow"]


@dataclass(frozen=True, slots=True)
class RateRow:
    """How many of those who looked at a provider's form connected it."""

    provider: ProviderView
    tried: int
    connected: int
    percent: int


@dataclass(frozen=True, kw_only=True)
class Home(DashboardPage):
    """The project at a glance; without accounts, how to begin."""

    template: ClassVar[str] = "dashboard/home.html"

    new_link_url: str | None
    connected: Columns
    accounts: Stack
    deliveries: Stack
    rates: tuple[RateRow, ...]
    attempts_url: str
    most: str
    """The bound of every count but that of deliveries, as it is written."""
    most_events: str
    """Of how many events, the newest, the deliveries are counted, as it is written."""
    rates_cut: bool
    """Whether the rates are of the newest `most` steps alone."""
