"""Statements about accounts and their credentials; `linking` has the one that makes them."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, delete, exc, or_, select, update

from connect_hub.errors import AccountConflict
from connect_hub.models import Account, AccountStatus
from connect_hub.storage import rules
from connect_hub.storage.account_rows import account_of, account_row
from connect_hub.storage.protocol import (
    AccountQuery,
    Announce,
    Change,
    Noting,
    Sealed,
    StoredCredentials,
)
from connect_hub.storage.rows import milliseconds
from connect_hub.storage.sql import audit, outbox
from connect_hub.storage.sql.dialects import now_milliseconds
from connect_hub.storage.sql.paging import older
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
    return None if row is None else StoredCredentials(*account_of(row))


def listing(c: Connection, t: Tables, query: AccountQuery) -> list[Account]:
    a = t.accounts.c
    statement = select(t.accounts).where(a.project_id == query.project_id)
    for column, wanted in (
        (a.id, query.account_ids),
        (a.origin_owner_id, query.origin_owner_ids),
        (a.provider, query.providers),
        (a.method, query.methods),
    ):
        if wanted:
            statement = statement.where(column.in_(sorted(wanted)))
    if query.statuses:
        enabled = and_(
            a.provider.in_(sorted(query.enabled_providers)),
            *(
                or_(a.provider != provider, a.method != method)
                for provider, method in sorted(query.unusable_methods)
            ),
        )
        stored_statuses = sorted(s.value for s in query.statuses if s is not AccountStatus.INACTIVE)
        conditions = [and_(enabled, a.status.in_(stored_statuses))]
        if AccountStatus.INACTIVE in query.statuses:
            conditions.append(~enabled)
        if query.also_hidden:
            conditions.append(a.status.in_(sorted(s.value for s in query.also_hidden)))
        statement = statement.where(or_(*conditions))
    if query.before is not None:
        statement = statement.where(older(a.created_at, a.id, query.before))
    statement = statement.order_by(a.created_at.desc(), a.id.desc()).limit(query.limit).offset(query.offset)
    return [account_of(row)[0] for row in c.execute(statement)]


def change(
    c: Connection,
    t: Tables,
    project_id: str,
    account_id: str,
    change: Callable[[Account], Account],
    announce: Announce,
    note: Noting | None,
) -> Account | None:
    found = stored(c, t, account_id, project_id, lock=True)
    if found is None:
        return None
    after = rules.changed(found.account, change)
    if after == found.account:
        return after
    after, events = rules.announced(after, Change.UPDATED, found.account, announce)
    _write(c, t, after, None)
    outbox.record(c, t, events)
    audit.note(c, t, None if note is None else note(found.account, after))
    return after


def _write(c: Connection, t: Tables, account: Account, sealed: Sealed | None) -> None:
    row = account_row(account)
    if sealed is not None:
        row["sealed"] = sealed.data
    try:
        c.execute(update(t.accounts).where(t.accounts.c.id == account.id).values(row))
    except exc.IntegrityError:
        raise AccountConflict from None


def remove(
    c: Connection,
    t: Tables,
    project_id: str,
    account_id: str,
    announce: Announce,
    note: Noting | None = None,
) -> StoredCredentials | None:
    found = stored(c, t, account_id, project_id, lock=True)
    if found is None:
        return None
    _, events = rules.announced(found.account, Change.DELETED, found.account, announce)
    for table in (t.triggers, t.account_days):
        c.execute(delete(table).where(table.c.account_id == account_id))
    c.execute(delete(t.accounts).where(t.accounts.c.id == account_id))
    outbox.record(c, t, events)
    audit.note(c, t, None if note is None else note(found.account, found.account))
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
            refresh_lease_until=clock + lease // timedelta(milliseconds=1),
        )
    ).rowcount
    if won != 1:
        return None
    # Of this transaction's own update: the row is locked until it commits.
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
    after, sealed, events = rules.refreshed(found.account, change, seal, announce)
    _write(c, t, after, sealed)
    outbox.record(c, t, events)
    return after


def touch(c: Connection, t: Tables, account_id: str, now: datetime) -> None:
    c.execute(update(t.accounts).where(t.accounts.c.id == account_id).values(last_used_at=milliseconds(now)))
