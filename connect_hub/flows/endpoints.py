"""Webhook endpoints: made, listed, changed, their secrets rotated, tested, switched off and on."""

import difflib
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Unpack
from urllib.parse import urlsplit

from connect_hub.audit import AuditAction, AuditEntry
from connect_hub.config import Webhook
from connect_hub.errors import (
    CredentialsUnreadable,
    EndpointDisabled,
    EndpointNotFound,
    EndpointReadOnly,
    FieldError,
    LimitReached,
    ValidationFailed,
)
from connect_hub.events import TEST_EVENT
from connect_hub.flows.audit import AuditLog
from connect_hub.flows.core import Core
from connect_hub.flows.endpoint_addresses import EndpointAddresses
from connect_hub.flows.endpoint_health import turned_off
from connect_hub.flows.endpoint_notes import told, told_of_change
from connect_hub.flows.endpoint_requests import (
    ChangeEndpoint,
    CreateEndpoint,
    EndpointChange,
    EndpointFields,
    RotateSecret,
    TestEndpoint,
)
from connect_hub.flows.receivers import Contents, SigningSecret, opened, sealed
from connect_hub.flows.requests import parse
from connect_hub.flows.sample_events import sample_event
from connect_hub.flows.shown_endpoints import Endpoint, IssuedEndpoint, configured_endpoint, stored_endpoint
from connect_hub.message import Message
from connect_hub.secret import Secret
from connect_hub.storage.protocol import DeliveryQuery, DeliveryRecord, WebhookEndpoint
from connect_hub.webhooks.signing import generate_secret
from connect_hub.webhooks.targets import webhook_target

__all__ = ["Endpoints"]

MOST_ENDPOINTS = 50
MOST_SECRETS = 10
_OVERLAP = timedelta(hours=24)

Change = Callable[[WebhookEndpoint], WebhookEndpoint]


def _names(names: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if names is None else tuple(dict.fromkeys(names))


def _secret_values(headers: Mapping[str, str] | None) -> dict[str, Secret]:
    return {name: Secret(value) for name, value in (headers or {}).items()}


class Endpoints:
    """What a project does with its webhook endpoints."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._audit = AuditLog(core)
        self._addresses = EndpointAddresses(core.config.network)

    async def create(
        self, *, url: str, project: str = "default", **fields: Unpack[EndpointFields]
    ) -> IssuedEndpoint:
        """Make an endpoint with a secret of its own; the fields are those of `CreateEndpoint`.

        Raises ValidationFailed, naming each field that is wrong, and LimitReached at 50 endpoints.
        """
        return await self.create_from(parse(CreateEndpoint, {"url": url, **fields}), project=project)

    async def create_from(self, request: CreateEndpoint, *, project: str = "default") -> IssuedEndpoint:
        """Make the endpoint that `request` describes."""
        self._core.project(project)
        self._refuse_unreachable(request.url)
        self._refuse_unknown(request.providers)
        await self._core.ready()
        now = self._core.clock.now()
        secret = generate_secret()
        contents = Contents((SigningSecret(secret, now),), _secret_values(request.headers))
        new = WebhookEndpoint(
            id="ep_" + secrets.token_hex(16),
            project_id=project,
            url=request.url,
            description=request.description,
            events=_names(request.events),
            providers=_names(request.providers),
            generation=0,
            key_id="",
            sealed=b"",
            created_at=now,
            updated_at=now,
        )
        new = sealed(new, contents, self._core.vault)
        note = self._audit.entry(project, AuditAction.ENDPOINT_CREATED, new.id, after=told(new, contents))
        if not await self._core.storage.create_endpoint(new, at_most=MOST_ENDPOINTS, note=note):
            raise LimitReached(
                Message(
                    "A project has %(count)s webhook endpoints at most. Delete one first.",
                    count=MOST_ENDPOINTS,
                )
            )
        return IssuedEndpoint(self._shown(new, now), secret)

    async def list(self, *, project: str = "default") -> list[Endpoint]:
        """All of a project: those of the configuration, then those of the database, newest first."""
        configured = [configured_endpoint(one, project) for one in self._core.project(project).webhooks]
        await self._core.ready()
        now = self._core.clock.now()
        stored = await self._core.storage.endpoints(project)
        return configured + [self._shown(one, now) for one in stored]

    async def get(self, endpoint_id: str, *, project: str = "default") -> Endpoint:
        """One endpoint. Raises EndpointNotFound."""
        configured = self.configured(endpoint_id, project)
        if configured is not None:
            return configured_endpoint(configured, project)
        return self._shown(await self.stored(endpoint_id, project), self._core.clock.now())

    async def change(
        self, endpoint_id: str, *, project: str = "default", **fields: Unpack[EndpointChange]
    ) -> Endpoint:
        """Change what is given; None of `events` and `providers` means all, of `headers` none.

        Raises ValidationFailed, EndpointNotFound, EndpointReadOnly.
        """
        return await self.change_from(endpoint_id, parse(ChangeEndpoint, fields), project=project)

    async def change_from(
        self, endpoint_id: str, request: ChangeEndpoint, *, project: str = "default"
    ) -> Endpoint:
        """Change what `request` names."""
        given = request.model_fields_set
        url = request.url
        if url is not None:
            self._refuse_unreachable(url)
        self._refuse_unknown(request.providers)
        now = self._core.clock.now()

        def change(one: WebhookEndpoint) -> WebhookEndpoint:
            after = one
            if url is not None and url != one.url:
                moves = urlsplit(url)[:2] != urlsplit(one.url)[:2]
                if moves and "headers" not in given and self._opened(one).headers:
                    # Whoever may change the address may not know what is sent along: it would show them.
                    raise ValidationFailed(
                        FieldError("headers", "give them again, or null, where the address moves elsewhere")
                    )
                after = replace(after, url=url, failing_since=None, last_failure_at=None)
            if "description" in given:
                after = replace(after, description=request.description)
            if "events" in given:
                after = replace(after, events=_names(request.events))
            if "providers" in given:
                after = replace(after, providers=_names(request.providers))
            if "headers" in given:
                contents = replace(self._opened(one), headers=_secret_values(request.headers))
                after = sealed(after, contents, self._core.vault)
            return one if after == one else replace(after, updated_at=now)

        return await self._change(endpoint_id, project, change, now, AuditAction.ENDPOINT_CHANGED)

    async def delete(self, endpoint_id: str, *, project: str = "default") -> Endpoint:
        """Delete an endpoint; nothing more is sent to it. Raises EndpointNotFound, EndpointReadOnly."""
        now = self._core.clock.now()
        if self.configured(endpoint_id, project) is not None:
            raise EndpointReadOnly
        await self._core.ready()

        def note(was: WebhookEndpoint) -> AuditEntry | None:
            return self._audit.entry(
                project, AuditAction.ENDPOINT_DELETED, endpoint_id, before=told(was, self._opened(was))
            )

        gone = await self._core.storage.delete_endpoint(project, endpoint_id, now=now, note=note)
        if gone is None:
            raise EndpointNotFound
        return self._shown(gone, now)

    async def rotate(
        self, endpoint_id: str, *, overlap: timedelta = _OVERLAP, project: str = "default"
    ) -> IssuedEndpoint:
        """Give it a new secret; those that it has sign along for `overlap`, 7 days at most.

        Raises ValidationFailed, EndpointNotFound, EndpointReadOnly, LimitReached at ten live secrets.
        """
        if not isinstance(overlap, timedelta):
            raise ValidationFailed(FieldError("overlap", "must be a timedelta, such as timedelta(hours=1)"))
        seconds = overlap // timedelta(seconds=1)
        return await self.rotate_from(endpoint_id, parse(RotateSecret, {"overlap": seconds}), project=project)

    async def rotate_from(
        self, endpoint_id: str, request: RotateSecret, *, project: str = "default"
    ) -> IssuedEndpoint:
        """Rotate as `request` says."""
        overlap = _OVERLAP if request.overlap is None else timedelta(seconds=request.overlap)
        now = self._core.clock.now()
        secret, end = generate_secret(), now + overlap

        def change(one: WebhookEndpoint) -> WebhookEndpoint:
            contents = self._opened(one)
            older = tuple(
                replace(old, expires_at=end if old.expires_at is None else min(old.expires_at, end))
                for old in contents.secrets
            )
            live = tuple(old for old in older if old.is_live(now))
            if len(live) >= MOST_SECRETS:
                raise LimitReached(
                    Message(
                        "%(count)s secrets of this endpoint sign already. Wait until the oldest one has "
                        "expired, or rotate with an overlap of 0.",
                        count=MOST_SECRETS,
                    )
                )
            contents = replace(contents, secrets=(SigningSecret(secret, now), *live))
            return replace(sealed(one, contents, self._core.vault), updated_at=now)

        return IssuedEndpoint(
            await self._change(endpoint_id, project, change, now, AuditAction.ENDPOINT_ROTATED), secret
        )

    async def disable(self, endpoint_id: str, *, project: str = "default") -> Endpoint:
        """Send nothing to it; what waits is held. Idempotent. Raises EndpointNotFound, EndpointReadOnly."""
        now = self._core.clock.now()

        def change(one: WebhookEndpoint) -> WebhookEndpoint:
            return turned_off(one, "manual", now) if one.enabled else one

        return await self._change(endpoint_id, project, change, now, AuditAction.ENDPOINT_DISABLED)

    async def enable(self, endpoint_id: str, *, project: str = "default") -> Endpoint:
        """Send to it again: what was held is due at once. Idempotent. What happened while it was disabled is
        not sent by this; see `hub.events.replay`. Raises EndpointNotFound, EndpointReadOnly."""
        now = self._core.clock.now()

        def change(one: WebhookEndpoint) -> WebhookEndpoint:
            if one.enabled:
                return one
            return replace(
                one,
                enabled=True,
                disabled_at=None,
                disabled_reason=None,
                failing_since=None,
                last_failure_at=None,
                updated_at=now,
            )

        enabled = await self._change(endpoint_id, project, change, now, AuditAction.ENDPOINT_ENABLED)
        self._core.wake()
        return enabled

    async def test(
        self, endpoint_id: str, *, event: str | None = None, project: str = "default"
    ) -> DeliveryRecord:
        """Send an event to this endpoint alone, made up and marked with `"test": true`.

        `event` is one of the events, or by default `webhook.test`. Raises ValidationFailed, EndpointNotFound,
        EndpointDisabled.
        """
        name = parse(TestEndpoint, {"event": event}).event or TEST_EVENT
        now = self._core.clock.now()
        if self.configured(endpoint_id, project) is not None:
            await self._core.ready()
            made = sample_event(name, project, endpoint_id, now=now)
            made = replace(made, targets=(webhook_target(project, endpoint_id),), endpoints=())
        else:
            endpoint = await self.stored(endpoint_id, project)
            if not endpoint.enabled:
                raise EndpointDisabled
            made = sample_event(name, project, endpoint_id, endpoint.description, now=now)
            made = replace(made, endpoints=(endpoint_id,))
        note = self._audit.entry(project, AuditAction.ENDPOINT_TESTED, endpoint_id, after={"event": name})
        await self._core.storage.record([made], note=note)
        self._core.wake()
        [delivery] = await self._core.storage.deliveries(DeliveryQuery(project_id=project, event_id=made.id))
        return delivery

    # --- for the other flows ---

    def configured(self, endpoint_id: str, project: str) -> Webhook | None:
        """The endpoint of the configuration with this name."""
        named = (one for one in self._core.project(project).webhooks if one.name == endpoint_id)
        return next(named, None)

    async def stored(self, endpoint_id: str, project: str) -> WebhookEndpoint:
        """The endpoint of the database. Raises EndpointNotFound."""
        self._core.project(project)
        await self._core.ready()
        found = await self._core.storage.endpoint(project, endpoint_id)
        if found is None:
            raise EndpointNotFound
        return found

    async def _change(
        self, endpoint_id: str, project: str, change: Change, now: datetime, action: AuditAction
    ) -> Endpoint:
        if self.configured(endpoint_id, project) is not None:
            raise EndpointReadOnly
        await self._core.ready()

        def note(before: WebhookEndpoint, after: WebhookEndpoint) -> AuditEntry | None:
            was, becomes = told_of_change((before, self._opened(before)), (after, self._opened(after)))
            return self._audit.entry(project, action, endpoint_id, before=was, after=becomes)

        stored = await self._core.storage.change_endpoint(project, endpoint_id, change, now=now, note=note)
        if stored is None:
            raise EndpointNotFound
        return self._shown(stored, now)

    def _refuse_unreachable(self, url: str) -> None:
        problem = self._addresses.problem(url)
        if problem is not None:
            raise ValidationFailed(FieldError("url", problem))

    def _refuse_unknown(self, providers: Sequence[str] | None) -> None:
        for key in providers or ():
            if key not in self._core.connectors:
                near = difflib.get_close_matches(key[:64], list(self._core.connectors), n=1)
                hint = f"; did you mean '{near[0]}'?" if near else ""
                raise ValidationFailed(FieldError("providers", f"the hub has no connector {key!r}{hint}"))

    def _opened(self, one: WebhookEndpoint) -> Contents:
        """What is sealed in it; nothing, if the key that sealed it is gone: then it needs a new secret."""
        try:
            return opened(one, self._core.vault)
        except CredentialsUnreadable:
            return Contents((), {})

    def _shown(self, one: WebhookEndpoint, now: datetime) -> Endpoint:
        return stored_endpoint(one, self._opened(one), now)
