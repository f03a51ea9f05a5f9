"""The hub's JSON surface, `/hub/…`: for StackOne's component, and for pages that a host draws itself."""

import re

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from starlette.requests import Request
from starlette.responses import Response

from connect_hub.errors import (
    AttemptNotFound,
    ConnectHubError,
    FieldError,
    SessionEnded,
    ValidationFailed,
)
from connect_hub.flows.choosing import integrations
from connect_hub.flows.connecting import Rejected
from connect_hub.flows.requests import parse_json
from connect_hub.flows.typed import Typed
from connect_hub.flows.visits import LiveVisit
from connect_hub.models import Attempt
from connect_hub.web.body import read_json
from connect_hub.web.documents import Document, json_response
from connect_hub.web.hub_documents import (
    REDACTED,
    account_secrets_json,
    attempt_json,
    config_json,
    integration_json,
)
from connect_hub.web.query import Query
from connect_hub.web.site import Site
from connect_hub.web.visitor import visitor_of

__all__ = ["HubApi"]

_ATTEMPT_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")


class _Request(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, defer_build=True, hide_input_in_errors=True)


class _Credentials(_Request):
    integration_id: str = Field(max_length=200)
    credentials: dict[str, JsonValue] = Field(max_length=500)
    accept_other_identity: bool = False
    """Ours: link it although it is of somebody else at the provider than before; the person said so."""


class _Begin(_Request):
    token: str | None = Field(None, max_length=10_000)
    provider: str = Field("", max_length=255)
    """Ours: where it is known already."""


class HubApi:
    """Handlers of `/hub/…`. Each asks for the session's token itself, so that none is open by its path."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._embedding = site.flows.embedding
        self._choosing = site.flows.connecting.choosing

    async def _live(self, request: Request, *, reading: bool, attempt_id: str | None = None) -> LiveVisit:
        self._site.limit(request)
        tokens = request.headers.getlist("x-hub-session-token")
        if len(tokens) != 1:
            raise SessionEnded(f"it has {len(tokens) or 'no'} X-Hub-Session-Token headers, and not one")
        live = await self._embedding.live(
            tokens[0], visitor=visitor_of(request), reading=reading, attempt_id=attempt_id
        )
        self._site.force_language(request, live.session.locale)
        if not reading:
            self._site.limiters.visits.spend(f"session {live.session.id}")
        return live

    # --- what there is ---

    async def settings(self, request: Request) -> Response:
        live = await self._live(request, reading=True)
        named = {} if live.session.account_id is None else {"existing_account_id": live.session.account_id}
        return json_response({"enabled_features": [], **named})

    async def connectors(self, request: Request) -> Response:
        """The integrations that the session allows; one a connector, so that one item opens at once."""
        query = Query(request, "provider")
        wanted = query.one("provider")
        query.refuse_problems()
        live = await self._live(request, reading=True)
        listed = []
        for choice in await self._choosing.choices(live):
            ways = integrations(choice.connector)
            if not ways or wanted not in {None, choice.connector.key}:
                continue
            way = ways[0]
            if live.session.account_id is not None and choice.account is not None:
                way = next((w for w in ways if w.method.name == choice.account.method), way)
            logo_url = self._logo_url(choice.connector.key)
            listed.append(integration_json(way, active=not choice.finished, logo_url=logo_url))
        return json_response({"integrations": listed})

    async def connector(self, request: Request) -> Response:
        live = await self._live(request, reading=True)
        integration = await self._choosing.integration(live.session, request.path_params["integration_id"])
        others = tuple(way for way in integrations(integration.connector) if way.id != integration.id)
        config = config_json(
            integration,
            others,
            live.session.setup_information or {},
            self._site.language(request),
            logo_url=self._logo_url(integration.connector.key),
        )
        hub_settings: Document = {"configured_webhook_events": {}, "project_settings": {}}
        return json_response({"config": config, "hub_settings": hub_settings})

    def _logo_url(self, key: str) -> str:
        return self._site.core.public_url.origin + self._site.assets.logo_url(key)

    # --- accounts ---

    async def create_account(self, request: Request) -> Response:
        live = await self._live(request, reading=False)
        attempt = await self._connect(request, live)
        return json_response({"id": attempt.account_id, "provider": attempt.provider}, 201)

    async def account(self, request: Request) -> Response:
        live = await self._live(request, reading=True)
        account = await self._choosing.account(live.session, request.path_params["account_id"])
        ways = integrations(await self._choosing.connector(live.session, account.provider))
        if not ways:
            raise ConnectHubError
        way = next((way for way in ways if way.method.name == account.method), ways[0])
        return json_response(
            account_secrets_json(account, way, await self._choosing.stored(account, way.method))
        )

    async def change_account(self, request: Request) -> Response:
        live = await self._live(request, reading=False)
        account = await self._choosing.account(live.session, request.path_params["account_id"])
        attempt = await self._connect(request, live, account_id=account.id)
        return json_response({"id": attempt.account_id, "provider": attempt.provider})

    async def _connect(self, request: Request, live: LiveVisit, account_id: str | None = None) -> Attempt:
        wanted = parse_json(_Credentials, await read_json(request))
        # A page that sends back what it was given has not typed a secret.
        sent = _texts(wanted.credentials).items()
        typed = Typed({name: text for name, text in sent if not text.startswith(REDACTED)})
        integration = await self._choosing.integration(live.session, wanted.integration_id)
        outcome = await self._embedding.connect(
            live, integration, typed, account_id=account_id, accept_other=wanted.accept_other_identity
        )
        if isinstance(outcome, Rejected):
            raise self._rejected(request, outcome)
        return outcome

    def _rejected(self, request: Request, rejected: Rejected) -> ConnectHubError:
        """Why credentials were not accepted, in the reader's language."""
        language = self._site.language(request)
        if rejected.error is not None:
            rejected.error.message = language.text(rejected.error.message)
            return rejected.error
        told = [FieldError(error.field, language.text(error.message)) for error in rejected.errors]
        refusal = ValidationFailed(*told)
        refusal.message = " ".join(error.message for error in told)
        return refusal

    # --- attempts ---

    async def begin_attempt(self, request: Request) -> Response:
        live = await self._live(request, reading=False)
        wanted = parse_json(_Begin, await read_json(request))
        attempt = await self._embedding.begin(live, wanted.provider)
        return json_response({"id": attempt.id}, 201)

    async def attempt(self, request: Request) -> Response:
        attempt_id = _attempt_id(request)
        live = await self._live(request, reading=True, attempt_id=attempt_id)
        attempt = await self._embedding.attempt(live, attempt_id)
        return json_response(attempt_json(attempt, self._site.language(request)))

    async def cancel_attempt(self, request: Request) -> Response:
        attempt_id = _attempt_id(request)
        live = await self._live(request, reading=True, attempt_id=attempt_id)
        await self._embedding.cancel(live, attempt_id)
        return Response(status_code=204)


def _attempt_id(request: Request) -> str:
    text: str = request.path_params["attempt_id"]
    if _ATTEMPT_ID.fullmatch(text) is None:
        raise AttemptNotFound
    return text


def _texts(values: dict[str, JsonValue]) -> dict[str, str]:
    """The values as texts. Raises ValidationFailed for what is no text or number."""
    texts: dict[str, str] = {}
    problems = []
    for name, value in values.items():
        if isinstance(value, str):
            texts[name] = value
        elif isinstance(value, int | float) and not isinstance(value, bool):
            texts[name] = str(value)
        elif value is not None:
            problems.append(FieldError(f"credentials.{name[:64]}", "must be a text"))
    if problems:
        raise ValidationFailed(*problems)
    return texts
