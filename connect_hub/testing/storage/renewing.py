"""Clauses of `AccountStore.link` about which account it renews, and when another one is made."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from connect_hub.errors import (
    AccountNotFound,
    IdentityChanged,
)
from connect_hub.models import Account, AccountType, Attempt, ProviderIdentity, Session
from connect_hub.storage.protocol import Storage
from connect_hub.testing.storage.values import (
    Clauses,
    all_accounts,
    announced,
    attempt,
    later,
    linked,
    session,
)

__all__ = ["RenewalClauses"]

LEASE = timedelta(hours=1)


class RenewalClauses(Clauses):
    """`link` renews the account of the same owner, provider and type, or the one that is named."""

    async def test_an_account_is_renewed(self, storage: Storage) -> None:
        """3, 5: the same owner, provider and type updates: id, created_at and slot stay, the values are the
        new ones, and what the new session does not say stays."""
        before = await linked(
            storage,
            session(label="L", origin_username="u", metadata={"a": 1}),
            identity=ProviderIdentity("p1", "Person"),
        )
        epoch = await storage.claim_refresh(before.id, generation=1, lease=LEASE)
        assert epoch == 1
        made = session(origin_owner_name="Renamed", created_at=later(50))
        after = await linked(storage, made, method="oauth2", setup_information={}, now=later(60))
        assert after == replace(
            before,
            method="oauth2",
            origin_owner_name="Renamed",
            setup_information={},
            session_id=made.id,
            generation=2,
            sequence=2,
            refresh_epoch=2,
            refresh_lease_until=None,
            updated_at=later(60),
        )
        assert await storage.account(before.id) == after
        relabelled = await linked(storage, session(label="M", origin_username="v", metadata={}))
        assert (relabelled.label, relabelled.origin_username, relabelled.metadata) == ("M", "v", {})
        assert await announced(storage) == ["account.created"]

    async def test_what_makes_another_account(self, storage: Storage) -> None:
        """3: another owner, provider, type or project is another account; `multiple` always is."""
        first = await linked(storage)
        others = [
            await linked(storage, session(origin_owner_id="OWNER")),
            await linked(storage, make=lambda s: attempt(s, provider="other")),
            await linked(storage, session(type=AccountType.TEST)),
            await linked(storage, session(project_id="another")),
            await linked(storage, session(multiple=True)),
            await linked(storage, session(multiple=True)),
        ]
        assert len({first.id, *(one.id for one in others)}) == 7
        assert [one.slot for one in others] == ["", "", "", "", None, None]

    async def test_the_same_person_is_renewed_where_there_is_no_single_account(
        self, storage: Storage
    ) -> None:
        """3: without one of slot '', the oldest with the same identity is renewed and keeps its slot."""
        anna, ben = ProviderIdentity("anna"), ProviderIdentity("ben")
        await linked(storage, session(multiple=True), identity=anna, now=later(2))
        oldest = await linked(storage, session(multiple=True), identity=anna, now=later(1))
        renewed = await linked(storage, identity=anna)
        assert (renewed.id, renewed.slot) == (oldest.id, None)
        fresh = await linked(storage, identity=ben)
        assert fresh.slot == ""
        assert len(await all_accounts(storage)) == 3

    async def test_a_session_may_name_its_account(self, storage: Storage) -> None:
        """3, T51: it renews just that one, and is AccountNotFound if that is gone or is not its own."""
        await linked(storage)
        named = await linked(storage, session(multiple=True))
        again = await linked(storage, session(account_id=named.id))
        assert (again.id, again.generation) == (named.id, 2)
        for refused in (
            session(account_id="unknown"),
            session(account_id=named.id, origin_owner_id="other"),
            session(account_id=named.id, project_id="another"),
        ):
            with pytest.raises(AccountNotFound):
                await linked(storage, refused)
        with pytest.raises(AccountNotFound):
            await linked(storage, session(account_id=named.id), make=lambda s: attempt(s, provider="other"))
        assert await storage.account(named.id) == again

    async def test_an_attempt_may_name_its_account(self, storage: Storage) -> None:
        """3, T51: it renews just that one of several, be the session `multiple` or not; AccountNotFound if
        that is gone or is not of the session's owner, type and provider."""
        single = await linked(storage)
        several = [await linked(storage, session(multiple=True)) for _ in range(2)]

        def of(account: Account, **changes: object) -> Callable[[Session], Attempt]:
            return lambda made: attempt(made, account_id=account.id, **changes)

        for generation, multiple in ((2, True), (3, False)):
            again = await linked(storage, session(multiple=multiple), make=of(several[0]))
            assert (again.id, again.generation, again.slot) == (several[0].id, generation, None)
        assert [await storage.account(a.id) for a in (single, several[1])] == [single, several[1]]
        refused: list[tuple[Session, Callable[[Session], Attempt]]] = [
            (session(origin_owner_id="other"), of(single)),
            (session(project_id="another"), of(single)),
            (session(type=AccountType.TEST), of(single)),
            (session(), of(single, provider="other")),
            (session(), lambda made: attempt(made, account_id="unknown")),
        ]
        for made, make in refused:
            with pytest.raises(AccountNotFound):
                await linked(storage, made, make=make)
        assert len(await all_accounts(storage)) == 3

    async def test_another_person_needs_a_word(self, storage: Storage) -> None:
        """4, T51: another identity is refused unless accepted; an unknown one never is, and keeps the old."""
        anna, ben = ProviderIdentity("1", "Anna"), ProviderIdentity("2", None, "ben@example.com")
        before = await linked(storage, identity=anna)
        with pytest.raises(IdentityChanged) as caught:
            await linked(storage, identity=ben)
        assert (caught.value.before, caught.value.after) == ("Anna", "ben@example.com")
        assert await storage.account(before.id) == before
        assert (await linked(storage)).identity == anna
        assert (await linked(storage, identity=ben, accept_other_identity=True)).identity == ben
