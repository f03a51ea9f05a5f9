"""`connect-hub webhooks`."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import click

from connect_hub.cli.host import app_option, chosen_hub, project_option, work_on
from connect_hub.cli.table import json_option, show, show_json
from connect_hub.events import EVENT_NAMES, TEST_EVENT
from connect_hub.flows.endpoint_requests import EndpointFields
from connect_hub.flows.shown_endpoints import Endpoint, IssuedEndpoint
from connect_hub.webhooks import generate_secret

__all__ = ["command"]

_COLUMNS = {
    "id": "id",
    "url": "url",
    "events": "events",
    "enabled": "enabled",
    "failing_since": "failing since",
    "source": "source",
}


@click.group("webhooks")
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
        "events": ",".join(endpoint.events),
        "providers": None if endpoint.providers is None else ",".join(endpoint.providers),
        "enabled": endpoint.enabled,
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
    show(_COLUMNS, [_row(one) for one in found], as_json=as_json)


@command.command("create")
@click.option("--url", required=True, help="https, on the public internet.")
@click.option("--description", help="For people.")
@click.option(
    "--event", "events", multiple=True, type=click.Choice(sorted(EVENT_NAMES)), help="May be repeated."
)
@click.option("--provider", "providers", multiple=True, help="Only this connector. May be repeated.")
@project_option
@json_option
@app_option
def create(
    url: str,
    description: str | None,
    events: tuple[str, ...],
    providers: tuple[str, ...],
    project: str,
    as_json: bool,
    app: str | None,
) -> None:
    """Make an endpoint, and print its signing secret."""
    fields: EndpointFields = {
        "description": description,
        "events": [*events] or None,
        "providers": [*providers] or None,
    }
    made = work_on(chosen_hub(app), lambda hub: hub.endpoints.create(url=url, project=project, **fields))
    _show_issued(made, as_json=as_json)


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


def _on_one(name: str, does: str) -> Callable[..., Any]:
    """A command that does what `hub.endpoints` calls `name` to one endpoint."""

    @command.command(name, help=does)
    @click.argument("endpoint_id")
    @project_option
    @app_option
    def run(endpoint_id: str, project: str, app: str | None) -> None:
        work_on(chosen_hub(app), lambda hub: getattr(hub.endpoints, name)(endpoint_id, project=project))
        click.echo(f"{_DONE[name]} {endpoint_id}")

    return run


_DONE = {"enable": "enabled", "disable": "disabled", "delete": "deleted"}
_on_one("enable", "Send to an endpoint again, first what was held.")
_on_one("disable", "Send nothing to an endpoint; what waits is held.")
_on_one("delete", "Delete an endpoint; nothing more is sent to it.")


@command.command("test")
@click.argument("endpoint_id")
@click.option(
    "--event",
    type=click.Choice([*sorted(EVENT_NAMES), TEST_EVENT]),
    default=TEST_EVENT,
    show_default=True,
)
@project_option
@app_option
def send_test(endpoint_id: str, event: str, project: str, app: str | None) -> None:
    """Send an endpoint a made-up event; a worker or the hub delivers it."""
    sent = work_on(chosen_hub(app), lambda hub: hub.endpoints.test(endpoint_id, event=event, project=project))
    click.echo(f"sending {sent.event_id}; see: connect-hub events delivery {sent.id}")


@command.command("replay")
@click.argument("endpoint_id")
@click.option(
    "--since",
    required=True,
    type=click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"]),
    help="In UTC; at most 30 days ago.",
)
@click.option("--include-delivered", is_flag=True, help="Also what it took already.")
@project_option
@app_option
def replay(endpoint_id: str, since: datetime, include_delivered: bool, project: str, app: str | None) -> None:
    """Send an endpoint what happened since an instant and was not delivered."""
    made = work_on(
        chosen_hub(app),
        lambda hub: hub.events.replay(
            endpoint_id,
            since=since.replace(tzinfo=UTC),
            include_delivered=include_delivered,
            project=project,
        ),
    )
    click.echo(f"sending {made} events")
