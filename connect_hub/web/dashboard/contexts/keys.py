"""Keys of the REST API."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from connect_hub.web.contexts import Form
from connect_hub.web.dashboard.contexts.page import DashboardPage, ListPage, StateView
from connect_hub.web.untrusted import Untrusted

__all__ = ["KeyList", "KeyMade", "KeyRow"]


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One API key in the list, without the key."""

    id: str
    name: Untrusted
    created_at: datetime
    last_used_at: datetime | None
    state: StateView
    revoke_url: str | None


@dataclass(frozen=True, kw_only=True)
class KeyList(ListPage):
    """Keys, and the form for one more."""

    template: ClassVar[str] = "dashboard/keys.html"

    rows: tuple[KeyRow, ...]
    form: Form
    name: str = ""
    """What was typed."""
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class KeyMade(DashboardPage):
    """The key, shown this once."""

    template: ClassVar[str] = "dashboard/key_made.html"

    name: Untrusted
    key: str
    list_url: str
