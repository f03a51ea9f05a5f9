"""`connect-hub events`."""

import json
from typing import Any
from urllib.parse import urlsplit

import click

from connect_hub.cli.group import Group
from connect_hub.cli.host import app_option, chosen_hub, project_option, work_on
from connect_hub.cli.instants import INSTANT
from connect_hub.cli.table import instant, json_option, show, show_done, show_json, show_one, show_table
from connect_hub.events import EVENT_NAMES, TEST_EVENT
from connect_hub.flows.event_history import DeliveryDetails, EventDetails
from connect_hub.hub import ConnectHub
from connect_hub.storage.protocol import DeliveryRecord, DeliveryState, EventRecord
from connect_hub.webhooks.targets import webhook_target

__all__ = ["command"]

_Hosts = dict[str, str]

_EVENTS = {"id": "id", "type": "type", "record_id": "record", "sequence": "sequence", "created_at": "at"}
_DELIVERIES = {
    "id": "id",
    "event_type": "event",
    "to": "to",
    "state": "state",
    "attempts": "tries",
    "next_attempt_at": "next try",
    "last_error": "error",
    "created_at": "at",
}


@click.group("events", cls=Group)
def command() -> None:
    """What happened, and what became of its deliveries."""


@command.command("list")
@click.option(
    "--type",
    "names",
    multiple=True,
    type=click.Choice([*sorted(EVENT_NAMES), TEST_EVENT]),
    metavar="EVENT",
    help=f"Only of this type: {', '.join([*sorted(EVENT_NAMES), TEST_EVENT])}. May be repeated.",
)
@click.option("--account-id", help="Only those of this account.")
@click.option("--origin-owner-id", help="Only those of this customer.")
@click.option(
    "--since", type=INSTANT, help="From this instant on, in UTC, such as 2026-11-26 or 2026-11-26T08:00:00Z."
)
@click.option("--until", type=INSTANT, help="Before this instant, in UTC.")
@click.option("--limit", type=click.IntRange(1, 500), default=25, show_default=True, help="At most so many.")
@project_option
@json_option
@app_option
def listing(names: tuple[str, ...], project: str, as_json: bool, app: str | None, **where: Any) -> None:
    """List events, newest first."""
    found = work_on(chosen_hub(app), lambda hub: hub.events.list(project=project, names=names, **where))
    show(
        _EVENTS,
        [_event(one) for one in found],
        as_json=as_json,
        what="events",
        first="The first comes with the first account.",
    )


def _event(event: EventRecord) -> dict[str, object]:
    return {
        "id": event.id,
        "type": event.name,
        "record_id": event.record_id,
        "provider": event.provider,
        "sequence": event.sequence,
        "created_at": event.created_at,
        "data": json.loads(event.body),
    }


@command.command("show")
@click.argument("event_id")
@project_option
@json_option
@app_option
def one(event_id: str, project: str, as_json: bool, app: str | None) -> None:
    """Show one event, its body, and where it went."""

    async def read(hub: ConnectHub) -> tuple[EventDetails, _Hosts]:
        return await hub.events.get(event_id, project=project), await _hosts(hub, project)

    found, hosts = work_on(chosen_hub(app), read)
    deliveries = [_row(each, hosts) for each in found.deliveries]
    if as_json:
        show_json({**_event(found.event), "deliveries": deliveries})
        return
    show_one(_event(found.event), as_json=False)
    click.echo()
    if deliveries:
        show(_DELIVERIES, deliveries, as_json=False)
    else:
        click.echo("It went nowhere: there was no endpoint and no callback for it.")


async def _hosts(hub: ConnectHub, project: str) -> _Hosts:
    """The hosts of a project's endpoints, by their targets."""
    endpoints = await hub.endpoints.list(project=project)
    return {webhook_target(project, each.id): urlsplit(each.url).netloc for each in endpoints}


def _row(delivery: DeliveryRecord, hosts: _Hosts) -> dict[str, object]:
    host = hosts.get(delivery.target)
    return {
        "id": delivery.id,
        "event_id": delivery.event_id,
        "event_type": delivery.event_name,
        "target": delivery.target,
        "endpoint_id": delivery.endpoint_id,
        "to": delivery.target if host is None else f"{host} ({delivery.target.rpartition('/')[2]})",
        "state": delivery.state,
        "attempts": delivery.attempts,
        "last_error": delivery.last_error,
        "next_attempt_at": delivery.next_at if delivery.state is DeliveryState.PENDING else None,
        "created_at": delivery.created_at,
        "settled_at": delivery.settled_at,
    }


@command.command("deliveries")
@click.option("--endpoint-id", help="Only those to this endpoint.")
@click.option(
    "--state",
    "states",
    multiple=True,
    type=click.Choice([*map(str, DeliveryState)]),
    help="Only in this state. May be repeated.",
)
@click.option("--limit", type=click.IntRange(1, 500), default=25, show_default=True, help="At most so many.")
@project_option
@json_option
@app_option
def deliveries(
    endpoint_id: str | None,
    states: tuple[str, ...],
    limit: int,
    project: str,
    as_json: bool,
    app: str | None,
) -> None:
    """List deliveries, newest first."""
    wanted = [DeliveryState(state) for state in states]

    async def read(hub: ConnectHub) -> list[dict[str, object]]:
        found = await hub.events.deliveries(
            project=project, endpoint_id=endpoint_id, states=wanted, limit=limit
        )
        hosts = await _hosts(hub, project)
        return [_row(each, hosts) for each in found]

    show(
        _DELIVERIES,
        work_on(chosen_hub(app), read),
        as_json=as_json,
        what="deliveries",
        first="Events go to endpoints. See: connect-hub webhooks create --help",
    )


@command.command("delivery")
@click.argument("delivery_id")
@project_option
@json_option
@app_option
def delivery(delivery_id: str, project: str, as_json: bool, app: str | None) -> None:
    """Show one delivery and each of its tries."""

    async def read(hub: ConnectHub) -> tuple[DeliveryDetails, _Hosts]:
        return await hub.events.delivery(delivery_id, project=project), await _hosts(hub, project)

    found, hosts = work_on(chosen_hub(app), read)
    row = _row(found.delivery, hosts)
    if as_json:
        tries = [
            {
                "started_at": instant(one.started_at),
                "duration_ms": one.duration_ms,
                "status": one.status,
                "error": one.error,
                "request_headers": dict(one.request_headers),
                "response_headers": dict(one.response_headers),
                "response_body": one.response_body.decode(errors="replace"),
            }
            for one in found.attempts
        ]
        show_json({**row, "log": tries})
        return
    show_one(row, as_json=False)
    click.echo()
    show_table(
        ["tried at", "ms", "status", "error"],
        [
            [instant(one.started_at), str(one.duration_ms), str(one.status or "-"), one.error or "-"]
            for one in found.attempts
        ],
    )


@command.command("resend")
@click.argument("delivery_id")
@project_option
@json_option
@app_option
def resend(delivery_id: str, project: str, as_json: bool, app: str | None) -> None:
    """Send the same event to the same target again."""
    again = work_on(chosen_hub(app), lambda hub: hub.events.resend(delivery_id, project=project))
    said, row = f"sending {again.event_id} as {again.id}", {"id": again.id, "event_id": again.event_id}
    show_done(said, row, as_json=as_json)
