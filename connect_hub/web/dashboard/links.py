"""Links: the list, one link and its live state, revoked and renewed."""

import json

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.errors import ValidationFailed
from connect_hub.message import Message
from connect_hub.models import Session, SessionStatus
from connect_hub.operators import Role
from connect_hub.web.dashboard.contexts import (
    Fact,
    LinkDetail,
    LinkList,
    LinkRow,
    Pager,
)
from connect_hub.web.dashboard.frame import Pages
from connect_hub.web.dashboard.guard import Desk, Guard
from connect_hub.web.dashboard.link_actions import LinkActions
from connect_hub.web.dashboard.link_history import link_history, live_key
from connect_hub.web.query import Query
from connect_hub.web.site import Site
from connect_hub.web.untrusted import Untrusted

__all__ = ["LinkPages"]

_PAGE = 25


class LinkPages(Pages):
    """Handlers of `/dashboard/in/{project}/links…`."""

    def __init__(self, site: Site, guard: Guard, actions: LinkActions) -> None:
        super().__init__(site, guard)
        self.actions = actions

    async def listing(self, request: Request, desk: Desk) -> Response:
        url, say = self.path(desk, "dashboard_links"), self.say(request)
        query = Query(request, "owner status cursor done")
        owner, status = (query.one("owner") or "").strip(), query.one("status") or ""
        before = query.cursor("[0-9]{1,16}")
        if status and status not in {s.value for s in SessionStatus}:
            query.problem("status", "is not a status")
        alert, sessions = "", list[Session]()
        try:
            query.refuse_problems()
            sessions = await self.flows.sessions.list(
                project=desk.project,
                origin_owner_id=owner or None,
                statuses=frozenset({SessionStatus(status)} if status else ()),
                limit=_PAGE + 1,
                before=None if before is None else (before[0], int(before[1])),
            )
        except ValidationFailed:
            alert = say(Message("This address was cut or changed. Clear the filters to begin again."))
        more, sessions = len(sessions) > _PAGE, sessions[:_PAGE]
        page = LinkList(
            frame=self.frame(request, desk, "dashboard_links"),
            done=self.done(request),
            alert=alert,
            rows=tuple(self._row(desk, session) for session in sessions),
            url=url,
            owner=owner,
            status=status,
            new_link_url=self.path(desk, "dashboard_new_link") if desk.may(Role.OPERATOR) else None,
            pager=Pager(
                self.first_url(request, url),
                self.next_url(request, url, sessions[-1].created_at, sessions[-1].id) if more else None,
            ),
        )
        return self.show(request, page, 400 if alert else 200)

    def _row(self, desk: Desk, session: Session) -> LinkRow:
        return LinkRow(
            url=self.path(desk, "dashboard_link", session_id=str(session.id)),
            owner_name=Untrusted(session.origin_owner_name),
            owner_id=Untrusted(session.origin_owner_id),
            provider="" if session.provider is None else self.provider(session.provider).name,
            status=session.status(self.core.clock.now()).value,
            opens=session.opens,
            connects=session.connects,
            created_at=session.created_at,
            expires_at=session.expires_at,
        )

    async def detail(self, request: Request, desk: Desk) -> Response:
        details, say = await self.actions.details(request, desk), self.say(request)
        session, status = details.session, details.status
        here = str(session.id)
        facts = [
            Fact(say(Message("Origin owner ID")), quoted=Untrusted(session.origin_owner_id, limit=255)),
            Fact(say(Message("Origin owner name")), quoted=Untrusted(session.origin_owner_name)),
            Fact(say(Message("Origin username")), quoted=Untrusted(session.origin_username or "")),
            Fact(say(Message("Provider")), self.provider(session.provider).name if session.provider else ""),
            Fact(
                say(Message("Account ID")),
                code=session.account_id or "",
                url=None
                if session.account_id is None
                else self.path(desk, "dashboard_account", account_id=session.account_id),
            ),
            Fact(say(Message("Link ID")), code=here),
            Fact(say(Message("Created")), at=session.created_at),
            Fact(say(Message("Expires")), at=session.expires_at),
        ]
        page = LinkDetail(
            frame=self.frame(request, desk, "dashboard_links"),
            done=self.done(request),
            owner_name=Untrusted(session.origin_owner_name),
            status=status.value,
            live_url=self.path(desk, "dashboard_link_state", session_id=here),
            live_key=live_key(details) if status is SessionStatus.OPEN else "",
            url=self.path(desk, "dashboard_link", session_id=here),
            opens=session.opens,
            connects=session.connects,
            facts=tuple(fact for fact in facts if fact.quoted or fact.at or fact.code or fact.text),
            history=await link_history(self, request, desk, details),
            actions=self.actions.of(request, desk, details),
            list_url=self.path(desk, "dashboard_links"),
        )
        return self.show(request, page)

    async def state(self, request: Request, desk: Desk) -> Response:
        """Where the link stands, for the script that keeps its page up to date."""
        state = {"key": live_key(await self.actions.details(request, desk))}
        return Response(json.dumps(state), media_type="application/json")
