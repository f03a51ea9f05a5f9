"""`connect-hub accounts`."""

from typing import Any

import click

from connect_hub.cli.asking import confirm
from connect_hub.cli.changes import changes, pairs
from connect_hub.cli.doubts import ask_about_name, doubts_options, id_that_is_meant
from connect_hub.cli.group import Group
from connect_hub.cli.history import history_of
from connect_hub.cli.host import app_option, chosen_hub, project_option, work_on
from connect_hub.cli.names import has_name, name_option
from connect_hub.cli.paging import limit_option, read_all
from connect_hub.cli.providers import known
from connect_hub.cli.table import json_option, show, show_done, show_json, show_one
from connect_hub.flows.accounts import AccountFilter
from connect_hub.hub import ConnectHub
from connect_hub.models import Account, AccountStatus, AccountType

__all__ = ["command"]

_COLUMNS = {
    "id": "id",
    "provider": "provider",
    "status": "status",
    "type": "type",
    "origin_owner_id": "owner id",
    "origin_owner_name": "owner name",
    "created_at": "connected",
}


@click.group("accounts", cls=Group)
def command() -> None:
    """What customers have connected."""


@command.command("list")
@click.option("--origin-owner-id", "owners", multiple=True, help="Only this customer's. May be repeated.")
@click.option("--provider", "providers", multiple=True, help="Only of this provider. May be repeated.")
@click.option(
    "--status",
    "statuses",
    multiple=True,
    type=click.Choice([status.value for status in AccountStatus]),
    help="Only in this status. May be repeated.",
)
@name_option
@limit_option
@project_option
@json_option
@app_option
def listing(
    owners: tuple[str, ...],
    providers: tuple[str, ...],
    statuses: tuple[str, ...],
    name: str | None,
    limit: int | None,
    project: str,
    as_json: bool,
    app: str | None,
) -> None:
    """List accounts, newest first; never their credentials."""
    where = AccountFilter(
        origin_owner_ids=frozenset(owners),
        providers=frozenset(providers),
        statuses=frozenset(map(AccountStatus, statuses)),
    )

    async def read(hub: ConnectHub) -> list[Account]:
        found = await read_all(
            lambda size, before: hub.accounts.page_of(where, project=project, limit=size, before=before),
            lambda account: (account.created_at, account.id),
            limit=limit,
            wanted=has_name(name),
        )
        return known(hub, providers, found)

    accounts = work_on(chosen_hub(app), read)
    show(
        _COLUMNS,
        [_row(account) for account in accounts],
        as_json=as_json,
        what="accounts",
        first="A customer connects one with a link. See: connect-hub links create --help",
    )


def _row(account: Account) -> dict[str, object]:
    return {
        "id": account.id,
        "provider": account.provider,
        "status": account.status,
        "type": account.type,
        "origin_owner_id": account.origin_owner_id,
        "origin_owner_name": account.origin_owner_name,
        "origin_username": account.origin_username,
        "label": account.label,
        "created_at": account.created_at,
        "updated_at": account.updated_at,
    }


@command.command("show")
@click.argument("account_id")
@project_option
@json_option
@app_option
def one(account_id: str, project: str, as_json: bool, app: str | None) -> None:
    """Show one account and what happened to it; never its credentials."""

    async def read(hub: ConnectHub) -> tuple[Account, list[dict[str, object]]]:
        found = await hub.accounts.get(account_id, project=project)
        return found, await history_of(hub, found.id, project)

    account, history = work_on(chosen_hub(app), read)
    if as_json:
        show_json({**_details(account), "history": history})
        return
    show_one(_details(account), as_json=False)
    click.echo()
    show(_HISTORY, history, as_json=False)


_HISTORY = {"at": "at", "what": "event or action", "by": "by", "reason": "reason"}


def _details(account: Account) -> dict[str, object]:
    return {
        **_row(account),
        "method": account.method,
        "is_suspended": account.is_suspended,
        "identity": None if account.identity is None else account.identity.name,
        "status_reasons": [reason.description for reason in account.status_reasons],
        "metadata": account.metadata,
        "setup_information": account.setup_information,
        "link_id": account.session_id,
        "sequence": account.sequence,
        "expires_at": account.expires_at,
        "last_refreshed_at": account.last_refreshed_at,
        "last_used_at": account.last_used_at,
    }


@command.command("change")
@click.argument("account_id")
@click.option("--origin-owner-id", help="Moves it to another customer.")
@click.option("--origin-owner-name", help="The customer's name.")
@click.option("--origin-username", help="The customer's user, such as an email address.")
@click.option("--label", help="Put on the account.")
@click.option(
    "--metadata",
    multiple=True,
    metavar="KEY=VALUE",
    callback=pairs,
    help="Replaces all of it. May be repeated.",
)
@click.option(
    "--clear",
    multiple=True,
    type=click.Choice(["origin-username", "label", "metadata"]),
    help="Takes it away. May be repeated.",
)
@doubts_options
@project_option
@json_option
@app_option
def change(
    account_id: str,
    clear: tuple[str, ...],
    keep_spaces: bool,
    new_name: bool,
    project: str,
    as_json: bool,
    app: str | None,
    **given: Any,
) -> None:
    """Change whose an account is, and what you put on it.

    Another owner's id with spaces at its ends, and one that is known under another name, are asked about, as
    by `links create`.
    """
    fields = changes(given, clear)

    async def work(hub: ConnectHub) -> Account:
        before = await hub.accounts.get(account_id, project=project)
        owner_id = fields.get("origin_owner_id", before.origin_owner_id)
        if owner_id != before.origin_owner_id:
            name = fields.get("origin_owner_name", before.origin_owner_name)
            if not keep_spaces:
                fields["origin_owner_id"] = owner_id = await id_that_is_meant(hub, owner_id, name, project)
            if not new_name:
                await ask_about_name(hub, owner_id, name, project)
        return await hub.accounts.change(account_id, project=project, **fields)

    show_one(_details(work_on(chosen_hub(app), work)), as_json=as_json)


@command.command("suspend")
@click.argument("account_id")
@click.option("--reason", default="", help="Stands at the account, for those who look after it.")
@project_option
@json_option
@app_option
def suspend(account_id: str, reason: str, project: str, as_json: bool, app: str | None) -> None:
    """Pause an account: its credentials are kept and not used."""
    account = work_on(
        chosen_hub(app), lambda hub: hub.accounts.suspend(account_id, reason=reason.strip(), project=project)
    )
    show_done(f"suspended {account.id}", _details(account), as_json=as_json)


@command.command("resume")
@click.argument("account_id")
@project_option
@json_option
@app_option
def resume(account_id: str, project: str, as_json: bool, app: str | None) -> None:
    """End a suspension."""
    account = work_on(chosen_hub(app), lambda hub: hub.accounts.resume(account_id, project=project))
    show_done(f"resumed {account.id}", _details(account), as_json=as_json)


@command.command("convert")
@click.argument("account_id")
@click.argument("to", type=click.Choice([kind.value for kind in AccountType]))
@project_option
@json_option
@app_option
def convert(account_id: str, to: str, project: str, as_json: bool, app: str | None) -> None:
    """Make it a test or a production account."""
    account = work_on(
        chosen_hub(app), lambda hub: hub.accounts.convert(account_id, AccountType(to), project=project)
    )
    show_done(f"{account.type.value} {account.id}", _details(account), as_json=as_json)


@command.command("delete")
@click.argument("account_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@project_option
@json_option
@app_option
def delete(account_id: str, yes: bool, project: str, as_json: bool, app: str | None) -> None:
    """Disconnect an account: its credentials are destroyed, and revoked where the provider offers that."""
    if not yes:
        confirm(f"Disconnect {account_id}? This cannot be undone.", instead="add --yes")
    account = work_on(chosen_hub(app), lambda hub: hub.accounts.delete(account_id, project=project))
    show_done(f"deleted {account.id}", _details(account), as_json=as_json)
