"""Clauses of `OperatorStore` and `AuditStore`."""

import asyncio
import hashlib
from dataclasses import replace
from datetime import datetime

import pytest

from connect_hub.audit import Actor, ActorKind, AuditEntry
from connect_hub.errors import StorageConflict
from connect_hub.models import Account
from connect_hub.operators import OperatorSession, OperatorToken, Role
from connect_hub.storage.protocol import (
    AuditQuery,
    DeliveryQuery,
    Replay,
    Retention,
    Storage,
    WebhookEndpoint,
)
from connect_hub.testing.storage.values import (
    HOSTILE,
    NOW,
    Clauses,
    api_key,
    digest,
    endpoint,
    event,
    later,
    linked,
    session,
    telling,
)

__all__ = ["AuditClauses", "OperatorClauses"]


def operator(id: str = "op", **fields: object) -> OperatorToken:  # noqa: A002  # the field's name
    made = OperatorToken(
        id=id, name="Ada", secret_hash=digest(id), roles={"default": Role.OPERATOR}, created_at=NOW
    )
    return replace(made, **fields)  # type: ignore[arg-type]


def browser(secret: str, operator_id: str = "op", at: datetime = NOW) -> OperatorSession:
    return OperatorSession(
        secret_hash=digest(secret), operator_id=operator_id, created_at=at, last_seen_at=at
    )


def entry(id: str, **fields: object) -> AuditEntry:  # noqa: A002  # the field's name
    made = AuditEntry(
        id=id,
        project_id="default",
        at=NOW,
        actor=Actor(ActorKind.OPERATOR, "op", "Ada", "192.0.2.1"),
        action="account.suspended",
        subject="account-1",
    )
    return replace(made, **fields)  # type: ignore[arg-type]


async def noted(storage: Storage, **query: object) -> list[str]:
    wanted = AuditQuery(**{"project_id": "default", **query})  # type: ignore[arg-type]
    return [one.id for one in await storage.audit_entries(wanted)]


class OperatorClauses(Clauses):
    """Operators are found by id, revoked for good, and signed in where their browsers' cookies say."""

    async def test_an_operator_comes_back_as_it_was(self, storage: Storage) -> None:
        """Every field survives; an id is taken once."""
        made = operator(name=HOSTILE[0], roles={"*": Role.ADMIN, "other": Role.VIEWER})
        await storage.create_operator(made, note=entry("n"))
        assert await storage.operator("op") == made
        assert await storage.operator("OP") is None
        with pytest.raises(StorageConflict):
            await storage.create_operator(made)
        await storage.create_operator(operator("newer", created_at=later(1)))
        assert [one.id for one in await storage.operators()] == ["newer", "op"]
        assert await noted(storage) == ["n"]

    async def test_signing_in_replaces_the_session_before(self, storage: Storage) -> None:
        """The new cookie finds the operator, the old one nothing; the sign-in is the operator's last use."""
        await storage.create_operator(operator())
        assert await storage.open_operator_session(browser("old"))
        new = browser("new", at=later(5))
        assert await storage.open_operator_session(new, replaces=digest("old"), note=entry("in"))
        assert await storage.operator_session(digest("old")) is None
        assert await storage.operator_session(digest("new")) == (new, operator(last_used_at=later(5)))
        await storage.touch_operator_session(digest("new"), now=later(9))
        found = await storage.operator_session(digest("new"))
        assert found is not None
        assert found[0].last_seen_at == later(9)
        with pytest.raises(StorageConflict):
            await storage.open_operator_session(browser("new"))
        await storage.end_operator_session(digest("new"), note=entry("out", at=later(10)))
        await storage.end_operator_session(digest("new"), note=entry("again"))
        assert await storage.operator_session(digest("new")) is None
        assert await noted(storage) == ["out", "in"]

    async def test_revoking_ends_every_session(self, storage: Storage) -> None:
        """A revoked operator is signed out everywhere and in nowhere; the first time is kept and noted."""
        await storage.create_operator(operator())
        await storage.create_operator(operator("another"))
        for name in ("a", "b"):
            await storage.open_operator_session(browser(name))
        await storage.open_operator_session(browser("c", "another"))
        first = await storage.revoke_operator("op", now=later(1), note=entry("one"))
        again = await storage.revoke_operator("op", now=later(2), note=entry("two"))
        assert first is not None
        assert first.revoked_at == later(1)
        assert again == first
        assert [await storage.operator_session(digest(name)) is None for name in "abc"] == [True, True, False]
        assert not await storage.open_operator_session(browser("d"))
        assert not await storage.open_operator_session(browser("e", "unknown"))
        assert await storage.revoke_operator("unknown", now=NOW) is None
        assert await noted(storage) == ["one"]

    async def test_revoking_and_signing_in_at_once(self, storage: Storage) -> None:
        """Whichever comes first, nobody is signed in afterwards."""
        await storage.create_operator(operator())
        await asyncio.gather(
            *(storage.open_operator_session(browser(str(n))) for n in range(5)),
            storage.revoke_operator("op", now=later(1)),
            *(storage.open_operator_session(browser(str(n))) for n in range(5, 10)),
        )
        assert [await storage.operator_session(digest(str(n))) for n in range(10)] == [None] * 10


class AuditClauses(Clauses):
    """The audit log is of one project, in order, and is written with the change or not at all."""

    async def test_an_entry_comes_back_as_it_was(self, storage: Storage) -> None:
        """Every field survives; an id is taken once."""
        made = entry(
            "a",
            actor=Actor(ActorKind.API_KEY, HOSTILE[0], HOSTILE[0], "2001:db8::/64"),
            owner_id="42",
            before={"label": None},
            after={"label": HOSTILE[0], "n": 1},
        )
        await storage.note(made)
        assert await storage.audit_entries(AuditQuery(project_id="default")) == [made]
        with pytest.raises(StorageConflict):
            await storage.note(made)

    async def test_pages_follow_each_other(self, storage: Storage) -> None:
        """T41: newest first by time and id, of one project, filtered exactly."""
        for n in range(5):
            await storage.note(entry(f"e{n}", at=later(n // 2), action=f"a.{n % 2}", subject=f"s{n}"))
        await storage.note(entry("foreign", project_id="other"))
        assert await noted(storage, limit=2) == ["e4", "e3"]
        assert await noted(storage, before=(later(1), "e3")) == ["e2", "e1", "e0"]
        assert await noted(storage, action="a.1") == ["e3", "e1"]
        assert await noted(storage, subject="s2") == ["e2"]
        assert await noted(storage, actor_id="nobody") == []
        assert await noted(storage, project_id="other") == ["foreign"]

    async def test_changes_are_noted_once(self, storage: Storage) -> None:
        """A change that did not happen is not noted: nothing changed, revoked before, taken."""

        def note(before: Account, after: Account) -> AuditEntry:
            return entry(f"{before.label}-{after.label}")

        made = session()
        await storage.create_session(made, note=entry("session"))
        with pytest.raises(StorageConflict):
            await storage.create_session(made, note=entry("taken"))
        for name in ("revoked", "again"):
            await storage.revoke_session("default", made.id, now=NOW, note=entry(name))
        key = api_key(id="key")
        await storage.create_api_key(key, note=entry("key"))
        for name in ("key-revoked", "key-again"):
            await storage.revoke_api_key(key.project_id, "key", now=NOW, note=entry(name))
        account = await linked(storage)
        await storage.change_account(
            "default", account.id, lambda a: replace(a, label="x"), announce=telling(), note=note
        )
        await storage.change_account("default", account.id, lambda a: a, announce=telling(), note=note)
        await storage.delete_account("default", account.id, announce=telling(), note=note)
        await storage.delete_account("default", account.id, announce=telling(), note=note)
        expected = {"session", "revoked", "key", "key-revoked", f"{account.label}-x", "x-x"}
        assert set(await noted(storage)) == expected

    async def test_what_is_sent_again_is_noted_with_it(self, storage: Storage) -> None:
        """Events sent by hand, a delivery and a replay have their entries in the same transaction: where the
        entry cannot be written nothing is sent. A held delivery is left alone, and not noted."""
        await storage.note(entry("taken"))
        with pytest.raises(StorageConflict):
            await storage.record([event(targets=("a",))], note=entry("taken"))
        assert (await storage.backlog()).pending_by_target == {}
        first = event(targets=("a",))
        await storage.record([first], note=entry("sent"))
        [made] = await storage.deliveries(DeliveryQuery(project_id="default"))
        with pytest.raises(StorageConflict):
            await storage.resend("default", made.id, now=later(5), note=entry("taken"))
        assert await storage.deliveries(DeliveryQuery(project_id="default")) == [made]
        assert await storage.resend("default", "unknown", now=NOW, note=entry("none")) is None
        await storage.resend("default", made.id, now=later(5), note=entry("again"))
        replay = Replay(
            project_id="default",
            target="b",
            endpoint_id=None,
            names=[first.name],
            providers=None,
            since=first.created_at,
            until=later(99),
            include_delivered=False,
            now=later(9),
        )
        with pytest.raises(StorageConflict):
            await storage.replay(replay, note=lambda done: entry("taken"))
        assert set((await storage.backlog()).pending_by_target) == {"a"}
        await storage.replay(replay, note=lambda done: entry(f"replayed {done.deliveries}"))
        await storage.replay(replay, note=lambda done: None)
        assert set((await storage.backlog()).pending_by_target) == {"a", "b"}
        assert set(await noted(storage)) == {"taken", "sent", "again", "replayed 1"}

    async def test_a_changed_endpoint_is_noted_as_it_was_and_is(self, storage: Storage) -> None:
        """From inside the transaction, so that of two changes at once each tells of what it found."""
        made = endpoint()
        await storage.create_endpoint(made, at_most=9, note=entry("created"))

        def changed(before: WebhookEndpoint, after: WebhookEndpoint) -> AuditEntry:
            return entry(f"{before.enabled}-{after.enabled}")

        def off(one: WebhookEndpoint) -> WebhookEndpoint:
            return replace(one, enabled=False)

        for _ in range(2):
            await storage.change_endpoint("default", made.id, off, now=NOW, note=changed)
        for _ in range(2):
            await storage.delete_endpoint(
                "default", made.id, now=NOW, note=lambda was: entry(f"gone {was.enabled}")
            )
        assert set(await noted(storage)) == {"created", "True-False", "gone False"}

    async def test_erasing_an_owner_leaves_who_did_what(self, storage: Storage) -> None:
        """What the log says of an erased customer goes; the entry itself and others' stay."""
        await storage.note(entry("theirs", owner_id="42", before={"a": "42"}, after={"a": "42"}))
        await storage.note(entry("other", owner_id="43", after={"a": "43"}))
        hashed = hashlib.sha256(b"42").hexdigest()
        await storage.erase_owner("default", "42", announce=telling(), note=entry("erased", subject=hashed))
        found = {one.id: one for one in await storage.audit_entries(AuditQuery(project_id="default"))}
        assert found["theirs"] == entry("theirs")
        assert found["other"] == entry("other", owner_id="43", after={"a": "43"})
        assert found["erased"].subject == hashed

    async def test_old_entries_go_when_asked(self, storage: Storage) -> None:
        """Entries and sign-ins are purged by age, and only where an age is given."""
        await storage.create_operator(operator())
        for n in range(2):
            await storage.note(entry(f"e{n}", at=later(n)))
            await storage.open_operator_session(browser(str(n), at=later(n)))
        cut = Retention(
            sessions_before=NOW,
            attempts_before=NOW,
            events_before=NOW,
            visits_before=NOW,
            idempotency_before=NOW,
        )
        await storage.purge(cut)
        assert await noted(storage) == ["e1", "e0"]
        purged = await storage.purge(replace(cut, audit_before=later(1), operator_sessions_before=later(1)))
        assert (purged.audit, purged.operator_sessions) == (1, 1)
        assert await noted(storage) == ["e1"]
        assert await storage.operator_session(digest("0")) is None
        assert await storage.operator_session(digest("1")) is not None
