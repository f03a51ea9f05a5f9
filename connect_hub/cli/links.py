"""`connect-hub links`."""

import json
from collections.abc import Callable, Sequence
from typing import Any, cast

import click

from connect_hub.audit import AuditAction, AuditEntry
from connect_hub.cli.advice import advice, show_advice
from connect_hub.cli.changes import pairs
from connect_hub.cli.doubts import ask_about_name, doubts_options, id_that_is_meant
from connect_hub.cli.group import Group, Refused
from connect_hub.cli.host import app_option, chosen_hub, project_option, work_on
from connect_hub.cli.names import has_name, name_option
from connect_hub.cli.paging import limit_option, read_all
from connect_hub.cli.providers import known
from connect_hub.cli.table import json_option, show, show_done, show_json, show_one
from connect_hub.clock import iso
from connect_hub.errors import ConnectorInactive, ValidationFailed
from connect_hub.flows.links import is_account_gone
from connect_hub.flows.requests import CreateSession, SessionFields
from connect_hub.flows.sessions import IssuedSession, SessionDetails
from connect_hub.hub import ConnectHub
from connect_hub.models import AccountType, Binding, Category, Session, SessionStatus

__all__ = ["command"]

_COLUMNS = {
    "id": "id",
    "status": "status",
    "origin_owner_id": "owner id",
    "origin_owner_name": "owner name",
    "provider": "provider",
    "opens": "opened",
    "connects": "connected",
    "created_at": "created",
    "expires_at": "expires",
}
_STEPS = {"at": "at", "kind": "step", "provider": "provider", "error_code": "error"}


@click.group("links", cls=Group)
def command() -> None:
    """Auth links to send to customers."""


def _field(
    name: str, *, says: str | None = None, **options: Any
) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """An option for a field of a session, described as the API describes it unless `says` does."""
    description = says or (CreateSession.model_fields[name].description or "").replace("`", "")
    if options.get("multiple"):
        description += " May be repeated."
    return click.option(f"--{name.replace('_', '-')}", name, help=description, **options)


@command.command("create")
@_field("origin_owner_id", required=True)
@_field("origin_owner_name", required=True)
@_field("origin_username")
@_field("provider")
@_field("providers", multiple=True)
@_field("categories", multiple=True, type=click.Choice([str(category) for category in Category]))
@_field("account_id")
@_field("label")
@_field("metadata", multiple=True, metavar="KEY=VALUE", callback=pairs)
@_field("setup_information", multiple=True, metavar="KEY=VALUE", callback=pairs)
@_field(
    "multiple",
    is_flag=True,
    default=None,
    says="Always make a new account. Without it, the owner's account of this provider is updated.",
)
@_field("type", type=click.Choice([str(kind) for kind in AccountType]))
@click.option("--expires-in", type=int, help="Seconds until the link expires. Default: 5 days.")
@_field("max_connects", type=int)
@_field("return_url")
@_field("state")
@_field("webhook_url")
@_field("binding", type=click.Choice([str(binding) for binding in Binding]))
@_field("manage", is_flag=True, default=None)
@_field("locale")
@doubts_options
@project_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of the link alone.")
@app_option
def create(
    keep_spaces: bool, new_name: bool, project: str, as_json: bool, app: str | None, **fields: Any
) -> None:
    """Make a link and print it. Whoever has it can connect accounts for this customer: send it with care.

    An owner's id with spaces at its ends, and one that is known under another name, are asked about first.
    Without a terminal they are refused with exit code 2, unless --keep-spaces or --new-name says that they
    are meant. Standard output has the link alone.
    """
    given = {name: list(value) if isinstance(value, tuple) else value for name, value in fields.items()}
    wanted = cast("SessionFields", {name: value for name, value in given.items() if value not in (None, [])})

    async def work(hub: ConnectHub) -> IssuedSession:
        owner_id, name = wanted["origin_owner_id"], wanted["origin_owner_name"]
        if not keep_spaces:
            owner_id = await id_that_is_meant(hub, owner_id, name, project)
        if not new_name:
            await ask_about_name(hub, owner_id, name, project)
        wanted["origin_owner_id"] = owner_id
        return await hub.links.create(project=project, **wanted)

    _show_made(work_on(chosen_hub(app), work), as_json)


def _show_made(issued: IssuedSession, as_json: bool) -> None:
    if not as_json:
        click.echo(issued.url)
        return
    session = issued.session
    about = {
        "id": session.id,
        "project_id": session.project_id,
        "origin_owner_id": session.origin_owner_id,
        "expires_at": iso(session.expires_at),
        "auth_link_url": issued.url,
    }
    click.echo(json.dumps(about, ensure_ascii=False))


@command.command("list")
@click.option("--origin-owner-id", "owner", help="Only this customer's.")
@click.option("--provider", help="Only those for this provider.")
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice([status.value for status in SessionStatus]),
    help="Only in this status. May be repeated.",
)
@name_option
@limit_option
@project_option
@json_option
@app_option
def listing(
    owner: str | None,
    provider: str | None,
    statuses: tuple[str, ...],
    name: str | None,
    limit: int | None,
    project: str,
    as_json: bool,
    app: str | None,
) -> None:
    """List links, newest first; never the links themselves."""

    async def read(hub: ConnectHub) -> list[dict[str, object]]:
        found = await read_all(
            lambda size, before: hub.links.list(
                project=project,
                origin_owner_id=owner,
                provider=provider,
                statuses=frozenset(map(SessionStatus, statuses)),
                limit=size,
                before=before,
            ),
            lambda session: (session.created_at, session.id),
            limit=limit,
            wanted=has_name(name),
        )
        now = hub.config.clock.now()
        known(hub, [provider] if provider else [], found)
        return [_row(session, session.status(now)) for session in found]

    show(
        _COLUMNS,
        work_on(chosen_hub(app), read),
        as_json=as_json,
        what="links",
        first="See: connect-hub links create --help",
    )


def _row(session: Session, status: SessionStatus) -> dict[str, object]:
    return {
        "id": session.id,
        "status": status,
        "origin_owner_id": session.origin_owner_id,
        "origin_owner_name": session.origin_owner_name,
        "origin_username": session.origin_username,
        "provider": session.provider,
        "account_id": session.account_id,
        "opens": session.opens,
        "connects": session.connects,
        "created_at": session.created_at,
        "expires_at": session.expires_at,
    }


@command.command("show")
@click.argument("link_id", type=int)
@project_option
@json_option
@app_option
def one(link_id: int, project: str, as_json: bool, app: str | None) -> None:
    """Show a link, how far its customer came, and what to do where it failed; never the link itself."""

    async def read(hub: ConnectHub) -> tuple[SessionDetails, Sequence[AuditEntry], bool]:
        found = await hub.links.get(link_id, project=project)
        entries = await hub.audit.list(subject=str(link_id), project=project)
        return found, entries, await is_account_gone(hub.accounts, found.session)

    found, entries, account_is_gone = work_on(chosen_hub(app), read)
    steps: list[dict[str, object]] = [
        {
            "at": step.at,
            "kind": step.kind,
            "provider": step.provider,
            "error_code": step.error_code,
            **advice(step.error_code),
        }
        for step in found.steps
    ]
    session = found.session
    row = {
        **_row(session, found.status),
        "account_is_gone": account_is_gone,
        "label": session.label,
        "metadata": session.metadata,
        "max_connects": session.max_connects,
        "return_url": session.return_url,
        "created_by": _who(entries, AuditAction.LINK_CREATED),
        "revoked_by": _who(entries, AuditAction.LINK_REVOKED),
    }
    if as_json:
        show_json({**row, "steps": steps})
        return
    show_one(row, as_json=False)
    click.echo()
    if steps:
        show(_STEPS, steps, as_json=False)
        show_advice(step.error_code for step in found.steps)
    else:
        click.echo("Nobody has opened it yet.")


def _who(entries: Sequence[AuditEntry], action: AuditAction) -> str | None:
    """As the audit log has it; None for your own code, and for what was purged."""
    return next((entry.actor.name for entry in entries if entry.action == action), None)


@command.command("renew")
@click.argument("link_id", type=int)
@project_option
@click.option("--json", "as_json", is_flag=True, help="Print a JSON object instead of the link alone.")
@app_option
def renew(link_id: int, project: str, as_json: bool, app: str | None) -> None:
    """Make a new link that asks for what this one asks for, and print it. The old one stays as it is."""
    hub = chosen_hub(app)
    try:
        issued = work_on(hub, lambda hub: hub.links.renew(link_id, project=project))
    except (ConnectorInactive, ValidationFailed) as error:
        raise Refused(
            f"What this link asks for is not possible any more: {error.message} Make a new link instead: "
            "connect-hub links create --help"
        ) from None
    _show_made(issued, as_json)


@command.command("revoke")
@click.argument("link_id", type=int)
@project_option
@json_option
@app_option
def revoke(link_id: int, project: str, as_json: bool, app: str | None) -> None:
    """Let nobody connect with the link any more. Accounts that were connected with it stay."""
    session = work_on(chosen_hub(app), lambda hub: hub.links.revoke(link_id, project=project))
    row = _row(session, SessionStatus.REVOKED)
    show_done(f"revoked {session.id}", row, as_json=as_json)
