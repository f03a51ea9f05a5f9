"""`connect-hub webhooks`."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

import click

from connect_hub.cli.asking import confirm
from connect_hub.cli.changes import changes
from connect_hub.cli.group import Group
from connect_hub.cli.host import app_option, chosen_hub, project_option, work_on
from connect_hub.cli.instants import INSTANT
from connect_hub.cli.progress import bar
from connect_hub.cli.table import json_option, show, show_done, show_json, show_one
from connect_hub.events import DEFAULT_EVENTS, EVENT_NAMES, TEST_EVENT
from connect_hub.flows.shown_endpoints import Endpoint, IssuedEndpoint
from connect_hub.hub import ConnectHub
from connect_hub.webhooks import generate_secret

__all__ = ["command"]

F = TypeVar("F", bound=Callable[..., Any])

_COLUMNS = {
    "id": "id",
    "url": "url",
    "events": "events",
    "state": "state",
    "failing_since": "failing since",
    "source": "source",
}
_WHY = {
    "gone": "disabled: it answered 410",
    "failing": "disabled: five days of nothing but failure",
    "manual": "disabled by hand",
}


@click.group("webhooks", cls=Group)
def command() -> None:
    """Where events are posted to."""


@command.command("secret")
def secret() -> None:
    """Make a signing secret and print it, ready for CONNECT_HUB_WEBHOOK_SECRET."""
    click.echo(generate_secret().reveal())


def _row(endpoint: Endpoint) -> dict[str, object]:
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "description": endpoint.description,
        "events": list(endpoint.events),
        "providers": None if endpoint.providers is None else list(endpoint.providers),
        "enabled": endpoint.enabled,
        "disabled_at": endpoint.disabled_at,
        "disabled_reason": endpoint.disabled_reason,
        "failing_since": endpoint.failing_since,
        "source": endpoint.source,
    }


def _show_issued(issued: IssuedEndpoint, *, as_json: bool) -> None:
    """The secret alone, for a script; its endpoint besides, in JSON."""
    if as_json:
        show_json({**_row(issued.endpoint), "secret": issued.secret.reveal()})
        return
    click.echo(f"endpoint {issued.endpoint.id}; its secret, shown this once:", err=True)
    click.echo(issued.secret.reveal())


@command.command("list")
@project_option
@json_option
@app_option
def listing(project: str, as_json: bool, app: str | None) -> None:
    """List endpoints, those of the configuration first; never their secrets."""
    found = work_on(chosen_hub(app), lambda hub: hub.endpoints.list(project=project))
    rows = [_row(one) for one in found]
    if not as_json:
        told = [{"state": _state(one), "events": ",".join(one.events)} for one in found]
        rows = [{**row, **said} for row, said in zip(rows, told, strict=True)]
    show(_COLUMNS, rows, as_json=as_json, what="endpoints", first="See: connect-hub webhooks create --help")


def _state(endpoint: Endpoint) -> str:
    if endpoint.enabled:
        return "enabled" if endpoint.failing_since is None else "failing"
    return _WHY.get(endpoint.disabled_reason or "", "disabled")


@command.command("show")
@click.argument("endpoint_id")
@project_option
@json_option
@app_option
def one(endpoint_id: str, project: str, as_json: bool, app: str | None) -> None:
    """Show one endpoint; never its secrets, nor the values of its header fields."""
    found = work_on(chosen_hub(app), lambda hub: hub.endpoints.get(endpoint_id, project=project))
    show_one(_details(found), as_json=as_json)


def _details(endpoint: Endpoint) -> dict[str, object]:
    return {
        **_row(endpoint),
        "header_names": list(endpoint.header_names),
        "secrets": [
            {"created_at": secret.created_at, "expires_at": secret.expires_at} for secret in endpoint.secrets
        ],
        "created_at": endpoint.created_at,
        "updated_at": endpoint.updated_at,
    }


def _headers(
    ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]
) -> dict[str, str] | None:
    found: dict[str, str] = {}
    for value in values:
        for line in _lines(value) if value.startswith("@") else [value]:
            name, colon, text = line.partition(":")
            if not (colon and text.strip()):
                # Without the line: it may be a secret.
                raise click.BadParameter("a header field is written 'Name: value'", ctx, parameter)
            found[name.strip()] = text.strip()
    return found or None


def _lines(value: str) -> list[str]:
    try:
        with click.open_file(value.removeprefix("@"), encoding="utf-8") as file:
            return [line for line in file.read().splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError):
        raise click.BadParameter("this file cannot be read as text", param_hint=f"--header {value}") from None


def _fields(function: F) -> F:
    """The options of what an endpoint gets."""
    options = [
        click.option("--description", help="For people."),
        click.option(
            "--event",
            "events",
            multiple=True,
            type=click.Choice(sorted(EVENT_NAMES)),
            metavar="EVENT",
            help=f"Only this one of {', '.join(sorted(EVENT_NAMES))}. May be repeated. "
            f"A new endpoint gets {', '.join(sorted(DEFAULT_EVENTS))}, unless it is told.",
        ),
        click.option("--provider", "providers", multiple=True, help="Only this connector. May be repeated."),
        click.option(
            "--header",
            "headers",
            multiple=True,
            metavar="'NAME: VALUE'|@FILE",
            callback=_headers,
            help="Sent along, such as what your gateway asks for; a file has one a line, and @- is standard "
            "input. May be repeated.",
        ),
    ]
    for option in reversed(options):
        function = option(function)
    return function


@command.command("create")
@click.option("--url", required=True, help="https, on the public internet.")
@_fields
@project_option
@json_option
@app_option
def create(url: str, project: str, as_json: bool, app: str | None, **given: Any) -> None:
    """Make an endpoint, and print its signing secret."""
    fields: dict[str, Any] = {
        name: [*value] if isinstance(value, tuple) else value for name, value in given.items() if value
    }
    made = work_on(chosen_hub(app), lambda hub: hub.endpoints.create(url=url, project=project, **fields))
    _show_issued(made, as_json=as_json)


@command.command("change")
@click.argument("endpoint_id")
@click.option("--url", help="Moves it; header fields are to be given again where the host changes.")
@_fields
@click.option(
    "--clear",
    multiple=True,
    type=click.Choice(["description", "events", "providers", "headers"]),
    help="As if it had never been given: the default events, every provider. May be repeated.",
)
@project_option
@json_option
@app_option
def change(
    endpoint_id: str, clear: tuple[str, ...], project: str, as_json: bool, app: str | None, **given: Any
) -> None:
    """Change an endpoint; what is not given stays. Events, providers and headers replace all there were."""
    fields = changes(given, clear)
    after = work_on(chosen_hub(app), lambda hub: hub.endpoints.change(endpoint_id, project=project, **fields))
    show_one(_details(after), as_json=as_json)


@command.command("rotate")
@click.argument("endpoint_id")
@click.option("--overlap", type=click.IntRange(0), default=86400, show_default=True, help="In seconds.")
@project_option
@json_option
@app_option
def rotate(endpoint_id: str, overlap: int, project: str, as_json: bool, app: str | None) -> None:
    """Print a new secret for an endpoint; those it has sign along for the overlap."""
    wanted = timedelta(seconds=overlap)
    made = work_on(
        chosen_hub(app), lambda hub: hub.endpoints.rotate(endpoint_id, overlap=wanted, project=project)
    )
    _show_issued(made, as_json=as_json)


@command.command("disable")
@click.argument("endpoint_id")
@project_option
@json_option
@app_option
def disable(endpoint_id: str, project: str, as_json: bool, app: str | None) -> None:
    """Send nothing to an endpoint; what waits is held."""
    work_on(chosen_hub(app), lambda hub: hub.endpoints.disable(endpoint_id, project=project))
    show_done(f"disabled {endpoint_id}", {"id": endpoint_id, "done": "disabled"}, as_json=as_json)


@command.command("delete")
@click.argument("endpoint_id")
@click.option("--yes", is_flag=True, help="Do not ask.")
@project_option
@json_option
@app_option
def delete(endpoint_id: str, yes: bool, project: str, as_json: bool, app: str | None) -> None:
    """Delete an endpoint and its secret; nothing more is sent to it."""
    if not yes:
        confirm(f"Delete {endpoint_id} and its secret? This cannot be undone.", instead="add --yes")
    work_on(chosen_hub(app), lambda hub: hub.endpoints.delete(endpoint_id, project=project))
    show_done(f"deleted {endpoint_id}", {"id": endpoint_id, "done": "deleted"}, as_json=as_json)


@command.command("enable")
@click.argument("endpoint_id")
@click.option(
    "--replay-since",
    type=INSTANT,
    help="Also send what happened since this instant, in UTC, and was not delivered; at most 30 days ago.",
)
@project_option
@json_option
@app_option
def enable(
    endpoint_id: str, replay_since: datetime | None, project: str, as_json: bool, app: str | None
) -> None:
    """Send to an endpoint again, first what was held."""

    async def work(hub: ConnectHub) -> int | None:
        if replay_since is not None:
            await hub.endpoints.get(endpoint_id, project=project)
            hub.events.check_span(replay_since)
        await hub.endpoints.enable(endpoint_id, project=project)
        if replay_since is None:
            return None
        return await _replayed(hub, endpoint_id, since=replay_since, project=project)

    made = work_on(chosen_hub(app), work)
    said = f"enabled {endpoint_id}" if made is None else f"enabled {endpoint_id}\n{_sending(made)}"
    show_done(said, {"id": endpoint_id, "done": "enabled", "events": made}, as_json=as_json)


@command.command("test")
@click.argument("endpoint_id")
@click.option(
    "--event",
    type=click.Choice([*sorted(EVENT_NAMES), TEST_EVENT]),
    default=TEST_EVENT,
    show_default=True,
    metavar="EVENT",
    help=f"What is made up: {', '.join([*sorted(EVENT_NAMES), TEST_EVENT])}.",
)
@project_option
@json_option
@app_option
def send_test(endpoint_id: str, event: str, project: str, as_json: bool, app: str | None) -> None:
    """Send an endpoint a made-up event; a worker or the hub delivers it."""
    sent = work_on(chosen_hub(app), lambda hub: hub.endpoints.test(endpoint_id, event=event, project=project))
    said = f"sending {sent.event_id}; see: connect-hub events delivery {sent.id}"
    show_done(said, {"id": sent.id, "event_id": sent.event_id}, as_json=as_json)


@command.command("replay")
@click.argument("endpoint_id")
@click.option(
    "--since",
    required=True,
    type=INSTANT,
    help="In UTC, such as 2026-11-26 or 2026-11-26T08:00:00Z; at most 30 days ago.",
)
@click.option("--until", type=INSTANT, help="Before this instant, in UTC. Default: now.")
@click.option("--include-delivered", is_flag=True, help="Also what it took already.")
@project_option
@json_option
@app_option
def replay(
    endpoint_id: str,
    since: datetime,
    until: datetime | None,
    include_delivered: bool,
    project: str,
    as_json: bool,
    app: str | None,
) -> None:
    """Send an endpoint what happened since an instant and was not delivered."""
    made = work_on(
        chosen_hub(app),
        lambda hub: _replayed(
            hub, endpoint_id, since=since, until=until, include_delivered=include_delivered, project=project
        ),
    )
    show_done(_sending(made), {"id": endpoint_id, "events": made}, as_json=as_json)


async def _replayed(
    hub: ConnectHub, endpoint_id: str, *, since: datetime, until: datetime | None = None, **rest: Any
) -> int:
    span = ((hub.config.clock.now() if until is None else until) - since).total_seconds()
    with bar("looking through the events") as show:
        return await hub.events.replay(
            endpoint_id,
            since=since,
            until=until,
            on_batch=lambda _, to: show(round(1000 * (to - since).total_seconds() / span)),
            **rest,
        )


def _sending(events: int) -> str:
    return f"sending {events} {'event' if events == 1 else 'events'}"
