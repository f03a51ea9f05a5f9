"""Values to store, each with only what a test says about it."""

import hashlib
import itertools
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from connect_hub.models import Account, ApiKey, Attempt, OAuthState, Session, Step, StepKind, Trigger, Visit
from connect_hub.storage.protocol import (
    AccountQuery,
    Announce,
    Change,
    InTransaction,
    LinkRequest,
    NewEvent,
    Sealed,
    Storage,
    WebhookEndpoint,
)

__all__ = [
    "HOSTILE",
    "NOW",
    "Clauses",
    "all_accounts",
    "announced",
    "api_key",
    "attempt",
    "digest",
    "endpoint",
    "event",
    "later",
    "link_request",
    "linked",
    "session",
    "silent",
    "state",
    "step",
    "telling",
    "trigger",
    "visit",
]

NOW = datetime(2026, 3, 4, 5, 6, 7, 890_000, tzinfo=UTC)
HOSTILE = (
    "👩‍👩‍👧 Zoë",
    "O'Brien \"; DROP TABLE accounts; --",
    "line\u2028separator\u2029",
    "\u202eevil\u200b",
    "ß" * 10_000,
    "\\u0000 %s {x} \t\r\n",
    "",
)
"""Texts that a storage must give back as they were."""

_numbers = itertools.count(1)


class Clauses:
    """What every part of the suite has."""

    pytestmark = pytest.mark.anyio

    @pytest.fixture
    def anyio_backend(self) -> str:
        return "asyncio"

    @pytest.fixture
    def storage(self) -> Storage:
        """An empty storage. Override it."""
        raise NotImplementedError("override the fixture `storage`")


def later(seconds: float) -> datetime:
    """`NOW` and so many seconds."""
    return NOW + timedelta(seconds=seconds)


def digest(text: str) -> bytes:
    """32 bytes that stand for a secret."""
    return hashlib.sha256(text.encode()).digest()


def session(**changes: object) -> Session:
    number = next(_numbers)
    values: dict[str, object] = {
        "id": number,
        "project_id": "default",
        "jti": f"jti-{number}",
        "origin_owner_id": "owner",
        "origin_owner_name": "Owner",
        "created_at": NOW,
        "expires_at": later(3600),
    }
    return Session(**{**values, **changes})  # type: ignore[arg-type]  # a test names the fields


def visit(of: Session, name: str = "secret", **changes: object) -> Visit:
    values: dict[str, object] = {
        "name": "0a1b2c3d",
        "secret_hash": digest(name),
        "session_id": of.id,
        "created_at": NOW,
        "last_seen_at": NOW,
    }
    return Visit(**{**values, **changes})  # type: ignore[arg-type]


def attempt(of: Session, **changes: object) -> Attempt:
    values: dict[str, object] = {
        "id": f"att-{next(_numbers)}",
        "session_id": of.id,
        "project_id": of.project_id,
        "provider": "acme",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Attempt(**{**values, **changes})  # type: ignore[arg-type]


def state(of: Attempt, name: str = "state", **changes: object) -> OAuthState:
    values: dict[str, object] = {
        "state_hash": digest(name),
        "attempt_id": of.id,
        "session_id": of.session_id,
        "project_id": of.project_id,
        "provider": of.provider,
        "method": "oauth2",
        "visit_name": "0a1b2c3d",
        "redirect_uri": "https://app.example.com/connect/oauth/callback/acme",
        "sealed": b"\x00sealed\xff",
        "created_at": NOW,
        "expires_at": later(1200),
    }
    return OAuthState(**{**values, **changes})  # type: ignore[arg-type]


def step(of: Session, kind: StepKind, **changes: object) -> Step:
    values: dict[str, object] = {
        "session_id": of.id,
        "project_id": of.project_id,
        "kind": kind,
        "at": NOW,
        "visit_name": "0a1b2c3d",
    }
    return Step(**{**values, **changes})  # type: ignore[arg-type]


def api_key(**changes: object) -> ApiKey:
    number = next(_numbers)
    values: dict[str, object] = {
        "id": f"key{number}",
        "project_id": "default",
        "secret_hash": digest(str(number)),
        "name": "a key",
        "created_at": NOW,
    }
    return ApiKey(**{**values, **changes})  # type: ignore[arg-type]


def trigger(of: Account, name: str = "token", **changes: object) -> Trigger:
    values: dict[str, object] = {
        "account_id": of.id,
        "project_id": of.project_id,
        "token_hash": digest(name),
        "nonce": "0" * 32,
        "key_id": "k1",
        "created_at": NOW,
    }
    return Trigger(**{**values, **changes})  # type: ignore[arg-type]


def endpoint(**changes: object) -> WebhookEndpoint:
    values: dict[str, object] = {
        "id": f"ep_{next(_numbers)}",
        "project_id": "default",
        "url": "https://hooks.example.com/in",
        "events": ("account.updated",),
        "key_id": "k1",
        "sealed": b"\x00sealed\xff",
        "created_at": NOW,
        "updated_at": NOW,
    }
    return WebhookEndpoint(**{**values, **changes})  # type: ignore[arg-type]


def event(**changes: object) -> NewEvent:
    values: dict[str, object] = {
        "id": f"msg_{next(_numbers)}",
        "project_id": "default",
        "name": "account.updated",
        "record_id": "acc",
        "owner_id": "owner",
        "sequence": 1,
        "body": b'{"type":"account.updated"}',
        "targets": ("webhook:one",),
        "created_at": NOW,
    }
    return NewEvent(**{**values, **changes})  # type: ignore[arg-type]


def telling(*targets: str) -> Announce:
    """An Announce that makes one event of each change, to `targets`."""

    def announce(account: Account, change: Change, before: Account | None) -> Sequence[NewEvent]:
        return [
            event(
                name=f"account.{change.value}",
                project_id=account.project_id,
                record_id=account.id,
                owner_id=account.origin_owner_id,
                sequence=account.sequence,
                targets=targets,
            )
        ]

    return announce


def silent(account: Account, change: Change, before: Account | None) -> Sequence[NewEvent]:
    """An Announce that makes no event."""
    return ()


def seal(account_id: str, generation: int) -> Sealed:
    return Sealed(f"sealed to {account_id} {generation}".encode(), "k1")


def _nothing(*_: object) -> None: ...


def link_request(of: Session, by: Attempt, **changes: object) -> LinkRequest:
    callback: InTransaction = _nothing
    values: dict[str, object] = {
        "session_id": of.id,
        "project_id": of.project_id,
        "attempt_id": by.id,
        "provider": by.provider,
        "method": "api_key",
        "new_account_id": f"acc-{next(_numbers)}",
        "setup_information": {"subdomain": "acme"},
        "identity": None,
        "expires_at": None,
        "asked_scopes": ("read",),
        "granted_scopes": ("read", "write"),
        "accept_other_identity": False,
        "seal": seal,
        "announce": telling("webhook:one"),
        "in_transaction": callback,
        "now": NOW,
    }
    return LinkRequest(**{**values, **changes})  # type: ignore[arg-type]


async def linked(
    storage: Storage,
    of: Session | None = None,
    *,
    make: Callable[[Session], Attempt] = attempt,
    **changes: object,
) -> Account:
    """The account of a new session's one connection."""
    made = session() if of is None else of
    if await storage.session(made.project_id, made.id) is None:
        await storage.create_session(made)
    tried = make(made)
    await storage.save_attempt(tried)
    return (await storage.link(link_request(made, tried, **changes))).account


async def all_accounts(storage: Storage) -> list[Account]:
    """Those of the project `default`."""
    return await storage.accounts(AccountQuery(project_id="default", limit=1000))


async def announced(storage: Storage, target: str = "webhook:one") -> list[str]:
    """The names of the events that `target` has not yet been given, in order of their names."""
    lease = timedelta(hours=1)
    claimed = await storage.claim_deliveries({target: 1000}, limit=1000, lease=lease, now=later(86400))
    return sorted(delivery.event_name for delivery in claimed)
