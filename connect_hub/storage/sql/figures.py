"""Statements that count, none of them further than MOST_COUNTED rows."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, and_, func, or_, select

from connect_hub.models import AccountStatus, StepKind
from connect_hub.storage.attempt_rows import step_of
from connect_hub.storage.protocol import (
    EVENTS_COUNTED,
    MOST_COUNTED,
    AccountKind,
    DeliveryState,
    Failure,
    FailureQuery,
    Figures,
)
from connect_hub.storage.rows import milliseconds
from connect_hub.storage.sql.tables import Tables

__all__ = ["accounts_by_provider", "failures", "figures"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY = 24 * 60 * 60 * 1000


def figures(
    c: Connection, t: Tables, project_id: str, since: datetime, targets: Collection[str], most: int
) -> Figures:
    a, d, e = t.accounts.c, t.deliveries.c, t.events.c
    accounts: dict[AccountKind, int] = {}
    cut = set[AccountStatus]()
    for status in AccountStatus:
        some = (
            select(a.provider, a.method)
            .where(a.project_id == project_id, a.status == status.value)
            .order_by(a.created_at.desc(), a.id.desc())
            .limit(most)
            .subquery()
        )
        kinds = select(some.c.provider, some.c.method, func.count()).group_by(some.c.provider, some.c.method)
        found = {AccountKind(status, row[0], row[1]): row[2] for row in c.execute(kinds)}
        if sum(found.values()) >= most:
            cut.add(status)
        accounts |= found
    # An instant less its rest of the day: databases differ in how they divide.
    newest = (
        select((a.created_at - a.created_at % _DAY).label("day"))
        .where(a.project_id == project_id, a.created_at >= milliseconds(since))
        .order_by(a.created_at.desc())
        .limit(most)
        .subquery()
    )
    days = {
        _EPOCH + timedelta(milliseconds=row[0]): row[1]
        for row in c.execute(select(newest.c.day, func.count()).group_by(newest.c.day))
    }
    oldest = (
        select(e.created_at)
        .where(e.project_id == project_id, e.created_at >= milliseconds(since))
        .order_by(e.created_at.desc(), e.id.desc())
        .offset(min(most, EVENTS_COUNTED) - 1)
        .limit(1)
    )
    begin = c.execute(oldest).scalar()
    # Every column is the index's, all of whose states are named so that it is entered by them.
    states = c.execute(
        select(d.state, func.count())
        .where(
            d.target.in_(sorted(targets)),
            d.state.in_([state.value for state in DeliveryState]),
            d.created_at >= (milliseconds(since) if begin is None else begin),
        )
        .group_by(d.state)
    )
    return Figures(
        accounts=accounts,
        connected=days,
        deliveries={DeliveryState(row[0]): row[1] for row in states},
        cut_statuses=frozenset(cut),
        connected_cut=sum(days.values()) >= most,
        deliveries_cut=begin is not None,
    )


def accounts_by_provider(
    c: Connection, t: Tables, project_id: str, providers: Collection[str]
) -> dict[str, int]:
    a, found = t.accounts.c, {}
    for provider in providers:
        some = select(a.id).where(a.project_id == project_id, a.provider == provider).limit(MOST_COUNTED)
        found[provider] = c.execute(select(func.count()).select_from(some.subquery())).scalar_one()
    return found


def failures(c: Connection, t: Tables, query: FailureQuery) -> list[Failure]:
    s, o = t.steps.c, t.sessions.c
    statement = (
        select(t.steps, o.origin_owner_id, o.origin_owner_name)
        .join(t.sessions, o.id == s.session_id)
        .where(s.project_id == query.project_id, s.kind == StepKind.FAILED.value)
    )
    if query.provider is not None:
        statement = statement.where(s.provider == query.provider)
    if query.since is not None:
        statement = statement.where(s.at >= milliseconds(query.since))
    if query.before is not None:
        at, session_id, number = milliseconds(query.before[0]), query.before[1], query.before[2]
        later = or_(s.session_id < session_id, and_(s.session_id == session_id, s.number < number))
        statement = statement.where(s.at <= at, or_(s.at < at, later))
    statement = statement.order_by(s.at.desc(), s.session_id.desc(), s.number.desc()).limit(query.limit)
    width = len(s)
    return [Failure(step_of(row[:width]), row[1], row[width], row[width + 1]) for row in c.execute(statement)]
