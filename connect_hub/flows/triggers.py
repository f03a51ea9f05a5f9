"""Triggers: where a provider's own webhook is pointed at, so that the host gets it as an event."""

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from connect_hub.audit import AuditAction
from connect_hub.errors import AccountNotFound, TriggerNotFound, TriggerTokenForgotten
from connect_hub.events import account_event, change_name
from connect_hub.flows.accounts import seen_in
from connect_hub.flows.audit import AuditLog
from connect_hub.flows.core import Core
from connect_hub.models import Account, Json, Session
from connect_hub.secret_paths import TRIGGERS
from connect_hub.storage.protocol import Change, NewEvent
from connect_hub.trigger_tokens import TriggerTokens, token_hash

__all__ = ["TriggerAddress", "Triggers"]

_ALWAYS = "content-type"


@dataclass(frozen=True, slots=True)
class TriggerAddress:
    """The address of one account's trigger. Whoever has it can make events of the account."""

    token: str = field(repr=False)
    url: str = field(repr=False)
    """To be entered at the provider as the address of a webhook."""


class Triggers:
    """What a host and a provider do with triggers."""

    def __init__(self, core: Core, tokens: TriggerTokens) -> None:
        self._core = core
        self._tokens = tokens
        self._audit = AuditLog(core)

    async def get(self, account_id: str, *, project: str = "default") -> TriggerAddress:
        """The account's trigger, made at the first call.

        Raises AccountNotFound; TriggerTokenForgotten if the key that it was made under is gone.
        """
        return await self._address(account_id, project, replace=False)

    async def rotate(self, account_id: str, *, project: str = "default") -> TriggerAddress:
        """Give the account's trigger another token; the one before stops at once. Raises AccountNotFound."""
        return await self._address(account_id, project, replace=True)

    async def of_session(self, session: Session) -> TriggerAddress | None:
        """The trigger of the account that `session` is to renew; None if it is to renew none, or its token
        cannot be shown again."""
        if session.account_id is None:
            return None
        try:
            return await self.get(session.account_id, project=session.project_id)
        except (AccountNotFound, TriggerTokenForgotten):
            return None

    async def _address(self, account_id: str, project: str, *, replace: bool) -> TriggerAddress:
        await self._core.ready()
        proposed, _ = self._tokens.new(project, account_id, self._core.clock.now())
        note = self._audit.noting(AuditAction.TRIGGER_ROTATED if replace else AuditAction.TRIGGER_CREATED)
        stored = await self._core.storage.put_trigger(proposed, replace=replace, note=note)
        if stored is None:
            raise AccountNotFound
        token = self._tokens.of(stored)
        if token is None:
            raise TriggerTokenForgotten
        return TriggerAddress(token, f"{self._core.public_url}{TRIGGERS}{token}")

    async def receive(self, token: str, *, headers: Mapping[str, str], body: bytes) -> None:
        """Record `account.triggered`, with `body` and those of `headers` that the connector names.

        The names of `headers` are in small letters. Raises TriggerNotFound.
        """
        digest = token_hash(token)
        if digest is None:
            raise TriggerNotFound
        await self._core.ready()
        offers = await self._core.offers()

        def announce(account: Account, change: Change, before: Account | None) -> Sequence[NewEvent]:
            return [
                account_event(
                    change_name(change),
                    account,
                    targets=self._core.targets,
                    now=self._core.clock.now(),
                    status=seen_in(offers(account.project_id), account).status,
                    extra={"trigger": _call(self._allowed(account, headers), body)},
                )
            ]

        if await self._core.storage.pull_trigger(digest, announce=announce) is None:
            raise TriggerNotFound
        self._core.wake()

    def _allowed(self, account: Account, headers: Mapping[str, str]) -> dict[str, Json]:
        connectors = self._core.connectors
        named: Sequence[str] = ()
        if account.provider in connectors:
            named = connectors.get(account.provider).definition.trigger.headers
        kept = {_ALWAYS, *(name.lower() for name in named)}
        return {name: value for name, value in headers.items() if name in kept}


def _call(headers: dict[str, Json], body: bytes) -> dict[str, Json]:
    """What the provider sent, as it stands in the event: bytes that are no text in Base64 (RFC 4648, 4)."""
    encoded = base64.b64encode(body).decode()
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return {"headers": headers, "body": encoded, "encoding": "base64"}
    if len(json.dumps(text, ensure_ascii=False)) > 2 * len(encoded):  # control characters, six for one
        return {"headers": headers, "body": encoded, "encoding": "base64"}
    return {"headers": headers, "body": text, "encoding": "utf-8"}
