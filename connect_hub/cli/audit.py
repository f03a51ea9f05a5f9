"""`connect-hub audit`."""

import click

from connect_hub.audit import AuditAction, AuditEntry
from connect_hub.cli.group import Listed
from connect_hub.cli.host import app_option, chosen_hub, project_option, work_on
from connect_hub.cli.paging import limit_option, read_all
from connect_hub.cli.table import json_option, show
from connect_hub.cli.words import changes_in_words
from connect_hub.hub import ConnectHub
from connect_hub.operators import EVERY_PROJECT

__all__ = ["command"]

_COLUMNS = {
    "at": "at",
    "action": "action",
    "subject": "subject",
    "actor": "by",
    "actor_kind": "way",
    "source": "from",
    "changes": "changes",
}


@click.group("audit", cls=Listed)
def command() -> None:
    """Who did what. `audit` alone is `audit list`, and takes its options: connect-hub audit list --help"""


@command.command("list")
@click.option(
    "--action",
    type=click.Choice([one.value for one in AuditAction]),
    metavar="ACTION",
    help="Only this, such as account.suspended.",
)
@click.option("--subject", help="Only what was done to this account, link or key, by its id.")
@click.option("--actor", help="Only what was done by this operator, API key or user, by its id.")
@limit_option
@click.option("--operators", "about_operators", is_flag=True, help="Sign-ins, and who made operators.")
@project_option
@json_option
@app_option
def listing(
    action: str | None,
    subject: str | None,
    actor: str | None,
    limit: int | None,
    about_operators: bool,
    project: str,
    as_json: bool,
    app: str | None,
) -> None:
    """List who did what in a project, newest first."""
    subject, actor = subject and subject.strip(), actor and actor.strip()  # as they are copied from elsewhere

    async def read(hub: ConnectHub) -> list[AuditEntry]:
        return await read_all(
            lambda size, before: hub.audit.list(
                project=EVERY_PROJECT if about_operators else project,
                action=action,
                subject=subject,
                actor_id=actor,
                limit=size,
                before=before,
            ),
            lambda entry: (entry.at, entry.id),
            limit=limit,
        )

    entries = work_on(chosen_hub(app), read)
    rows = [_row(entry) for entry in entries]
    if not as_json:
        for row, entry in zip(rows, entries, strict=True):
            if entry.actor.id != entry.actor.name:
                row["actor"] = f"{entry.actor.name} ({entry.actor.id})"
            row["changes"] = changes_in_words(entry.before, entry.after)
    show(_COLUMNS, rows, as_json=as_json, what="entries")


def _row(entry: AuditEntry) -> dict[str, object]:
    return {
        "at": entry.at,
        "action": entry.action,
        "subject": entry.subject,
        "actor": entry.actor.name,
        "actor_id": entry.actor.id,
        "actor_kind": entry.actor.kind,
        "source": entry.actor.source,
        "before": entry.before,
        "after": entry.after,
    }
