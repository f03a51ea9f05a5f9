"""Attempts: how far customers came, and what failed."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from connect_hub.web.contexts import OptionView, ProviderView
from connect_hub.web.dashboard.contexts.page import ListPage
from connect_hub.web.untrusted import Untrusted

__all__ = ["AttemptList", "FailureRow", "FunnelLine"]


@dataclass(frozen=True, slots=True)
class FunnelLine:
    """How many customers came how far with one provider."""

    provider: ProviderView
    picked: int
    submitted: int
    connected: int
    failed: int
    percent: int
    """Of those who picked it, how many connected."""
    median: str
    """How long a connection took, in words; empty: there was none."""


@dataclass(frozen=True, slots=True)
class FailureRow:
    """One try that did not succeed."""

    at: datetime
    owner_name: Untrusted
    owner_id: Untrusted
    provider: ProviderView
    title: str
    advice: str
    code: str
    url: str
    """The link that it was tried with."""


@dataclass(frozen=True, kw_only=True)
class AttemptList(ListPage):
    """Attempts: the funnel, and what failed."""

    template: ClassVar[str] = "dashboard/attempts.html"

    provider: str
    days: str
    periods: tuple[OptionView, ...]
    providers: tuple[OptionView, ...]
    funnel: tuple[FunnelLine, ...]
    counted: str
    """Of how many steps the funnel is; empty: of all."""
    opened: int
    failures: tuple[FailureRow, ...]

    @property
    def filtered(self) -> bool:
        """Whether a filter is set."""
        return bool(self.provider) or self.days != "30"
