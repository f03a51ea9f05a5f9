"""Statements about triggers. An account is locked before its trigger, so that no two wait in a circle."""

from sqlalchemy import Connection, delete, insert, select, update

from connect_hub.models import Account, Trigger
from connect_hub.storage import rules
from connect_hub.storage.protocol import Announce, Change, Noting
from connect_hub.storage.sql import accounts, audit, outbox
from connect_hub.storage.sql.tables import Tables
from connect_hub.storage.trigger_rows import trigger_of, trigger_row

__all__ = ["pull", "put"]


def put(c: Connection, t: Tables, trigger: Trigger, replace: bool, note: Noting | None) -> Trigger | None:
    found = accounts.stored(c, t, trigger.account_id, trigger.project_id, lock=True)
    if found is None:
        return None
    its = t.triggers.c.account_id == trigger.account_id
    row = c.execute(select(t.triggers).where(its).with_for_update()).first()
    if row is not None and not replace:
        return trigger_of(row)
    if row is not None:
        c.execute(delete(t.triggers).where(its))
    c.execute(insert(t.triggers), trigger_row(trigger))
    audit.note(c, t, None if note is None else note(found.account, found.account))
    return trigger


def pull(c: Connection, t: Tables, token_hash: bytes, announce: Announce) -> Account | None:
    its = t.triggers.c.token_hash == token_hash.hex()
    account_id = c.execute(select(t.triggers.c.account_id).where(its)).scalar()
    found = None if account_id is None else accounts.stored(c, t, account_id, None, lock=True)
    # Read again under the account's lock: another token may have taken its place meanwhile.
    if found is None or c.execute(select(t.triggers).where(its).with_for_update()).first() is None:
        return None
    after, events = rules.announced(found.account, Change.TRIGGERED, found.account, announce)
    a = t.accounts.c
    c.execute(update(t.accounts).where(a.id == after.id).values(sequence=after.sequence))
    outbox.record(c, t, events)
    return after
