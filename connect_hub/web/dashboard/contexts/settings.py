"""Settings."""

from dataclasses import dataclass
from typing import ClassVar

from connect_hub.web.contexts import ProviderView
from connect_hub.web.dashboard.contexts.page import DashboardPage, Fact

__all__ = ["SettingsPage"]


@dataclass(frozen=True, kw_only=True)
class SettingsPage(DashboardPage):
    """How the project is set up, and how the hub looks to customers."""

    template: ClassVar[str] = "dashboard/settings.html"

    facts: tuple[Fact, ...]
    link_facts: tuple[Fact, ...]
    preview: ProviderView | None
    """A connector to show a card of."""
