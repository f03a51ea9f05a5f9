"""Statements about the steps of customers."""

from dataclasses import replace

from sqlalchemy import ColumnElement, Connection, exc, func, insert, select

from connect_hub.models import Step, StepKind
from connect_hub.storage import step_rules
from connect_hub.storage.attempt_rows import step_of, step_row
from connect_hub.storage.protocol import FunnelQuery, FunnelRow
from connect_hub.storage.rows import instant, milliseconds
from connect_hub.storage.sql import sessions
from connect_hub.storage.sql.failures import TryAgain
from connect_hub.storage.sql.tables import Tables

__all__ = ["add", "funnel", "listing", "record"]

_MOST_DURATIONS = 10_000


def record(c: Connection, t: Tables, step: Step, once: bool) -> None:
    sessions.refuse_unless_there(c, t, step.session_id)
    s = t.steps.c
    if once:
        same = select(s.number).where(
            s.session_id == step.session_id,
            s.kind == step.kind.value,
            s.visit_name.is_(None) if step.visit_name is None else s.visit_name == step.visit_name,
            s.provider.is_(None) if step.provider is None else s.provider == step.provider,
        )
        if c.execute(same.limit(1)).first() is not None:
            return
    add(c, t, step)


def add(c: Connection, t: Tables, step: Step) -> None:
    """Insert the step as its session's last one."""
    s = t.steps.c
    last = c.execute(select(func.max(s.number)).where(s.session_id == step.session_id)).scalar()
    number = 1 if last is None else last + 1
    if not step_rules.is_kept(step, number):
        return
    took = None
    if step.kind is StepKind.CONNECTED:
        first = c.execute(
            select(func.min(s.at)).where(s.session_id == step.session_id, s.provider == step.provider)
        ).scalar()
        took = None if first is None else step.at - instant(first)
    try:
        c.execute(insert(t.steps), step_row(replace(step, took=took), number))
    except exc.IntegrityError as error:
        # Another step of the session at the same time: run again, and come after it.
        raise TryAgain from error


def listing(c: Connection, t: Tables, project_id: str, session_id: int, limit: int) -> list[Step]:
    s = t.steps.c
    newest = select(t.steps).where(s.session_id == session_id, s.project_id == project_id)
    newest = newest.order_by(s.number.desc()).limit(limit)
    return [step_of(row) for row in c.execute(newest)][::-1]


def funnel(c: Connection, t: Tables, query: FunnelQuery) -> list[FunnelRow]:
    s = t.steps.c
    wanted: list[ColumnElement[bool]] = [
        s.project_id == query.project_id,
        s.at >= milliseconds(query.since),
        s.at < milliseconds(query.until),
    ]
    if query.provider is not None:
        wanted.append(s.provider == query.provider)
    steps = select(s.provider, s.kind, s.session_id, s.took, s.at).where(*wanted)
    if query.most is not None:
        # In an order that the index of the funnel has, all of whose columns these are.
        steps = steps.order_by(s.at.desc(), s.session_id.desc()).limit(query.most)
    n = steps.subquery().c
    counts = select(n.provider, n.kind, func.count(n.session_id.distinct()), func.count())
    took = select(n.provider, n.took).where(n.took.is_not(None))
    took = took.order_by(n.at.desc(), n.session_id.desc()).limit(_MOST_DURATIONS)
    counted = [(row[0], row[1], row[2], row[3]) for row in c.execute(counts.group_by(n.provider, n.kind))]
    return step_rules.funnel_rows(
        [(provider, kind, sessions) for provider, kind, sessions, _ in counted],
        [(row[0], row[1]) for row in c.execute(took)],
        cut=query.most is not None and sum(number for *_, number in counted) >= query.most,
    )
