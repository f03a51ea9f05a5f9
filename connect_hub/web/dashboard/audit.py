"""The audit log: who did what, when, from where, and what it was before. For administrators."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.audit import AuditAction, AuditEntry
from connect_hub.clock import iso
from connect_hub.models import Json
from connect_hub.web.contexts import OptionView
from connect_hub.web.dashboard.contexts import AuditList, AuditRow, Changed
from connect_hub.web.dashboard.export import exported, refuse_elsewhere
from connect_hub.web.dashboard.frame import Pages
from connect_hub.web.dashboard.guard import Desk
from connect_hub.web.dashboard.labels import ACTIONS, ACTOR_KINDS, FIELDS
from connect_hub.web.dashboard.listing import listed, rows_of_all
from connect_hub.web.query import Query
from connect_hub.web.untrusted import Untrusted
from connect_hub.web.urls import with_query

__all__ = ["AuditPages"]

_PAGE = 50
_ID = "[A-Za-z0-9_-]{1,64}"
_COLUMNS = ("at", "action", "subject", "actor_kind", "actor_id", "actor_name", "source", "before", "after")


class AuditPages(Pages):
    """Handlers of `/dashboard/in/{project}/audit…`."""

    async def listing(self, request: Request, desk: Desk) -> Response:
        url, say = self.path(desk, "dashboard_audit"), self.say(request)
        query = Query(request, "action subject actor cursor")
        action, subject, actor = ((query.one(name) or "").strip() for name in ("action", "subject", "actor"))
        before = query.cursor(_ID)
        if action and action not in {one.value for one in AuditAction}:
            query.problem("action", "is not an action")

        async def load(limit: int) -> Sequence[AuditEntry]:
            return await self.flows.audit.list(
                project=desk.project,
                action=action or None,
                subject=subject or None,
                actor_id=actor or None,
                limit=limit,
                before=before,
            )

        entries = await listed(self, request, query, url=url, size=_PAGE, load=load, place=_place)
        filters = [("action", action), ("subject", subject), ("actor", actor)]
        page = AuditList(
            frame=self.frame(request, desk, "dashboard_audit"),
            alert=entries.alert,
            rows=tuple(self._row(request, url, entry) for entry in entries.rows),
            url=url,
            action=action,
            subject=subject,
            actor=actor,
            actions=tuple(
                OptionView(one.value, say(text)) for one, text in ACTIONS.items() if one.is_of_projects
            ),
            export_url=with_query(self.path(desk, "dashboard_audit_csv"), filters),
            pager=entries.pager,
        )
        return self.show(request, page, entries.status)

    def _row(self, request: Request, url: str, entry: AuditEntry) -> AuditRow:
        say = self.say(request)
        return AuditRow(
            at=entry.at,
            action=self.action(request, entry.action),
            subject=Untrusted(entry.subject),
            actor=Untrusted(entry.actor.name),
            actor_url=with_query(url, [("actor", entry.actor.id)]),
            kind=say(ACTOR_KINDS[entry.actor.kind]),
            source=Untrusted(entry.actor.source),
            changes=self._changes(request, entry),
        )

    def _changes(self, request: Request, entry: AuditEntry) -> tuple[Changed, ...]:
        before, after, say = entry.before or {}, entry.after or {}, self.say(request)
        names = [*before, *(name for name in after if name not in before)]
        return tuple(
            Changed(say(FIELDS[name]) if name in FIELDS else name, _shown(before, name), _shown(after, name))
            for name in names
            if before.get(name) or after.get(name)
        )

    async def export(self, request: Request, desk: Desk) -> Response:
        """All entries that the filters leave, as CSV."""
        refuse_elsewhere(request)
        query = Query(request, "action subject actor")
        action, subject, actor = (query.one(name) or None for name in ("action", "subject", "actor"))
        query.refuse_problems()
        rows = self._exported(desk, action, subject, actor)
        return await exported(self, request, desk, AuditAction.AUDIT_EXPORTED, "audit.csv", _COLUMNS, rows)

    async def _exported(
        self, desk: Desk, action: str | None, subject: str | None, actor: str | None
    ) -> AsyncIterator[Sequence[str]]:
        async def load(limit: int, before: tuple[datetime, str] | None) -> Sequence[AuditEntry]:
            return await self.flows.audit.list(
                project=desk.project,
                action=action,
                subject=subject,
                actor_id=actor,
                limit=limit,
                before=before,
            )

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


def _place(entry: AuditEntry) -> tuple[datetime, str]:
    return entry.at, entry.id


def _shown(values: Mapping[str, Json], name: str) -> Untrusted | None:
    value = values.get(name)
    return None if value is None or value == "" else Untrusted(str(value), limit=200, exact=True)


def _dumped(values: Mapping[str, Json] | None) -> str:
    return "" if values is None else json.dumps(dict(values), ensure_ascii=False, sort_keys=True)
