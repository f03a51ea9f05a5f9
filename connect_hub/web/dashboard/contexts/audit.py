"""The audit log."""

from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from connect_hub.web.contexts import OptionView
from connect_hub.web.dashboard.contexts.page import ListPage
from connect_hub.web.untrusted import Untrusted

__all__ = ["AuditList", "AuditRow", "Changed"]


@dataclass(frozen=True, slots=True)
class Changed:
    """One field that was changed."""

    label: str
    before: Untrusted | None
    after: Untrusted | None


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One line of the audit log."""

    at: datetime
    action: str
    subject: Untrusted
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
    filters: ClassVar[tuple[str, ...]] = ("action", "subject", "actor")

    rows: tuple[AuditRow, ...]
    action: str = ""
    subject: str = ""
    actor: str = ""
    actions: tuple[OptionView, ...] = ()
    export_url: str = ""
