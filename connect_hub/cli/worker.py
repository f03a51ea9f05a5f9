"""`connect-hub worker`."""

import asyncio
import logging
import signal

import click

from connect_hub.cli.host import alone, app_option, chosen_hub
from connect_hub.errors import StorageUnavailable
from connect_hub.hub import ConnectHub

__all__ = ["command", "work"]

log = logging.getLogger("connect_hub.worker")

_LONGEST_PAUSE = 60.0
"""Seconds between two looks for a database that is away, at most."""


@click.command("worker")
@app_option
def command(app: str | None) -> None:
    """Deliver events: webhooks, and the @hub.on callbacks of the module that --app names.

    Runs until it is told to stop (SIGTERM, Ctrl-C): then it takes no more, and finishes what it has begun.
    Any number may run at once.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    alone(chosen_hub(app), work)


async def work(hub: ConnectHub) -> None:
    """Deliver until SIGTERM or SIGINT, from when the database is there.

    Raises ConfigurationError where somebody has to mend something first.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    pause, said = 1.0, ""
    while not stopping.is_set():
        try:
            await _deliver(hub, stopping)
        except StorageUnavailable as error:
            if error.message != said:
                log.error("the hub is not ready, trying again: %s", error.message)
            said = error.message
            await _either(stopping, pause)
            pause = min(2 * pause, _LONGEST_PAUSE)


async def _deliver(hub: ConnectHub, stopping: asyncio.Event) -> None:
    # A host that leaves deliveries to its workers says dispatch=False, here as on its web processes.
    async with hub.working(dispatch=True):
        for target in sorted(hub.deliveries.targets):
            click.echo(f"delivering to {target}")
        click.echo("delivering to the webhook endpoints of the database")
        await stopping.wait()
        click.echo("stopping")


async def _either(stopping: asyncio.Event, pause: float) -> None:
    try:
        async with asyncio.timeout(pause):
            await stopping.wait()
    except TimeoutError:
        return
