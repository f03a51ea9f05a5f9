"""What every page is made of: the frame, lists, forms, questions."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from connect_hub.web.contexts import FieldView, Form, Page
from connect_hub.web.untrusted import Untrusted, clean

__all__ = [
    "Action",
    "Affected",
    "AffectedAccount",
    "Confirm",
    "DashboardPage",
    "Fact",
    "FormPage",
    "Frame",
    "ListPage",
    "Moment",
    "NavItem",
    "Pager",
    "ProjectItem",
    "Refused",
    "SignInPage",
    "StateView",
    "known",
    "metadata_line",
]


@dataclass(frozen=True, slots=True)
class NavItem:
    """One entry of the menu."""

    label: str
    url: str
    icon: str
    current: bool


@dataclass(frozen=True, slots=True)
class ProjectItem:
    """One project of the switcher."""

    name: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands around every page: who, where, and where to."""

    operator: Untrusted
    role: str
    project: str
    projects: tuple[ProjectItem, ...]
    nav: tuple[NavItem, ...]
    sign_out: Form | None
    home_url: str
    host_url: str | None = None
    """Back to the application that the dashboard is part of."""
    host_sign_out_url: str | None = None
    """Where the application signs out, where it is who signed the operator in."""


@dataclass(frozen=True, kw_only=True)
class DashboardPage(Page):
    """What every page of an operator's is given."""

    frame: Frame
    done: str = ""
    """What was just done, in words."""
    undone: str = ""
    """That what was sent just now was not done, in words."""
    alert: str = ""
    """What is wrong with what was asked for."""


@dataclass(frozen=True, slots=True)
class Pager:
    """The way to the pages before and after."""

    first_url: str | None = None
    """Back to the first page; None: this is it."""
    next_url: str | None = None
    further_url: str | None = None
    """Where a search by name goes on: it has not looked through older rows."""


@dataclass(frozen=True, kw_only=True)
class ListPage(DashboardPage):
    """A list, in pages, with filters in its address."""

    url: str
    """The list without filters."""
    pager: Pager = Pager()
    by_name: bool = False
    """Whether what was searched for is no id, and was looked for in the customers' names."""

    filters: ClassVar[tuple[str, ...]] = ()
    """The attributes that say what is filtered by."""

    @property
    def filtered(self) -> bool:
        """Whether the list is not of everything."""
        return any(getattr(self, name) for name in self.filters)

    @property
    def narrowed(self) -> bool:
        """Whether the list may have more than is shown: filtered, not from its beginning, or of an address
        that cannot be read."""
        return self.filtered or self.pager.first_url is not None or self.alert != ""


@dataclass(frozen=True, slots=True)
class Action:
    """Something to do, each on a page of its own that asks first."""

    label: str
    url: str
    kind: str = "secondary"


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of what is known."""

    label: str
    text: str = ""
    quoted: Untrusted | None = None
    at: datetime | None = None
    code: str = ""
    """An identifier: in a fixed-width face, to be copied."""
    url: str | None = None


def known(facts: Iterable[Fact]) -> tuple[Fact, ...]:
    """Those that say something."""
    return tuple(fact for fact in facts if fact.text or fact.quoted or fact.at or fact.code)


def metadata_line(metadata: Mapping[str, object] | None) -> str:
    """What the host noted, as JSON on one line, cut where it is long; empty where it is nothing."""
    return clean(json.dumps(metadata, ensure_ascii=False), 1_000) if metadata else ""


@dataclass(frozen=True, slots=True)
class StateView:
    """A state, in words and a colour."""

    kind: str
    """`good`, `open`, `calm`, `bad` or `fail`."""
    text: str


@dataclass(frozen=True, slots=True)
class Moment:
    """One line of a history."""

    at: datetime
    title: str
    detail: str = ""
    who: Untrusted | None = None
    said: Untrusted | None = None
    """Why, in their words."""
    kind: str = ""
    """`good`, `bad` or empty."""
    code: str = ""
    """Of an error, as logs and the API have it."""
    advice: str = ""
    """What to do about it."""


@dataclass(frozen=True, kw_only=True)
class FormPage(DashboardPage):
    """A form of fields."""

    form: Form
    fields: tuple[FieldView, ...]
    back_url: str
    """The way out without sending it."""

    @property
    def wrong(self) -> tuple[FieldView, ...]:
        """The fields that have to be changed."""
        return tuple(field for field in self.fields if field.error is not None)


@dataclass(frozen=True, slots=True)
class AffectedAccount:
    """One account that would not be as it was."""

    owner_name: Untrusted
    owner_id: Untrusted
    url: str


@dataclass(frozen=True, slots=True)
class Affected:
    """The accounts that would not be as they were after a change."""

    text: str
    """How many, in words."""
    accounts: tuple[AffectedAccount, ...]
    """The newest."""
    url: str
    """The list of all."""


@dataclass(frozen=True, kw_only=True)
class Confirm(DashboardPage):
    """Asks before something is done."""

    template: ClassVar[str] = "dashboard/confirm.html"

    title: str
    text: str
    about: Untrusted | None
    form: Form
    button: str
    danger: bool
    back_url: str
    field: FieldView | None = None
    """What is asked besides."""
    affected: Affected | None = None
    """None: no account, or none that would change."""


@dataclass(frozen=True, kw_only=True)
class Refused(Page):
    """What could not be shown or done, and why."""

    template: ClassVar[str] = "dashboard/refused.html"

    title: str
    text: str
    code: str
    reference: str
    way: Action | None
    """The way on; None: there is none."""


@dataclass(frozen=True, kw_only=True)
class SignInPage(Page):
    """The sign-in by token."""

    template: ClassVar[str] = "dashboard/sign_in.html"

    form: Form
    error: str | None = None
    undone: str = ""
    """That what was sent before the sign-in was not done, in words."""
