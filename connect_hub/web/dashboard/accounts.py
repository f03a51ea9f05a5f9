"""Accounts: the list, one account, and what can be done with it."""

from collections.abc import AsyncIterator, Container, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.audit import AuditAction
from connect_hub.clock import iso
from connect_hub.flows.accounts import AccountFilter
from connect_hub.message import Message
from connect_hub.models import Account, AccountStatus, AccountType
from connect_hub.operators import Role
from connect_hub.web.dashboard.account_actions import AccountActions
from connect_hub.web.dashboard.account_history import account_history
from connect_hub.web.dashboard.contexts import (
    AccountDetail,
    AccountList,
    AccountRow,
    Fact,
    known,
    metadata_line,
)
from connect_hub.web.dashboard.export import exported, refuse_elsewhere
from connect_hub.web.dashboard.frame import Pages
from connect_hub.web.dashboard.guard import Desk, Guard
from connect_hub.web.dashboard.listing import Looked, Place, listed, rows_of_all
from connect_hub.web.dashboard.parameters import WAS_DONE
from connect_hub.web.dashboard.search import look_through, named
from connect_hub.web.dashboard.states import ACCOUNT_STATES, state_options, state_view, states_of_account
from connect_hub.web.query import Query
from connect_hub.web.site import Site
from connect_hub.web.untrusted import Untrusted
from connect_hub.web.urls import with_query

__all__ = ["AccountPages"]

_PAGE = 25
_COLUMNS = (
    "id",
    "provider",
    "status",
    "type",
    "origin_owner_id",
    "origin_owner_name",
    "origin_username",
    "label",
    "created_at",
    "updated_at",
)


class _Chosen(NamedTuple):
    """What the address filters by."""

    text: str
    owner: str
    """A customer's id, and nothing else: the way from other pages."""
    provider: str
    statuses: list[AccountStatus]

    def params(self) -> list[tuple[str, str]]:
        """As the address has it."""
        named = [("q", self.text), ("owner", self.owner), ("provider", self.provider)]
        return [*named, *(("status", status.value) for status in self.statuses)]


class AccountPages(Pages):
    """Handlers of `/dashboard/in/{project}/accounts…`."""

    def __init__(self, site: Site, guard: Guard, actions: AccountActions) -> None:
        super().__init__(site, guard)
        self.actions = actions

    async def listing(self, request: Request, desk: Desk) -> Response:
        url = self.path(desk, "dashboard_accounts")
        query = Query(request, f"q owner provider status cursor {WAS_DONE}")
        chosen, before = self._chosen(query), query.cursor("[A-Za-z0-9_-]{1,64}")

        async def load(limit: int) -> Sequence[Account] | Looked[Account]:
            where, name = await self._filter(desk, chosen)
            if not name:
                return await self._page(desk, where, limit, before)
            read = partial(self._page, desk, where)
            return await look_through(read, _place, name, before=before, limit=limit)

        accounts = await listed(self, request, query, url=url, size=_PAGE, load=load, place=_place)
        offer = await self.core.offer(desk.project)
        page = AccountList(
            frame=self.frame(request, desk, "dashboard_accounts"),
            done=self.done(request),
            alert=accounts.alert,
            rows=tuple(self._row(request, desk, account, offer) for account in accounts.rows),
            url=url,
            query=chosen.text or chosen.owner,
            by_name=accounts.by_name,
            provider=chosen.provider,
            status=chosen.statuses[0].value if chosen.statuses else "",
            providers=self.providers(),
            statuses=state_options(ACCOUNT_STATES, self.say(request)),
            new_link_url=self.path(desk, "dashboard_new_link") if desk.may(Role.OPERATOR) else None,
            export_url=with_query(self.path(desk, "dashboard_accounts_csv"), chosen.params()),
            pager=accounts.pager,
        )
        return self.show(request, page, accounts.status)

    def _chosen(self, query: Query) -> _Chosen:
        """As the list and the export read it."""
        text, owner, provider = (query.one(name) or "" for name in ("q", "owner", "provider"))
        if provider and provider not in self.core.connectors:
            query.problem("provider", "is not one of the hub's connectors")
        return _Chosen(text, owner, provider, query.choice("status", AccountStatus, form=True))

    async def _filter(self, desk: Desk, chosen: _Chosen) -> tuple[AccountFilter, str]:
        """What the list shows and the export has, and a part of a name if it is looked through for that. A
        text is a customer's id, as it is or without the spaces around it, or else an account's; and if there
        is none, a name's part."""
        where = AccountFilter(
            providers=frozenset({chosen.provider} if chosen.provider else ()),
            statuses=frozenset(chosen.statuses),
        )
        if chosen.owner:
            return replace(where, origin_owner_ids=frozenset({chosen.owner})), ""
        text = chosen.text
        if not text.strip():
            return where, ""
        for owner in dict.fromkeys((text, text.strip())):
            if await self._page(desk, AccountFilter(origin_owner_ids=frozenset({owner})), 1, None):
                return replace(where, origin_owner_ids=frozenset({owner})), ""
        ids = frozenset({text.strip()})
        if await self._page(desk, AccountFilter(account_ids=ids), 1, None):
            return replace(where, account_ids=ids), ""
        return where, text

    async def _page(
        self, desk: Desk, where: AccountFilter, limit: int, before: Place | None
    ) -> Sequence[Account]:
        return await self.flows.accounts.page_of(
            where,
            project=desk.project,
            limit=limit,
            before=before,
            # Of a suspended account whose connector is off the list says both, so it is found by either.
            also_hidden=where.statuses & {AccountStatus.SUSPENDED},
        )

    async def export(self, request: Request, desk: Desk) -> Response:
        """All accounts that the filters leave, as CSV."""
        refuse_elsewhere(request)
        query = Query(request, "q owner provider status")
        chosen = self._chosen(query)
        query.refuse_problems()
        rows = self._exported(desk, *await self._filter(desk, chosen))
        action = AuditAction.ACCOUNTS_EXPORTED
        return await exported(self, request, desk, action, "accounts.csv", _COLUMNS, rows)

    async def _exported(
        self, desk: Desk, where: AccountFilter, name: str
    ) -> AsyncIterator[Sequence[str] | None]:
        async for account in rows_of_all(partial(self._page, desk, where), _place):
            if name and not await named([account], name):
                yield None
                continue
            yield (
                account.id,
                account.provider,
                account.status.value,
                account.type.value,
                account.origin_owner_id,
                account.origin_owner_name,
                account.origin_username or "",
                account.label or "",
                iso(account.created_at),
                iso(account.updated_at),
            )

    def _row(self, request: Request, desk: Desk, account: Account, offer: Container[str]) -> AccountRow:
        return AccountRow(
            url=self.path(desk, "dashboard_account", account_id=account.id),
            id=account.id,
            owner_name=Untrusted(account.origin_owner_name),
            owner_id=Untrusted(account.origin_owner_id, exact=True),
            provider=self.provider(account.provider),
            states=tuple(state_view(one, self.say(request)) for one in states_of_account(account)),
            is_test=account.type is AccountType.TEST,
            created_at=account.created_at,
            actions=self.actions.of(request, desk, account, offered=account.provider in offer),
        )

    async def detail(self, request: Request, desk: Desk) -> Response:
        account = await self.flows.accounts.get(request.path_params["account_id"], project=desk.project)
        say, identity = self.say(request), account.identity
        offered = account.provider in await self.core.offer(desk.project)
        facts = [
            Fact(
                say(Message("Origin owner ID")),
                quoted=Untrusted(account.origin_owner_id, limit=255, exact=True),
            ),
            Fact(say(Message("Origin owner name")), quoted=Untrusted(account.origin_owner_name)),
            Fact(say(Message("Origin username")), quoted=Untrusted(account.origin_username or "")),
            Fact(
                say(Message("Connected as")),
                quoted=Untrusted("" if identity is None else identity.name or identity.email or identity.id),
            ),
            Fact(say(Message("Label")), quoted=Untrusted(account.label or "")),
            Fact(say(Message("Metadata")), code=metadata_line(account.metadata)),
            Fact(say(Message("Account ID")), code=account.id),
            Fact(
                say(Message("Links")),
                say(Message("Links of this customer")),
                url=with_query(self.path(desk, "dashboard_links"), [("owner", account.origin_owner_id)]),
            ),
            Fact(
                say(Message("Link ID")),
                code=str(account.session_id or ""),
                url=self.path(desk, "dashboard_link", session_id=str(account.session_id or 0)),
            ),
            Fact(say(Message("Connected")), at=account.created_at),
            Fact(say(Message("Last used")), at=account.last_used_at),
            Fact(say(Message("Last refreshed")), at=account.last_refreshed_at),
            Fact(say(Message("Access runs out")), at=account.expires_at),
        ]
        page = AccountDetail(
            frame=self.frame(request, desk, "dashboard_accounts"),
            done=self.done(request),
            id=account.id,
            owner_name=Untrusted(account.origin_owner_name),
            provider=self.provider(account.provider),
            states=tuple(state_view(one, self.say(request)) for one in states_of_account(account)),
            is_test=account.type is AccountType.TEST,
            reasons=tuple(Untrusted(reason.description, limit=200) for reason in account.status_reasons),
            facts=known(facts),
            notes=() if offered else (say(await self.why_off(desk, account.provider)),),
            history=await account_history(self, request, desk, account),
            actions=self.actions.of(request, desk, account, offered=offered),
            list_url=self.path(desk, "dashboard_accounts"),
        )
        return self.show(request, page)


def _place(account: Account) -> tuple[datetime, str]:
    return account.created_at, account.id
