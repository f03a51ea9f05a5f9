"""`connect-hub events`."""

import json

import click

from connect_hub.cli.host import app_option, chosen_hub, project_option, work_on
from connect_hub.cli.table import instant, json_option, show, show_json, show_table
from connect_hub.events import EVENT_NAMES, TEST_EVENT
from connect_hub.storage.protocol import DeliveryRecord, DeliveryState

__all__ = ["command"]

_EVENTS = {"id": "id", "type": "type", "record_id": "record", "sequence": "number", "created_at": "at"}
_DELIVERIES = {
    "id": "id",
    "event_type": "event",
    "target": "target",
    "state": "state",
    "attempts": "tries",
    "last_error": "error",
    "created_at": "at",
}


@click.group("events")
def command() -> None:
    """What happened, and what became of its deliveries."""


@command.command("list")
@click.option(
    "--type",
    "names",
    multiple=True,
    type=click.Choice([*sorted(EVENT_NAMES), TEST_EVENT]),
    help="May be repeated.",
)
@click.option("--account-id", help="Only those of this account.")
@click.option("--limit", type=click.IntRange(1, 500), default=25, show_default=True)
@project_option
@json_option
@app_option
def listing(
    names: tuple[str, ...],
    account_id: str | None,
    limit: int,
    project: str,
    as_json: bool,
    app: str | None,
) -> None:
    """List events, newest first."""
    found = work_on(
        chosen_hub(app),
        lambda hub: hub.events.list(project=project, names=names, account_id=account_id, limit=limit),
    )
    rows = [
        {
            "id": one.id,
            "type": one.name,
            "record_id": one.record_id,
            "sequence": one.sequence,
            "created_at": one.created_at,
            "data": json.loads(one.body),
        }
        for one in found
    ]
    show(_EVENTS, rows, as_json=as_json)


def _row(delivery: DeliveryRecord) -> dict[str, object]:
    return {
        "id": delivery.id,
        "event_id": delivery.event_id,
        "event_type": delivery.event_name,
        "target": delivery.target,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "last_error": delivery.last_error,
        "created_at": delivery.created_at,
    }


@command.command("deliveries")
@click.option("--endpoint-id", help="Only those to this endpoint.")
@click.option("--state", "states", multiple=True, type=click.Choice([*map(str, DeliveryState)]))
@click.option("--limit", type=click.IntRange(1, 500), default=25, show_default=True)
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
    found = work_on(
        chosen_hub(app),
        lambda hub: hub.events.deliveries(
            project=project, endpoint_id=endpoint_id, states=wanted, limit=limit
        ),
    )
    show(_DELIVERIES, [_row(one) for one in found], as_json=as_json)


@command.command("delivery")
@click.argument("delivery_id")
@project_option
@json_option
@app_option
def delivery(delivery_id: str, project: str, as_json: bool, app: str | None) -> None:
    """Show one delivery and each of its tries."""
    found = work_on(chosen_hub(app), lambda hub: hub.events.delivery(delivery_id, project=project))
    if as_json:
        tries = [
            {
                "started_at": instant(one.started_at),
                "duration_ms": one.duration_ms,
                "status": one.status,
                "error": one.error,
                "response_body": one.response_body.decode(errors="replace"),
            }
            for one in found.attempts
        ]
        show_json({**_row(found.delivery), "log": tries})
        return
    show(_DELIVERIES, [_row(found.delivery)], as_json=False)
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
@app_option
def resend(delivery_id: str, project: str, app: str | None) -> None:
    """Send the same event to the same target again."""
    again = work_on(chosen_hub(app), lambda hub: hub.events.resend(delivery_id, project=project))
    click.echo(f"sending {again.event_id} as {again.id}")
