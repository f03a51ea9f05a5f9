"""Links: the list, one link and its live state, revoked and renewed."""

import json
from collections.abc import Sequence
from datetime import datetime
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.flows.links import is_account_gone
from connect_hub.message import Message
from connect_hub.models import Session, SessionStatus
from connect_hub.operators import Role
from connect_hub.web.dashboard.contexts import (
    Fact,
    LinkDetail,
    LinkList,
    LinkRow,
    known,
    metadata_line,
)
from connect_hub.web.dashboard.frame import Pages
from connect_hub.web.dashboard.guard import Desk, Guard
from connect_hub.web.dashboard.labels import ACCOUNT_GONE
from connect_hub.web.dashboard.link_actions import LinkActions
from connect_hub.web.dashboard.link_history import link_history, live_key
from connect_hub.web.dashboard.listing import Looked, Place, listed
from connect_hub.web.dashboard.parameters import WAS_DONE
from connect_hub.web.dashboard.search import look_through
from connect_hub.web.dashboard.states import LINK_STATES, state_options, state_view
from connect_hub.web.query import Query
from connect_hub.web.site import Site
from connect_hub.web.untrusted import Untrusted
from connect_hub.web.urls import with_query

__all__ = ["LinkPages"]

_PAGE = 25


class LinkPages(Pages):
    """Handlers of `/dashboard/in/{project}/links…`."""

    def __init__(self, site: Site, guard: Guard, actions: LinkActions) -> None:
        super().__init__(site, guard)
        self.actions = actions

    async def listing(self, request: Request, desk: Desk) -> Response:
        url = self.path(desk, "dashboard_links")
        query = Query(request, f"q owner status cursor {WAS_DONE}")
        typed, owner_id = query.one("q") or "", query.one("owner") or ""
        statuses, before = query.choice("status", SessionStatus, form=True), query.cursor("[0-9]{1,16}")

        async def load(limit: int) -> Sequence[Session] | Looked[Session]:
            owner = owner_id or await self._owner(desk, typed)
            read = partial(self._page, desk, owner, frozenset(statuses))
            if owner is not None or not typed.strip():
                return await read(limit, before)
            return await look_through(read, _place, typed, before=before, limit=limit)

        sessions = await listed(self, request, query, url=url, size=_PAGE, load=load, place=_place)
        page = LinkList(
            frame=self.frame(request, desk, "dashboard_links"),
            done=self.done(request),
            alert=sessions.alert,
            rows=tuple(self._row(request, desk, session) for session in sessions.rows),
            url=url,
            query=(typed if typed.strip() else "") or owner_id,
            by_name=sessions.by_name,
            status=statuses[0].value if statuses else "",
            statuses=state_options(LINK_STATES, self.say(request)),
            new_link_url=self.path(desk, "dashboard_new_link") if desk.may(Role.OPERATOR) else None,
            pager=sessions.pager,
        )
        return self.show(request, page, sessions.status)

    async def _owner(self, desk: Desk, typed: str) -> str | None:
        """The customer's id that is meant: as it is, if it has links, else without the spaces around it. None
        where there is no such id."""
        if not typed.strip():
            return None
        for owner in dict.fromkeys((typed, typed.strip())):
            if await self._page(desk, owner, frozenset(), 1, None):
                return owner
        return None

    async def _page(
        self,
        desk: Desk,
        owner: str | None,
        statuses: frozenset[SessionStatus],
        limit: int,
        before: Place | None,
    ) -> Sequence[Session]:
        return await self.flows.sessions.list(
            project=desk.project,
            origin_owner_id=owner,
            statuses=statuses,
            limit=limit,
            before=None if before is None else (before[0], int(before[1])),
        )

    def _row(self, request: Request, desk: Desk, session: Session) -> LinkRow:
        return LinkRow(
            url=self.path(desk, "dashboard_link", session_id=str(session.id)),
            owner_name=Untrusted(session.origin_owner_name),
            owner_id=Untrusted(session.origin_owner_id, exact=True),
            provider="" if session.provider is None else self.provider(session.provider).name,
            state=state_view(LINK_STATES[session.status(self.core.clock.now())], self.say(request)),
            opens=session.opens,
            connects=session.connects,
            created_at=session.created_at,
            expires_at=session.expires_at,
        )

    async def detail(self, request: Request, desk: Desk) -> Response:
        details, say = await self.actions.details(request, desk), self.say(request)
        session, status = details.session, details.status
        here = str(session.id)
        gone = await is_account_gone(self.flows.accounts, session)
        facts = [
            Fact(
                say(Message("Origin owner ID")),
                quoted=Untrusted(session.origin_owner_id, limit=255, exact=True),
            ),
            Fact(say(Message("Origin owner name")), quoted=Untrusted(session.origin_owner_name)),
            Fact(say(Message("Origin username")), quoted=Untrusted(session.origin_username or "")),
            Fact(say(Message("Provider")), self.provider(session.provider).name if session.provider else ""),
            Fact(
                say(Message("Account ID")),
                code=session.account_id or "",
                url=None
                if session.account_id is None or gone
                else self.path(desk, "dashboard_account", account_id=session.account_id),
            ),
            Fact(
                say(Message("Accounts")),
                say(Message("Accounts of this customer")),
                url=with_query(self.path(desk, "dashboard_accounts"), [("owner", session.origin_owner_id)]),
            ),
            Fact(say(Message("Label")), quoted=Untrusted(session.label or "")),
            Fact(say(Message("Metadata")), code=metadata_line(session.metadata)),
            Fact(say(Message("Link ID")), code=here),
            Fact(say(Message("Created")), at=session.created_at),
            Fact(say(Message("Expires")), at=session.expires_at),
        ]
        page = LinkDetail(
            frame=self.frame(request, desk, "dashboard_links"),
            done=self.done(request),
            owner_name=Untrusted(session.origin_owner_name),
            state=state_view(LINK_STATES[status], self.say(request)),
            live_url=self.path(desk, "dashboard_link_state", session_id=here),
            live_key=live_key(details) if status is SessionStatus.OPEN else "",
            url=self.path(desk, "dashboard_link", session_id=here),
            opens=session.opens,
            connects=session.connects,
            facts=known(facts),
            notes=(say(ACCOUNT_GONE),) if gone else (),
            history=await link_history(self, request, desk, details),
            actions=self.actions.of(request, desk, details, gone=gone),
            list_url=self.path(desk, "dashboard_links"),
        )
        return self.show(request, page)

    async def state(self, request: Request, desk: Desk) -> Response:
        """Where the link stands, for the script that keeps its page up to date."""
        state = {"key": live_key(await self.actions.details(request, desk))}
        return Response(json.dumps(state), media_type="application/json")


def _place(session: Session) -> tuple[datetime, str]:
    return session.created_at, str(session.id)
