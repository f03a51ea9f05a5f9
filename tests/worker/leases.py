"""The leases of dead workers."""

from sqlalchemy import Engine, update
from sqlalchemy.exc import OperationalError

from connect_hub.storage.sql import Tables


def let_a_minute_pass(engine: Engine) -> None:
    """Let all leases run out, which takes a minute by the database's clock; also while workers settle."""
    deliveries = Tables().deliveries
    while True:
        try:
            with engine.begin() as c:
                leased = update(deliveries).where(deliveries.c.lease_until.is_not(None))
                c.execute(leased.values(lease_until=deliveries.c.lease_until - 60_000))
                return
        except OperationalError:
            continue  # the other side of a deadlock went on, and so this one can
