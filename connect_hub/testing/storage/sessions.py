"""Clauses of `SessionStore`."""

import asyncio
from dataclasses import replace

import pytest

from connect_hub.errors import IdempotencyKeyReused, StorageConflict
from connect_hub.models import AccountType, Binding, Category, SessionStatus
from connect_hub.storage.protocol import Idempotency, SessionQuery, Storage
from connect_hub.testing.storage.values import (
    HOSTILE,
    NOW,
    Clauses,
    api_key,
    attempt,
    digest,
    later,
    linked,
    session,
    state,
    visit,
)

__all__ = ["SessionClauses"]


class SessionClauses(Clauses):
    """Sessions are created once, found by id and token, listed newest first, and revoked for good."""

    async def test_a_session_comes_back_as_it_was(self, storage: Storage) -> None:
        """Every field of a session survives, also where a text is hostile."""
        full = session(
            origin_username="u@example.com",
            categories=(Category.HRIS_LEGACY, Category.ATS),
            provider="acme",
            providers=("acme", "other"),
            account_id="acc",
            metadata={"deep": [1, None, {"x": 2.5}], "text": HOSTILE[0]},
            setup_information={"subdomain": "acme"},
            multiple=True,
            type=AccountType.TEST,
            return_url="https://app.example.com/back?x=1",
            state="s" * 512,
            max_connects=3,
            binding=Binding.HOST_IDENTITY,
            manage=True,
            locale="de",
        )
        for text in HOSTILE:
            made = replace(session(origin_owner_name=text, label=text), metadata={"k": text})
            assert await storage.create_session(made) == made
            assert await storage.session("default", made.id) == made
        await storage.create_session(full)
        assert await storage.session("default", full.id) == full
        assert await storage.session_for_token(full.jti) == (full, None)

    async def test_what_it_returns_is_detached(self, storage: Storage) -> None:
        """Changing a dict that went in, or came out, changes nothing that is stored."""
        mine: dict[str, object] = {"k": ["v"]}
        made = session(metadata=mine)
        await storage.create_session(made)
        mine["k"] = "changed"
        first = await storage.session("default", made.id)
        assert first is not None
        assert first.metadata == {"k": ["v"]}
        assert isinstance(first.metadata, dict)
        first.metadata["k"].append("w")
        second = await storage.session("default", made.id)
        assert second is not None
        assert second.metadata == {"k": ["v"]}

    async def test_a_session_of_another_project_is_absent(self, storage: Storage) -> None:
        """T41: id lookups, lists and revocation see only sessions of the project they name."""
        made = session(project_id="a")
        await storage.create_session(made)
        assert await storage.session("b", made.id) is None
        assert await storage.sessions(SessionQuery(project_id="b", now=NOW)) == []
        assert await storage.revoke_session("b", made.id, now=NOW) is None
        assert await storage.session("a", made.id) == made

    async def test_an_id_or_jti_is_taken_once(self, storage: Storage) -> None:
        """A second session with the id or the jti of another is StorageConflict, and nothing is written."""
        made = session()
        await storage.create_session(made)
        with pytest.raises(StorageConflict):
            await storage.create_session(session(id=made.id))
        second = session(jti=made.jti)
        with pytest.raises(StorageConflict):
            await storage.create_session(second)
        assert await storage.session("default", second.id) is None
        assert await storage.session("default", made.id) == made

    async def test_names_are_compared_byte_by_byte(self, storage: Storage) -> None:
        """`abc` and `ABC` are two tokens, two owners and two projects."""
        lower, upper = session(jti="abc", origin_owner_id="o"), session(jti="ABC", origin_owner_id="O")
        await storage.create_session(lower)
        await storage.create_session(upper)
        assert await storage.session_for_token("abc") == (lower, None)
        assert await storage.session_for_token("ABC") == (upper, None)
        assert await storage.session_for_token("Abc") == (None, None)
        query = SessionQuery(project_id="default", now=NOW, origin_owner_id="O")
        assert await storage.sessions(query) == [upper]
        assert await storage.session("Default", lower.id) is None

    async def test_a_token_is_looked_up_with_its_api_key(self, storage: Storage) -> None:
        """session_for_token gives each of session and API key, or None where there is none."""
        made, key = session(), api_key()
        await storage.create_session(made)
        await storage.create_api_key(key)
        assert await storage.session_for_token(made.jti, api_key_id=key.id) == (made, key)
        assert await storage.session_for_token("unknown", api_key_id=key.id) == (None, key)
        assert await storage.session_for_token(made.jti, api_key_id="unknown") == (made, None)
        assert await storage.session_for_token(made.jti) == (made, None)

    async def test_the_same_request_at_once_makes_one_session(self, storage: Storage) -> None:
        """R15: 20 calls at the same time with one Idempotency-Key get the same session, and one row."""
        remembered = Idempotency("key1", "k", digest("body"), later(-86400))
        made = await asyncio.gather(
            *(storage.create_session(session(), idempotency=remembered) for _ in range(20))
        )
        assert len({one.id for one in made}) == 1
        assert await storage.sessions(SessionQuery(project_id="default", now=NOW)) == [made[0]]

    async def test_an_idempotency_key_is_for_one_body(self, storage: Storage) -> None:
        """R15: with another body the key is refused; another sender's same key is another key."""
        first = await storage.create_session(
            session(), idempotency=Idempotency("key1", "k", digest("body"), later(-86400))
        )
        with pytest.raises(IdempotencyKeyReused):
            await storage.create_session(
                session(), idempotency=Idempotency("key1", "k", digest("other"), later(-86400))
            )
        theirs = await storage.create_session(
            session(), idempotency=Idempotency("key2", "k", digest("other"), later(-86400))
        )
        assert theirs.id != first.id

    async def test_an_idempotency_key_is_forgotten(self, storage: Storage) -> None:
        """R15: an entry older than `forget_before` no longer counts, whatever its body."""
        first = await storage.create_session(
            session(), idempotency=Idempotency("key1", "k", digest("body"), later(-86400))
        )
        kept = Idempotency("key1", "k", digest("body"), NOW)
        assert (await storage.create_session(session(), idempotency=kept)).id == first.id
        forgotten = Idempotency("key1", "k", digest("other"), later(0.001))
        anew = await storage.create_session(session(created_at=later(60)), idempotency=forgotten)
        assert anew.id != first.id
        assert (await storage.create_session(session(), idempotency=forgotten)).id == anew.id

    async def test_a_repeated_request_gets_the_session_as_it_is_now(self, storage: Storage) -> None:
        """R15: the session made before is returned with what happened to it since."""
        remembered = Idempotency("key1", "k", digest("body"), later(-86400))
        made = await storage.create_session(session(), idempotency=remembered)
        revoked = await storage.revoke_session("default", made.id, now=later(5))
        assert await storage.create_session(session(), idempotency=remembered) == revoked

    async def test_lists_are_paged_by_the_last_row(self, storage: Storage) -> None:
        """Newest first by (created_at, id); pages by `before` give each once, also where times are equal."""
        made = [session(created_at=later(n // 3)) for n in range(10)]
        for one in made:
            await storage.create_session(one)
        expected = sorted(made, key=lambda one: (one.created_at, one.id), reverse=True)
        query = SessionQuery(project_id="default", now=NOW, limit=4)
        found = []
        while page := await storage.sessions(query):
            assert len(page) <= 4
            found += page
            query = replace(query, before=(page[-1].created_at, page[-1].id))
        assert found == expected

    async def test_lists_are_filtered(self, storage: Storage) -> None:
        """By owner, provider and status at `now`; no status is all of them."""
        fresh = session(provider="acme")
        used, revoked, expired = session(provider="acme"), session(), session(expires_at=later(60))
        for one in (used, revoked, expired):
            await storage.create_session(one)
        await storage.revoke_session("default", revoked.id, now=NOW)
        await linked(storage, used)
        await storage.create_session(fresh)
        query = SessionQuery(project_id="default", now=later(60))

        async def ids(**filters: object) -> set[int]:
            return {one.id for one in await storage.sessions(replace(query, **filters))}  # type: ignore[arg-type]

        assert await ids(statuses=frozenset({SessionStatus.OPEN})) == {fresh.id}
        assert await ids(statuses=frozenset({SessionStatus.USED})) == {used.id}
        assert await ids(statuses=frozenset({SessionStatus.REVOKED})) == {revoked.id}
        assert await ids(statuses=frozenset({SessionStatus.EXPIRED})) == {expired.id}
        both = frozenset({SessionStatus.EXPIRED, SessionStatus.OPEN})
        assert await ids(statuses=both) == {expired.id, fresh.id}
        assert await ids() == {fresh.id, used.id, revoked.id, expired.id}
        assert await ids(provider="acme") == {fresh.id, used.id}
        assert await ids(origin_owner_id="nobody") == set()

    async def test_revoking_ends_everything_of_the_session(self, storage: Storage) -> None:
        """T8: visits and OAuth states go, linked accounts and other sessions stay; the first time counts."""
        made, other = session(), session()
        await storage.create_session(made)
        await storage.create_session(other)
        account = await linked(storage, made)
        for one, name in ((made, "made"), (other, "other")):
            await storage.open_visit(visit(one, name), now=NOW)
            tried = attempt(one)
            await storage.save_attempt(tried)
            await storage.save_state(state(tried, name))
        revoked = await storage.revoke_session("default", made.id, now=later(1))
        assert revoked is not None
        assert revoked.revoked_at == later(1)
        assert await storage.revoke_session("default", made.id, now=later(9)) == revoked
        assert await storage.visit(digest("made")) is None
        assert await storage.use_state(digest("made"), now=NOW) is None
        assert await storage.account(account.id) == account
        assert await storage.visit(digest("other")) is not None
        assert await storage.use_state(digest("other"), now=NOW) is not None
