"""`connect-hub worker`."""

import asyncio
import logging
import signal

import click

from connect_hub.cli.host import app_option, chosen_hub, work_on
from connect_hub.hub import ConnectHub
from connect_hub.worker.embedded import EmbeddedDispatcher

__all__ = ["command", "work"]


@click.command("worker")
@app_option
def command(app: str | None) -> None:
    """Deliver events: webhooks, and the @hub.on callbacks of the module that --app names.

    Runs until it is told to stop (SIGTERM, Ctrl-C): then it takes no more, and finishes what it has begun.
    Any number may run at once.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    work_on(chosen_hub(app, dispatch=True), work)


async def work(hub: ConnectHub) -> None:
    """Deliver until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    for target in sorted(hub.deliveries.targets):
        click.echo(f"delivering to {target}")
    click.echo("delivering to the webhook endpoints of the database")
    # A host that leaves deliveries to its workers says dispatch=False, here as on its web processes.
    own = None if hub.config.dispatch else EmbeddedDispatcher(hub.deliveries)
    if own is not None:
        own.start()
    try:
        await stopping.wait()
        click.echo("stopping")
    finally:
        if own is not None:
            await own.stop()
