"""The audit log."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from connect_hub.web.contexts import OptionView
from connect_hub.web.dashboard.contexts.page import ListPage
from connect_hub.web.untrusted import Untrusted

__all__ = ["AuditList", "AuditRow", "Changed", "ChangedValue"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangedValue:
    """What a field was, or became: in the hub's words, as somebody wrote it, or an instant."""

    text: str = ""
    quoted: Untrusted | None = None
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """One field that was changed."""

    label: str
    before: ChangedValue | None
    after: ChangedValue | None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One line of the audit log."""

    at: datetime
    action: str
    subject: Untrusted
    subject_url: str | None
    """The page of what was changed; None: it has none."""
    actor: Untrusted
    actor_url: str
    """The same list with what this actor did."""
    kind: str
    source: Untrusted
    changes: tuple[Changed, ...]


@dataclass(frozen=True, kw_only=True)
class AuditList(ListPage):
    """The audit log."""

    template: ClassVar[str] = "dashboard/audit.html"
    filters: ClassVar[tuple[str, ...]] = ("log", "action", "subject", "actor")

    rows: tuple[AuditRow, ...]
    logs: tuple[OptionView, ...] = ()
    """Which logs there are to choose from; empty: the project's alone."""
    log: str = ""
    action: str = ""
    subject: str = ""
    actor: str = ""
    actors: tuple[OptionView, ...] = ()
    actions: tuple[OptionView, ...] = ()
    export_url: str = ""
