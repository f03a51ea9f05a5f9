"""Statements about accounts and their credentials; `linking` has the one that makes them."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, delete, exc, or_, select, update

from connect_hub.errors import AccountConflict
from connect_hub.models import Account, AccountStatus
from connect_hub.storage.protocol import AccountQuery, Announce, Change, Sealed, StoredCredentials
from connect_hub.storage.sql import outbox
from connect_hub.storage.sql.dialects import now_milliseconds
from connect_hub.storage.sql.rows import account_of, account_row, milliseconds
from connect_hub.storage.sql.tables import Tables

__all__ = ["change", "claim_refresh", "get", "listing", "remove", "settle_refresh", "stored", "touch"]


def get(c: Connection, t: Tables, account_id: str, project_id: str | None) -> Account | None:
    found = stored(c, t, account_id, project_id)
    return None if found is None else found.account


def stored(
    c: Connection, t: Tables, account_id: str, project_id: str | None, *, lock: bool = False
) -> StoredCredentials | None:
    statement = select(t.accounts).where(t.accounts.c.id == account_id)
    if project_id is not None:
        statement = statement.where(t.accounts.c.project_id == project_id)
    row = c.execute(statement.with_for_update() if lock else statement).first()
    return None if row is None else StoredCredentials(account_of(row), row._mapping["sealed"])


def listing(c: Connection, t: Tables, query: AccountQuery) -> list[Account]:
    a = t.accounts.c
    statement = select(t.accounts).where(a.project_id == query.project_id)
    for column, wanted in (
        (a.id, query.account_ids),
        (a.origin_owner_id, query.origin_owner_ids),
        (a.provider, query.providers),
    ):
        if wanted:
            statement = statement.where(column.in_(sorted(wanted)))
    if query.statuses:
        enabled = a.provider.in_(sorted(query.enabled_providers))
        stored_statuses = sorted(s.value for s in query.statuses if s is not AccountStatus.INACTIVE)
        conditions = [and_(enabled, a.status.in_(stored_statuses))]
        if AccountStatus.INACTIVE in query.statuses:
            conditions.append(~enabled)
        statement = statement.where(or_(*conditions))
    if query.before is not None:
        at, account_id = milliseconds(query.before[0]), query.before[1]
        statement = statement.where(or_(a.created_at < at, and_(a.created_at == at, a.id < account_id)))
    statement = statement.order_by(a.created_at.desc(), a.id.desc()).limit(query.limit).offset(query.offset)
    return [account_of(row) for row in c.execute(statement)]


def change(
    c: Connection,
    t: Tables,
    project_id: str,
    account_id: str,
    change: Callable[[Account], Account],
    announce: Announce,
) -> Account | None:
    found = stored(c, t, account_id, project_id, lock=True)
    if found is None:
        return None
    before = found.account
    after = replace(change(before), id=before.id, generation=before.generation, sequence=before.sequence)
    if after == before:
        return before
    return _announce_and_write(c, t, after, before, announce)


def _announce_and_write(
    c: Connection,
    t: Tables,
    after: Account,
    before: Account,
    announce: Announce,
    sealed: Sealed | None = None,
) -> Account:
    raised = replace(after, sequence=before.sequence + 1)
    if outbox.announced(c, t, announce, raised, Change.UPDATED, before):
        after = raised
    row = account_row(after)
    if sealed is not None:
        row["sealed"] = sealed.data
    try:
        c.execute(update(t.accounts).where(t.accounts.c.id == after.id).values(row))
    except exc.IntegrityError:
        raise AccountConflict from None
    return after


def remove(
    c: Connection, t: Tables, project_id: str, account_id: str, announce: Announce
) -> StoredCredentials | None:
    found = stored(c, t, account_id, project_id, lock=True)
    if found is None:
        return None
    raised = replace(found.account, sequence=found.account.sequence + 1)
    outbox.announced(c, t, announce, raised, Change.DELETED, found.account)
    c.execute(delete(t.accounts).where(t.accounts.c.id == account_id))
    return found


def claim_refresh(c: Connection, t: Tables, account_id: str, generation: int, lease: timedelta) -> int | None:
    a = t.accounts.c
    clock = now_milliseconds(c.dialect.name)
    won = c.execute(
        update(t.accounts)
        .where(
            a.id == account_id,
            a.generation == generation,
            or_(a.refresh_lease_until.is_(None), a.refresh_lease_until <= clock),
        )
        .values(
            refresh_epoch=a.refresh_epoch + 1,
            refresh_lease_until=clock + int(lease / timedelta(milliseconds=1)),
        )
    ).rowcount
    if won != 1:
        return None
    epoch = c.execute(select(a.refresh_epoch).where(a.id == account_id)).scalar_one()
    return int(epoch)


def settle_refresh(
    c: Connection,
    t: Tables,
    account_id: str,
    epoch: int,
    change: Callable[[Account], Account],
    seal: Callable[[str, int], Sealed] | None,
    announce: Announce,
) -> Account | None:
    found = stored(c, t, account_id, None, lock=True)
    if found is None or found.account.refresh_epoch != epoch:
        return None
    before = found.account
    after = replace(
        change(before),
        id=before.id,
        generation=before.generation,
        sequence=before.sequence,
        refresh_lease_until=None,
    )
    sealed = None
    if seal is not None:
        sealed = seal(before.id, before.generation + 1)
        after = replace(after, generation=before.generation + 1, key_id=sealed.key_id)
    silent: Announce = lambda *_: ()  # noqa: E731  # a one-line Announce
    return _announce_and_write(
        c, t, after, before, announce if after.status != before.status else silent, sealed
    )


def touch(c: Connection, t: Tables, account_id: str, now: datetime) -> None:
    c.execute(update(t.accounts).where(t.accounts.c.id == account_id).values(last_used_at=milliseconds(now)))
