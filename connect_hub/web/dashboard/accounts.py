"""Accounts: the list, one account, and what can be done with it."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.audit import AuditAction
from connect_hub.clock import iso
from connect_hub.errors import ValidationFailed
from connect_hub.flows.accounts import AccountFilter
from connect_hub.message import Message
from connect_hub.models import Account, AccountStatus, AccountType
from connect_hub.operators import Role
from connect_hub.web.contexts import OptionView
from connect_hub.web.dashboard.account_actions import AccountActions
from connect_hub.web.dashboard.account_history import account_history
from connect_hub.web.dashboard.contexts import (
    AccountDetail,
    AccountList,
    AccountRow,
    Fact,
    Pager,
)
from connect_hub.web.dashboard.export import exported, refuse_elsewhere
from connect_hub.web.dashboard.frame import Pages
from connect_hub.web.dashboard.guard import Desk, Guard
from connect_hub.web.query import Query
from connect_hub.web.site import Site
from connect_hub.web.untrusted import Untrusted
from connect_hub.web.urls import with_query

__all__ = ["AccountPages"]

_PAGE = 25
_EXPORTED_AT_ONCE = 500
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


class AccountPages(Pages):
    """Handlers of `/dashboard/in/{project}/accounts…`."""

    def __init__(self, site: Site, guard: Guard, actions: AccountActions) -> None:
        super().__init__(site, guard)
        self.actions = actions

    async def listing(self, request: Request, desk: Desk) -> Response:
        url = self.path(desk, "dashboard_accounts")
        say = self.say(request)
        query = Query(request, "q provider status cursor done")
        text, provider = query.one("q") or "", query.one("provider") or ""
        statuses = [s for s in request.query_params.getlist("status") if s]
        known = {status.value for status in AccountStatus}
        before = query.cursor("[A-Za-z0-9_-]{1,64}")
        if provider and provider not in self.core.connectors:
            query.problem("provider", "is not one of the hub's connectors")
        if any(status not in known for status in statuses):
            query.problem("status", "is not a status")
        alert, accounts = "", list[Account]()
        try:
            query.refuse_problems()
            where = await self._filter(desk, text, provider, map(AccountStatus, statuses))
            accounts = list(
                await self.flows.accounts.page_of(where, project=desk.project, limit=_PAGE + 1, before=before)
            )
        except ValidationFailed:
            alert = say(Message("This address was cut or changed. Clear the filters to begin again."))
        more = len(accounts) > _PAGE
        accounts = accounts[:_PAGE]
        filters = [("q", text), ("provider", provider), *(("status", status) for status in statuses)]
        page = AccountList(
            frame=self.frame(request, desk, "dashboard_accounts"),
            done=self.done(request),
            alert=alert,
            rows=tuple(self._row(request, desk, account) for account in accounts),
            url=url,
            query=text,
            provider=provider,
            status=statuses[0] if statuses else "",
            providers=tuple(
                OptionView(key, self.core.connectors.get(key).name) for key in sorted(self.core.connectors)
            ),
            new_link_url=self.path(desk, "dashboard_new_link") if desk.may(Role.OPERATOR) else None,
            export_url=with_query(self.path(desk, "dashboard_accounts_csv"), filters),
            pager=Pager(
                self.first_url(request, url),
                self.next_url(request, url, accounts[-1].created_at, accounts[-1].id) if more else None,
            ),
        )
        return self.show(request, page, 400 if alert else 200)

    async def _filter(
        self, desk: Desk, text: str, provider: str, statuses: Iterable[AccountStatus]
    ) -> AccountFilter:
        """What the list shows and the export has. A `text` is a customer's id, as it is or without the spaces
        around it, or else an account's."""
        where = AccountFilter(
            providers=frozenset({provider} if provider else ()), statuses=frozenset(statuses)
        )
        if not text.strip():
            return where
        owners = [replace(where, origin_owner_ids=frozenset({one})) for one in (text, text.strip())]
        for one in dict.fromkeys(owners):
            if await self.flows.accounts.page_of(one, project=desk.project, limit=1):
                return one
        return replace(where, account_ids=frozenset({text.strip()}))

    async def export(self, request: Request, desk: Desk) -> Response:
        """All accounts that the filters leave, as CSV."""
        refuse_elsewhere(request)
        query = Query(request, "q provider status")
        text, provider = query.one("q") or "", query.one("provider") or ""
        statuses = query.choice("status", AccountStatus, form=True)
        query.refuse_problems()
        rows = self._exported(desk, await self._filter(desk, text, provider, statuses))
        action = AuditAction.ACCOUNTS_EXPORTED
        return await exported(self, request, desk, action, "accounts.csv", _COLUMNS, rows)

    async def _exported(self, desk: Desk, where: AccountFilter) -> AsyncIterator[Sequence[str]]:
        before = None
        while True:
            accounts = await self.flows.accounts.page_of(
                where, project=desk.project, limit=_EXPORTED_AT_ONCE, before=before
            )
            for account in accounts:
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
            if len(accounts) < _EXPORTED_AT_ONCE:
                return
            before = (accounts[-1].created_at, accounts[-1].id)

    def _row(self, request: Request, desk: Desk, account: Account) -> AccountRow:
        return AccountRow(
            url=self.path(desk, "dashboard_account", account_id=account.id),
            id=account.id,
            owner_name=Untrusted(account.origin_owner_name),
            owner_id=Untrusted(account.origin_owner_id),
            provider=self.provider(account.provider),
            status=account.status.value,
            is_suspended=account.is_suspended,
            is_test=account.type is AccountType.TEST,
            created_at=account.created_at,
            actions=self.actions.of(request, desk, account),
        )

    async def detail(self, request: Request, desk: Desk) -> Response:
        account = await self.flows.accounts.get(request.path_params["account_id"], project=desk.project)
        say, identity = self.say(request), account.identity
        facts = [
            Fact(say(Message("Origin owner ID")), quoted=Untrusted(account.origin_owner_id, limit=255)),
            Fact(say(Message("Origin owner name")), quoted=Untrusted(account.origin_owner_name)),
            Fact(say(Message("Origin username")), quoted=Untrusted(account.origin_username or "")),
            Fact(
                say(Message("Connected as")),
                quoted=Untrusted("" if identity is None else identity.name or identity.email or identity.id),
            ),
            Fact(say(Message("Label")), quoted=Untrusted(account.label or "")),
            Fact(say(Message("Account ID")), code=account.id),
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
            status=account.status.value,
            is_suspended=account.is_suspended,
            is_test=account.type is AccountType.TEST,
            reasons=tuple(Untrusted(reason.description, limit=200) for reason in account.status_reasons),
            facts=tuple(fact for fact in facts if fact.quoted or fact.at or fact.code),
            history=await account_history(self, request, desk, account),
            actions=self.actions.of(request, desk, account),
            list_url=self.path(desk, "dashboard_accounts"),
        )
        return self.show(request, page)
