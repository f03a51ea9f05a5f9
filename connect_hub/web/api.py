"""The REST API: connect sessions, accounts, connectors."""

import re

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.connectors.offer import Offer
from connect_hub.connectors.registry import EnabledConnector
from connect_hub.errors import (
    ConnectHubError,
    ConnectorInactive,
    ConnectorNotFound,
    FieldError,
    InvalidApiKey,
    NotFound,
    ValidationFailed,
)
from connect_hub.flows.accounts import AccountFilter
from connect_hub.flows.requests import (
    AuthenticateToken,
    ChangeAccount,
    ConvertAccount,
    CreateSession,
    parse_json,
)
from connect_hub.models import Account, AccountStatus, SessionStatus
from connect_hub.web.body import read_json
from connect_hub.web.callers import Callers
from connect_hub.web.documents import (
    Document,
    account_json,
    connector_json,
    cursor_text,
    issued_json,
    json_response,
    meta_json,
    next_link,
    session_details_json,
    session_json,
)
from connect_hub.web.guards import api_key, refuse_browser
from connect_hub.web.ids import account_id_of, session_id_of
from connect_hub.web.query import Query
from connect_hub.web.site import Site

__all__ = ["Api"]

_PAGE_SIZE = 25
_LARGEST_PAGE = 100
_DEEPEST_OFFSET = 10_000
"""Pages past this are read by cursor: an offset reads and throws away all rows before it."""
_IDEMPOTENCY_KEY = re.compile(r"[\x21-\x7e]{1,255}")


class Api:
    """Handlers of the REST API. Each asks for the API key itself, so that no address is open by its path."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._callers = Callers(site)
        self._organization_id = site.core.config.organization_id

    # --- connect sessions ---

    async def create_session(self, request: Request) -> Response:
        caller = await self._callers.identify(request)
        body = await read_json(request)
        idempotency = None
        keys = request.headers.getlist("idempotency-key")
        if keys:
            if len(keys) > 1 or _IDEMPOTENCY_KEY.fullmatch(keys[0]) is None:
                raise ValidationFailed(
                    FieldError("Idempotency-Key", "must be one text of 1 to 255 visible ASCII characters")
                )
            idempotency = (caller.key_id, keys[0], body)
        issued = await self._site.flows.sessions.create_from(
            parse_json(CreateSession, body), project=caller.project_id, idempotency=idempotency
        )
        trigger = await self._site.flows.triggers.of_session(issued.session)
        now = self._site.core.clock.now()
        token = None if trigger is None else trigger.token
        return json_response(issued_json(issued, self._organization_id, now, trigger_token=token), 201)

    async def authenticate(self, request: Request) -> Response:
        refuse_browser(request)
        try:
            key = api_key(request)
            try:
                wanted = parse_json(AuthenticateToken, await read_json(request))
                caller, session = await self._site.flows.sessions.authenticate_for(key, wanted.token)
            except InvalidApiKey:
                raise
            except ConnectHubError:
                # What is wrong is told to those alone whose key is good, and counts as what succeeds does.
                caller = await self._site.flows.api_keys.identify(key)
                self._site.limiters.api_keys.spend(caller.key_id)
                raise
        except InvalidApiKey:
            self._callers.count_refusal(request)
            raise
        self._site.limiters.api_keys.spend(caller.key_id)
        return json_response(session_json(session, self._organization_id, self._site.core.clock.now()), 201)

    async def list_sessions(self, request: Request) -> Response:
        caller = await self._callers.identify(request)
        query = Query(request, "page_size cursor status origin_owner_id provider")
        limit = query.number("page_size", _PAGE_SIZE, 1, _LARGEST_PAGE)
        before = query.cursor("[0-9]{1,16}")
        statuses = frozenset(query.choice("status", SessionStatus))
        owner, provider = query.one("origin_owner_id"), query.one("provider")
        query.refuse_problems()
        sessions = await self._site.flows.sessions.list(
            project=caller.project_id,
            origin_owner_id=owner,
            provider=provider,
            statuses=statuses,
            limit=limit + 1,
            before=None if before is None else (before[0], int(before[1])),
        )
        now = self._site.core.clock.now()
        response = json_response([session_json(s, self._organization_id, now) for s in sessions[:limit]])
        if len(sessions) > limit:
            last = sessions[limit - 1]
            self._add_next(response, request, "sessions", cursor_text(last.created_at, last.id))
        return response

    async def get_session(self, request: Request) -> Response:
        caller = await self._callers.identify(request)
        session_id = session_id_of(request)
        details = await self._site.flows.sessions.get(session_id, project=caller.project_id)
        return json_response(
            session_details_json(details, self._organization_id, self._site.core.clock.now())
        )

    async def revoke_session(self, request: Request) -> Response:
        caller = await self._callers.identify(request)
        session_id = session_id_of(request)
        session = await self._site.flows.sessions.revoke(session_id, project=caller.project_id)
        return json_response(session_json(session, self._organization_id, self._site.core.clock.now()))

    async def erase_owner(self, request: Request) -> Response:
        caller = await self._callers.identify(request)
        owner = request.path_params["origin_owner_id"]
        if not owner:
            raise NotFound
        erased = await self._site.flows.owners.erase(owner, project=caller.project_id)
        return json_response({"accounts": len(erased.accounts), "connect_sessions": erased.sessions})

    # --- accounts ---

    async def list_accounts(self, request: Request) -> Response:
        caller = await self._callers.identify(request)
        query = Query(
            request,
            "account_ids origin_owner_id origin_owner_ids provider providers status page page_size cursor",
        )
        limit = query.number("page_size", _PAGE_SIZE, 1, _LARGEST_PAGE)
        page = query.number("page", 1, 1, _DEEPEST_OFFSET)
        before = query.cursor("[A-Za-z0-9_-]{1,64}")
        where = AccountFilter(
            account_ids=frozenset(query.all("account_ids")),
            origin_owner_ids=frozenset(query.all("origin_owner_id") + query.all("origin_owner_ids")),
            providers=frozenset(query.all("provider") + query.all("providers")),
            statuses=frozenset(query.choice("status", AccountStatus)),
        )
        offset = 0 if before is not None else (page - 1) * limit
        if offset > _DEEPEST_OFFSET:
            query.problem("page", f"reaches only {_DEEPEST_OFFSET} rows deep; follow the Link header instead")
        query.refuse_problems()
        accounts = await self._site.flows.accounts.page_of(
            where, project=caller.project_id, limit=limit + 1, offset=offset, before=before
        )
        response = json_response([self._account_json(account) for account in accounts[:limit]])
        if len(accounts) > limit:
            last = accounts[limit - 1]
            self._add_next(response, request, "accounts", cursor_text(last.created_at, last.id))
        return response

    async def get_account(self, request: Request) -> Response:
        caller = await self._callers.identify(request)
        account = await self._site.flows.accounts.get(account_id_of(request), project=caller.project_id)
        return json_response(self._account_json(account))

    async def change_account(self, request: Request) -> Response:
        caller = await self._callers.identify(request)
        change = parse_json(ChangeAccount, await read_json(request))
        account = await self._site.flows.accounts.change_from(
            account_id_of(request), change, project=caller.project_id
        )
        return json_response(self._account_json(account))

    async def convert_account(self, request: Request) -> Response:
        caller = await self._callers.identify(request)
        wanted = parse_json(ConvertAccount, await read_json(request))
        account = await self._site.flows.accounts.convert(
            account_id_of(request), wanted.type, project=caller.project_id
        )
        return json_response(self._account_json(account))

    async def delete_account(self, request: Request) -> Response:
        caller = await self._callers.identify(request)
        account = await self._site.flows.accounts.delete(account_id_of(request), project=caller.project_id)
        return json_response(self._account_json(account))

    async def account_meta(self, request: Request) -> Response:
        caller = await self._callers.identify(request)
        account = await self._site.flows.accounts.get(account_id_of(request), project=caller.project_id)
        connector = self._connector(account.provider)
        if connector is None:
            raise ConnectorInactive(f"The connector {account.provider!r} is not configured any more.")
        return json_response(meta_json(account, connector))

    # --- connectors ---

    async def list_connectors(self, request: Request) -> Response:
        caller = await self._callers.identify(request)
        offer = await self._site.core.offer(caller.project_id)
        return json_response([self._connector_json(offer, key) for key in self._site.core.connectors])

    async def get_connector(self, request: Request) -> Response:
        caller = await self._callers.identify(request)
        offer = await self._site.core.offer(caller.project_id)
        return json_response(self._connector_json(offer, request.path_params["provider"]))

    def _connector_json(self, offer: Offer, key: str) -> Document:
        connector = offer.get(key)
        logo_url = self._site.core.public_url.origin + self._site.assets.logo_url(key)
        return connector_json(connector, active=key in offer, logo_url=logo_url)

    # --- upkeep ---

    async def health(self, request: Request) -> Response:
        """Answers 200 once the hub can work; what it needs is checked before any handler runs."""
        await self._site.core.storage.check()
        return json_response({"status": "ok"})

    # --- shared ---

    def _connector(self, key: str) -> EnabledConnector | None:
        try:
            return self._site.core.connectors.get(key)
        except ConnectorNotFound:
            return None

    def _account_json(self, account: Account) -> Document:
        return account_json(account, self._connector(account.provider))

    def _add_next(self, response: Response, request: Request, route: str, cursor: str) -> None:
        params = request.query_params.multi_items()
        response.headers["Link"] = next_link(self._site.urls.absolute(route), params, cursor)
