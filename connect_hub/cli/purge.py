"""`connect-hub purge`."""

from dataclasses import asdict

import click

from connect_hub.cli.host import app_option, chosen_hub, work_on
from connect_hub.cli.progress import counter
from connect_hub.cli.table import json_option, show_done

__all__ = ["command"]


@click.command("purge")
@click.option(
    "--days", type=click.IntRange(1, 3650), default=30, show_default=True, help="What is older goes."
)
@click.option(
    "--audit-days", type=click.IntRange(1, 3650), help="Older entries of the audit log go. Default: none."
)
@json_option
@app_option
def command(days: int, audit_days: int | None, as_json: bool, app: str | None) -> None:
    """Remove what is over: sessions, attempts and delivered events after 30 days, visits after one.

    Accounts and the audit log stay. Run it once a day; it works in small batches, and may be interrupted.
    """
    with counter("rows removed") as show:
        removed = work_on(
            chosen_hub(app),
            lambda hub: hub.upkeep.purge(
                days=days, audit_days=audit_days, on_batch=lambda so_far: show(sum(asdict(so_far).values()))
            ),
        )
    counts = asdict(removed)
    said = "\n".join(f"{kind}: {count} removed" for kind, count in counts.items())
    show_done(said, counts, as_json=as_json)
