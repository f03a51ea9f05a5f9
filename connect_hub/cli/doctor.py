"""`connect-hub doctor`."""

import asyncio
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta

import click

from connect_hub.cli.host import app_option, chosen_hub, close
from connect_hub.cli.table import instant
from connect_hub.errors import ConnectHubError
from connect_hub.hub import ConnectHub
from connect_hub.storage.protocol import DeliveryState
from connect_hub.webhooks.targets import webhook_target

__all__ = ["Report", "command", "examine"]

_SLOW = timedelta(minutes=1)
"""As long as a worker that runs takes at most, while receivers answer."""
_LATE = timedelta(minutes=15)
_LONGEST_WAIT = timedelta(days=2)
"""Longer than a delivery ever waits for its next try."""


@dataclass(slots=True)
class Report:
    """What was looked at, in order."""

    lines: list[tuple[str, str]] = field(default_factory=list)
    """(`ok`, `note` or `FIX`, what to say)"""

    def good(self, text: str) -> None:
        """Something that is as it should be."""
        self.lines.append(("ok", text))

    def note(self, text: str) -> None:
        """Something to be known."""
        self.lines.append(("note", text))

    def finding(self, text: str) -> None:
        """Something to be mended, and how."""
        self.lines.append(("FIX", text))

    @property
    def findings(self) -> list[str]:
        return [text for kind, text in self.lines if kind == "FIX"]


@click.command("doctor")
@app_option
def command(app: str | None) -> None:
    """Check configuration, templates, tables, keys and what waits to be delivered.

    Exit code 1 if something is to be mended.
    """
    report = Report()
    try:
        hub = chosen_hub(app)
    except ConnectHubError as error:
        report.finding(error.message)
    else:
        count = len(hub.connectors)
        report.good(f"configuration: {hub.public_url}, {count} {'connector' if count == 1 else 'connectors'}")
        if app is None:
            _look_at_environment(hub, report)
        _look_at_pages(hub, report)
        asyncio.run(examine(hub, report))
    for kind, text in report.lines:
        click.echo(f"{kind:<4}  {text}")
    if report.findings:
        raise SystemExit(1)


def _look_at_environment(hub: ConnectHub, report: Report) -> None:
    from connect_hub.cli.settings import unknown_variables

    for warning in unknown_variables(os.environ, tuple(hub.connectors)):
        report.finding(f"environment: {warning}")


def _look_at_pages(hub: ConnectHub, report: Report) -> None:
    pages, logo_url = hub.config.pages, hub.brand.logo_url
    own_logo = logo_url is not None and logo_url.startswith(f"{hub.public_url.path}/static/")
    if not pages.templates and not own_logo:
        return
    from connect_hub.testing.gallery import Gallery

    gallery = Gallery.of(hub)
    if logo_url is not None and own_logo and gallery.files.content(logo_url) is None:
        name = logo_url.rpartition("/static/")[2]
        report.finding(
            f"brand.logo_url: there is no file {name!r}. Put it into a folder of PageConfig(static=[…])."
        )
    if not pages.templates:
        return
    findings = gallery.findings()
    for finding in findings:
        tell = report.finding if finding.breaks else report.note
        tell(f"templates: {finding}")
    if not any(finding.breaks for finding in findings):
        report.good(f"templates: all {len(gallery.names)} sample pages can be shown")


async def examine(hub: ConnectHub, report: Report) -> None:
    """Look at everything about `hub` that can be seen from here."""
    if len(hub.connectors) == 0:
        report.finding("connectors: none is enabled, so there is nothing to connect. Enable one.")
    if hub.config.network.insecure_dev:
        report.note("insecure_dev is on: plain http on loopback. Turn it off in production.")
    try:
        _key_dates(hub, report)
        if await _tables(hub, report):
            async with hub.working(dispatch=False):  # which raises WrongKeys first
                await _backlog(hub, report)
    except ConnectHubError as error:
        report.finding(error.message)
    finally:
        await close(hub)


async def _tables(hub: ConnectHub, report: Report) -> bool:
    """Whether there is something to look into."""
    from connect_hub.storage.sql import SQLStorage
    from connect_hub.storage.sql.schema import inspect_schema

    storage = hub.storage
    if not isinstance(storage, SQLStorage):
        report.note(f"storage: {type(storage).__name__}")
        return True
    seen = await inspect_schema(storage)
    if seen.is_newer:
        made = f"tables: a newer release made them (version {seen.found.version})."
        if seen.found.is_too_new:
            report.finding(f"{made} Upgrade connect-hub.")
            return False
        report.note(f"{made} This one works on them as well.")
    elif seen.missing and seen.journal_mode is None and seen.dialect == "sqlite":
        report.note("tables: there is no database file yet; it is made at the first use")
    elif seen.missing:
        report.finding(f"tables: {len(seen.missing)} are missing. {storage.remedy}")
    elif seen.found.upgrading is not None:
        report.finding(f"tables: an upgrade was begun and did not end. {storage.remedy}")
    elif lacking := seen.found.missing(storage.tables):
        report.finding(f"tables: an older release made them; they lack {lacking[0]}. {storage.remedy}")
        return False
    else:
        report.good(f"tables: all there, on {seen.dialect}")
    if seen.risky_wal:
        report.finding(
            "database: it uses write-ahead logging, and this SQLite library can corrupt it with several "
            "connections. Use 3.51.3 or newer, or run: PRAGMA journal_mode = DELETE"
        )
    return not seen.missing


def _key_dates(hub: ConnectHub, report: Report) -> None:
    for kid in hub.keys.kids[1:]:
        if hub.keys.retired_at(kid) is None:
            report.finding(
                f"keys: {kid!r} is not first and has no date. If it is retired, write @<date> behind it, so "
                "that links made with it end; if it is new, make it the first."
            )


async def _backlog(hub: ConnectHub, report: Report) -> None:
    backlog = await hub.upkeep.backlog()
    report.good(f"keys: {', '.join(hub.keys.kids)}; they open what is stored")
    now = hub.config.clock.now()
    kept = await hub.storage.endpoints_due(now=now + _LONGEST_WAIT)
    served = hub.deliveries.targets | {webhook_target(one.project_id, one.id) for one in kept}
    pending = backlog.by_state.get(DeliveryState.PENDING, 0)
    for text in _unserved(dict(backlog.pending_by_target), served):
        report.finding(text)
    oldest = backlog.oldest_pending
    if oldest is not None and now - oldest > _SLOW:
        say = report.finding if now - oldest > _LATE else report.note
        say(
            f"deliveries: the oldest has waited since {instant(oldest)}. Is a hub or a worker running, and "
            "does the receiver answer?"
        )
    report.good(f"deliveries: {pending} waiting")
    dead = backlog.by_state.get(DeliveryState.DEAD, 0)
    if dead:
        report.note(f"deliveries: {dead} given up. See: connect-hub events deliveries --state dead")


def _unserved(pending: dict[str, int], served: frozenset[str]) -> Iterator[str]:
    for target, count in sorted(pending.items()):
        if target not in served:
            yield (
                f"deliveries: {count} wait for {target}, which this hub does not have. Bring it back, or run "
                "doctor with --app for the hub that has it."
            )
