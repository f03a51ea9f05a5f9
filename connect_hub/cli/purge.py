"""`connect-hub purge`."""

from collections import Counter
from dataclasses import asdict
from datetime import datetime, timedelta

import click

from connect_hub.cli.host import app_option, chosen_hub, storage_of, work_on
from connect_hub.hub import ConnectHub
from connect_hub.storage.protocol import Retention

__all__ = ["command", "purge", "retention"]

_DAY = timedelta(days=1)


@click.command("purge")
@click.option(
    "--days", type=click.IntRange(1, 3650), default=30, show_default=True, help="What is older goes."
)
@app_option
def command(days: int, app: str | None) -> None:
    """Remove what is over: sessions, attempts and delivered events after 30 days, visits after one.

    Accounts stay. Run it once a day; it works in small batches, and may be interrupted.
    """
    removed = work_on(chosen_hub(app), lambda hub: purge(hub, days=days))
    for kind, count in removed.items():
        click.echo(f"{kind}: {count} removed")


def retention(now: datetime, *, days: int = 30) -> Retention:
    """What is old enough at `now`: `days` after its end; what never outlives a day, after one."""
    before = now - days * _DAY
    return Retention(
        sessions_before=before,
        attempts_before=before,
        events_before=before,
        visits_before=now - _DAY,  # longer than any visit or sign-in may be configured to live
        idempotency_before=now - _DAY,
    )


async def purge(hub: ConnectHub, *, days: int = 30) -> Counter[str]:
    """Remove it batch by batch, until nothing is left; how many rows of each kind."""
    old = retention(hub.config.clock.now(), days=days)
    removed: Counter[str] = Counter()
    while True:
        batch = asdict(await storage_of(hub).purge(old))
        removed.update(batch)
        if not any(batch.values()):
            return removed
