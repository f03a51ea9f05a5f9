"""The audit log: who did what, when, from where, and what it was before. For administrators."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.audit import AuditAction, AuditEntry
from connect_hub.clock import iso
from connect_hub.errors import NotFound
from connect_hub.message import Message
from connect_hub.models import Json
from connect_hub.operators import EVERY_PROJECT, Role
from connect_hub.web.contexts import OptionView
from connect_hub.web.dashboard.audit_words import changes, subject_url
from connect_hub.web.dashboard.contexts import AuditList, AuditRow
from connect_hub.web.dashboard.export import exported, refuse_elsewhere
from connect_hub.web.dashboard.frame import Pages
from connect_hub.web.dashboard.guard import Desk
from connect_hub.web.dashboard.labels import ACTIONS, ACTOR_KINDS
from connect_hub.web.dashboard.listing import listed, rows_of_all
from connect_hub.web.query import Query
from connect_hub.web.untrusted import Untrusted, clean
from connect_hub.web.urls import with_query

__all__ = ["AuditPages"]

_PAGE = 50
_ID = "[A-Za-z0-9_-]{1,64}"
_OPERATORS = "operators"
_LOGS = (("", Message("This project")), (_OPERATORS, Message("Operators and sign-ins")))
_COLUMNS = ("at", "action", "subject", "actor_kind", "actor_id", "actor_name", "source", "before", "after")


@dataclass(frozen=True, slots=True)
class _Filter:
    """Which entries are asked for."""

    project: str
    """`*`: of operators and their sign-ins, which belong to no project."""
    action: str
    subject: str
    actor: str

    def params(self) -> list[tuple[str, str]]:
        """As the address has them."""
        log = _OPERATORS if self.project == EVERY_PROJECT else ""
        return [("log", log), ("action", self.action), ("subject", self.subject), ("actor", self.actor)]


class AuditPages(Pages):
    """Handlers of `/dashboard/in/{project}/audit…`."""

    async def listing(self, request: Request, desk: Desk) -> Response:
        url, say = self.path(desk, "dashboard_audit"), self.say(request)
        query = Query(request, "log action subject actor cursor")
        where, before = self._filter(query, desk), query.cursor(_ID)

        async def load(limit: int) -> Sequence[AuditEntry]:
            return await self._entries(where, limit, before)

        entries = await listed(self, request, query, url=url, size=_PAGE, load=load, place=_place)
        of_projects = where.project != EVERY_PROJECT
        page = AuditList(
            frame=self.frame(request, desk, "dashboard_audit"),
            alert=entries.alert,
            rows=tuple(self._row(request, desk, where, entry) for entry in entries.rows),
            url=url,
            logs=tuple(OptionView(value, say(text)) for value, text in _LOGS) if _sees_all(desk) else (),
            log="" if of_projects else _OPERATORS,
            action=where.action,
            subject=where.subject,
            actor=where.actor,
            actions=tuple(
                OptionView(one.value, say(text))
                for one, text in ACTIONS.items()
                if one.is_of_projects == of_projects
            ),
            export_url=with_query(self.path(desk, "dashboard_audit_csv"), where.params()),
            actors=_actors(entries.rows, where.actor),
            pager=entries.pager,
        )
        return self.show(request, page, entries.status)

    def _filter(self, query: Query, desk: Desk) -> _Filter:
        """What the list shows and the export has."""
        log, action, subject, actor = (
            (query.one(name) or "").strip() for name in ("log", "action", "subject", "actor")
        )
        if action and action not in {one.value for one in AuditAction}:
            query.problem("action", "is not an action")
        if log == _OPERATORS and not _sees_all(desk):
            raise NotFound  # as what is of a project that somebody has no role in
        if log not in {"", _OPERATORS}:
            query.problem("log", "is not a log")
        return _Filter(EVERY_PROJECT if log else desk.project, action, subject, actor)

    async def _entries(
        self, where: _Filter, limit: int, before: tuple[datetime, str] | None
    ) -> Sequence[AuditEntry]:
        return await self.flows.audit.list(
            project=where.project,
            action=where.action or None,
            subject=where.subject or None,
            actor_id=where.actor or None,
            limit=limit,
            before=before,
        )

    def _row(self, request: Request, desk: Desk, where: _Filter, entry: AuditEntry) -> AuditRow:
        url, say = self.path(desk, "dashboard_audit"), self.say(request)
        return AuditRow(
            at=entry.at,
            action=self.action(request, entry.action),
            subject=Untrusted(entry.subject),
            subject_url=subject_url(self, desk, entry),
            actor=Untrusted(entry.actor.name),
            actor_url=with_query(url, replace(where, action="", subject="", actor=entry.actor.id).params()),
            kind=say(ACTOR_KINDS[entry.actor.kind]),
            source=Untrusted(entry.actor.source),
            changes=changes(self, request, entry),
        )

    async def export(self, request: Request, desk: Desk) -> Response:
        """All entries that the filters leave, as CSV."""
        refuse_elsewhere(request)
        query = Query(request, "log action subject actor")
        where = self._filter(query, desk)
        query.refuse_problems()
        action, rows = AuditAction.AUDIT_EXPORTED, self._exported(where)
        name = "operators-audit.csv" if where.project == EVERY_PROJECT else "audit.csv"
        return await exported(self, request, desk, action, name, _COLUMNS, rows)

    async def _exported(self, where: _Filter) -> AsyncIterator[Sequence[str]]:
        async def load(limit: int, before: tuple[datetime, str] | None) -> Sequence[AuditEntry]:
            return await self._entries(where, limit, before)

        async for entry in rows_of_all(load, _place):
            yield (
                iso(entry.at),
                entry.action,
                entry.subject,
                entry.actor.kind.value,
                entry.actor.id,
                entry.actor.name,
                entry.actor.source,
                _dumped(entry.before),
                _dumped(entry.after),
            )


def _sees_all(desk: Desk) -> bool:
    """Whether what belongs to no project is theirs to read."""
    return desk.operator.roles.get(EVERY_PROJECT) is Role.ADMIN


def _actors(entries: Sequence[AuditEntry], chosen: str) -> tuple[OptionView, ...]:
    """Who acted here, by name; and who was asked for, by id where nothing of theirs is here."""
    found = {chosen: chosen} if chosen else {}
    found |= {entry.actor.id: entry.actor.name for entry in reversed(entries)}
    return tuple(OptionView(actor_id, clean(name, 60)) for actor_id, name in found.items())


def _place(entry: AuditEntry) -> tuple[datetime, str]:
    return entry.at, entry.id


def _dumped(values: Mapping[str, Json] | None) -> str:
    return "" if values is None else json.dumps(dict(values), ensure_ascii=False, sort_keys=True)
