"""`connect-hub attempts`."""

import click

from connect_hub.cli.advice import advice, show_advice
from connect_hub.cli.group import Group
from connect_hub.cli.host import app_option, chosen_hub, project_option, work_on
from connect_hub.cli.paging import limit_option, read_all
from connect_hub.cli.providers import known
from connect_hub.cli.table import json_option, show
from connect_hub.flows.attempts import first_day
from connect_hub.hub import ConnectHub
from connect_hub.models import StepKind
from connect_hub.storage.protocol import Failure, FunnelRow

__all__ = ["command"]

_KINDS = (StepKind.PICKED, StepKind.SUBMITTED, StepKind.FAILED, StepKind.CONNECTED)
_FUNNEL = {
    "provider": "provider",
    **{kind.value: kind.value for kind in _KINDS},
    "median_seconds": "median s",
}
_FAILURES = {
    "at": "at",
    "link_id": "link",
    "origin_owner_id": "owner id",
    "origin_owner_name": "owner name",
    "provider": "provider",
    "error_code": "error",
}


@click.group("attempts", cls=Group)
def command() -> None:
    """How far customers came, and where they stopped. For one link see: connect-hub links show."""


@command.command("funnel")
@click.option(
    "--days",
    type=click.IntRange(1, 366),
    default=30,
    show_default=True,
    help="Of the last days, in UTC, today among them.",
)
@click.option("--provider", help="Only this one.")
@project_option
@json_option
@app_option
def funnel(days: int, provider: str | None, project: str, as_json: bool, app: str | None) -> None:
    """Count by provider how many links led how far, with the median of how long a connection took."""

    async def read(hub: ConnectHub) -> list[FunnelRow]:
        since = first_day(hub.config.clock.now(), days)
        found = await hub.attempts.funnel(since=since, provider=provider, project=project)
        return known(hub, [provider] if provider else [], found)

    rows: list[dict[str, object]] = [
        {
            "provider": row.provider,
            **{kind.value: row.sessions.get(kind, 0) for kind in _KINDS},
            "median_seconds": None if row.median is None else round(row.median.total_seconds()),
        }
        for row in work_on(chosen_hub(app), read)
        if row.provider is not None
    ]
    show(_FUNNEL, rows, as_json=as_json, what="tries in these days")


@command.command("failures")
@click.option("--provider", help="Only at this one.")
@limit_option
@project_option
@json_option
@app_option
def failures(provider: str | None, limit: int | None, project: str, as_json: bool, app: str | None) -> None:
    """List the tries that did not succeed, newest first, and what to do about them."""

    async def read(hub: ConnectHub) -> list[Failure]:
        found = await read_all(
            lambda size, before: hub.attempts.failures(
                provider=provider, project=project, limit=size, before=before
            ),
            lambda failure: (failure.step.at, failure.step.session_id, failure.number),
            limit=limit,
        )
        return known(hub, [provider] if provider else [], found)

    found = work_on(chosen_hub(app), read)
    rows: list[dict[str, object]] = [
        {
            "at": one.step.at,
            "link_id": one.step.session_id,
            "origin_owner_id": one.origin_owner_id,
            "origin_owner_name": one.origin_owner_name,
            "provider": one.step.provider,
            "method": one.step.method,
            "error_code": one.step.error_code,
            **advice(one.step.error_code),
        }
        for one in found
    ]
    show(_FAILURES, rows, as_json=as_json, what="failed tries")
    if not as_json:
        show_advice(one.step.error_code for one in found)
