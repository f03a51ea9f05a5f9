"""Statements about what accounts did."""

from collections.abc import Sequence

from sqlalchemy import Connection, exc, insert, select, update

from connect_hub.storage.activity_rows import COUNTED, LAST, day_of, day_row
from connect_hub.storage.protocol import AccountDay
from connect_hub.storage.sql.failures import TryAgain
from connect_hub.storage.sql.tables import Tables

__all__ = ["add", "listing"]

_AT_ONCE = 1000
"""How many ids one statement names; SQLite takes 32,766."""


def add(c: Connection, t: Tables, days: Sequence[AccountDay]) -> None:
    a, d = t.accounts.c, t.account_days.c
    # In one order, whoever else adds at the same time, so that none waits for the other.
    days = sorted(days, key=lambda day: (day.account_id, day.day))
    projects: dict[str, str] = {}
    for first in range(0, len(days), _AT_ONCE):
        ids = {day.account_id for day in days[first : first + _AT_ONCE]}
        for account_id, project_id in c.execute(select(a.id, a.project_id).where(a.id.in_(sorted(ids)))):
            projects[account_id] = project_id
    for day in days:
        project_id = projects.get(day.account_id)
        if project_id is None:
            continue
        row = day_row(day, project_id)
        added: dict[str, object] = {name: d[name] + row[name] for name in COUNTED if row[name]}
        told = {name: row[name] for name in LAST if row[name] is not None}
        its = update(t.account_days).where(d.account_id == day.account_id, d.day == row["day"])
        if c.execute(its.values(added | told)).rowcount == 0:
            try:
                c.execute(insert(t.account_days), row)
            except exc.IntegrityError as error:
                raise TryAgain from error  # somebody else was first


def listing(c: Connection, t: Tables, project_id: str, account_id: str, limit: int) -> list[AccountDay]:
    d = t.account_days.c
    found = select(t.account_days).where(d.account_id == account_id, d.project_id == project_id)
    return [day_of(row) for row in c.execute(found.order_by(d.day.desc()).limit(limit))]
