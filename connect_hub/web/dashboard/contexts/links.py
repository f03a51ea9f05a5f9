"""Auth links: the list, one, and how one is made."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from connect_hub.web.contexts import Form, OptionView
from connect_hub.web.dashboard.contexts.page import (
    Action,
    DashboardPage,
    Fact,
    FormPage,
    ListPage,
    Moment,
    StateView,
)
from connect_hub.web.untrusted import Untrusted

__all__ = ["LinkDetail", "LinkList", "LinkMade", "LinkRow", "NewLink", "Question"]


@dataclass(frozen=True, slots=True)
class Question:
    """Something to decide before a link is made. It stands in the place of the form: what is edited beside it
    would not be what its buttons send."""

    text: str
    yes: str
    """The button that takes what is offered."""
    yes_form: Form
    no: str
    """The button that keeps what was typed."""
    no_form: Form
    change_form: Form
    """Back to the form, with all that was typed."""


@dataclass(frozen=True, kw_only=True)
class NewLink(FormPage):
    """Create Auth Link."""

    template: ClassVar[str] = "dashboard/new_link.html"

    question: Question | None = None
    refusal: str = ""
    """What is wrong, and with no field that is shown."""
    reconnects: Untrusted | None = None
    """The account that is to be connected again, by customer and provider."""


@dataclass(frozen=True, kw_only=True)
class LinkMade(DashboardPage):
    """The link, shown this once."""

    template: ClassVar[str] = "dashboard/link_made.html"

    link: str
    owner_name: Untrusted
    expires_at: datetime
    qr: str
    """An SVG, or empty."""
    mail_url: str
    detail_url: str
    another_url: str
    list_url: str
    is_bound: bool = False
    """Whether its owner alone can use it, who is signed in to the application."""


@dataclass(frozen=True, slots=True)
class LinkRow:
    """One link in the list."""

    url: str
    owner_name: Untrusted
    owner_id: Untrusted
    provider: str
    state: StateView
    opens: int
    connects: int
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class LinkList(ListPage):
    """Links."""

    template: ClassVar[str] = "dashboard/links.html"
    filters: ClassVar[tuple[str, ...]] = ("status", "query")

    rows: tuple[LinkRow, ...]
    status: str = ""
    statuses: tuple[OptionView, ...] = ()
    query: str = ""
    new_link_url: str | None = None


@dataclass(frozen=True, kw_only=True)
class LinkDetail(DashboardPage):
    """One link: its state, which a script keeps up to date, and what became of it."""

    template: ClassVar[str] = "dashboard/link.html"

    owner_name: Untrusted
    state: StateView
    live_url: str
    live_key: str
    """Changes with how far its customer came; empty: nobody comes further."""
    url: str
    opens: int
    connects: int
    notes: tuple[str, ...]
    """What stands in the way."""
    facts: tuple[Fact, ...]
    history: tuple[Moment, ...]
    actions: tuple[Action, ...]
    list_url: str
