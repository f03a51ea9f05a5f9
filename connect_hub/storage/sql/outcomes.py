"""Outcomes of deliveries in one statement of PostgreSQL."""

import json
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import (
    CTE,
    JSON,
    ColumnElement,
    Connection,
    Select,
    Text,
    and_,
    bindparam,
    cast,
    column,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.types import TypeEngine

from connect_hub.storage.endpoint_rows import attempt_row
from connect_hub.storage.protocol import DeliveryState, Settlement
from connect_hub.storage.rows import Row, milliseconds
from connect_hub.storage.sql.tables import Tables

__all__ = ["outcome_row", "settle_at_once"]

_OPEN = {DeliveryState.PENDING, DeliveryState.HELD}


def outcome_row(one: Settlement) -> Row:
    """What its delivery becomes."""
    return {
        "the_id": one.delivery_id,
        "new_state": one.state.value,
        "tries": int(one.counts),
        "why": one.error,
        "ended_at": None if one.state in _OPEN else milliseconds(one.now),
        "again_at": None if one.next_at is None else milliseconds(one.next_at),
    }


def settle_at_once(c: Connection, t: Tables, settlements: Sequence[Settlement]) -> list[bool]:
    """As `outbox.settle`, of settlements of which none judges an endpoint, without a transaction around it.

    A delivery may be settled by hand or leased anew until its row is locked, and not after that: so it is the
    row under lock that is asked whether it is of a live claim, as in `leasing.leased`. Rows are locked in the
    order of their ids, so that no two transactions wait for each other in a circle.
    """
    claims = [(one.delivery_id, one.epoch) for one in settlements]
    each = dict(zip(reversed(claims), reversed(settlements), strict=True))  # the first of each claim
    rows = c.execute(_statement(t), {"settlements": json.dumps([_row(one) for one in each.values()])})
    written = {(row.id, row.epoch) for row in rows}
    result = []
    for claim in claims:
        result.append(claim in written)
        written.discard(claim)
    return result


@lru_cache(maxsize=16)
def _statement(t: Tables) -> Select[Any]:
    """It takes longer to make than to run."""
    d, given = t.deliveries.c, _given(t)
    asked = (
        select(d.id, d.event_id, d.epoch, d.state, d.lease_until)
        .where(d.id.in_(select(given.c.the_id)))
        .order_by(d.id)
        .with_for_update(of=t.deliveries)
        .cte("asked")
    )
    live = and_(
        asked.c.epoch == given.c.epoch,
        asked.c.state == DeliveryState.PENDING.value,
        asked.c.lease_until.is_not(None),
    )
    ours = (
        update(t.deliveries)
        .where(d.id == asked.c.id, asked.c.id == given.c.the_id, live)
        .values(
            state=given.c.new_state,
            attempts=d.attempts + given.c.tries,
            lease_until=None,
            last_error=given.c.why,
            settled_at=given.c.ended_at,
            next_at=func.coalesce(given.c.again_at, d.next_at),
        )
        .returning(d.id, d.epoch, d.event_id)
        .cte("ours")
    )
    tried = t.delivery_attempts
    of_try = [_decoded(given, name) for name in _of_try(t)]
    tries = (
        select(ours.c.id, ours.c.epoch, ours.c.event_id, *of_try)
        .join_from(ours, given, and_(given.c.the_id == ours.c.id, given.c.epoch == ours.c.epoch))
        .where(given.c.started_at.is_not(None))
    )
    names = ["delivery_id", "epoch", "event_id", *_of_try(t)]
    logged = insert(tried).from_select(names, tries).cte("logged")
    return select(ours.c.id, ours.c.epoch).add_cte(logged)


def _of_try(t: Tables) -> list[str]:
    """The columns of a try, besides those that say which one it is."""
    return [one.name for one in t.delivery_attempts.columns][3:]


def _given(t: Tables) -> CTE:
    """The settlements, as a table. They are bound as one JSON text, so that the statement is the same for
    however many, and the driver has one value to write."""
    d, a = t.deliveries.c, t.delivery_attempts.c
    types: dict[str, TypeEngine[Any]] = {
        "the_id": d.id.type,
        "epoch": d.epoch.type,
        "new_state": d.state.type,
        "tries": d.attempts.type,
        "why": d.last_error.type,
        "ended_at": d.settled_at.type,
        "again_at": d.next_at.type,
        **{name: a[name].type for name in _of_try(t)},
        "response_body": Text(),
    }
    rows = func.json_to_recordset(cast(bindparam("settlements", type_=Text()), JSON))
    columns = [column(name, one) for name, one in types.items()]
    return select(rows.table_valued(*columns, name="each_of").render_derived(with_types=True)).cte("given")


def _decoded(given: CTE, name: str) -> ColumnElement[Any]:
    value: ColumnElement[Any] = given.c[name]
    return func.decode(value, "hex") if name == "response_body" else value


def _row(one: Settlement) -> Row:
    """As JSON can have it."""
    row = {**outcome_row(one), "epoch": one.epoch}
    if one.attempt is not None:
        row |= attempt_row(one.delivery_id, one.epoch, "", one.attempt)
        row["response_body"] = row["response_body"].hex()
    return row
