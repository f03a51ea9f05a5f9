"""`connect-hub serve`."""

import asyncio
import logging
import os
from typing import TYPE_CHECKING

import click

from connect_hub.cli.host import close
from connect_hub.hub import ConnectHub

if TYPE_CHECKING:
    from connect_hub.cli.serving import Server

__all__ = ["command"]


@click.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="0: any free one."
)
def command(host: str, port: int) -> None:
    """Run the hub alone, as CONNECT_HUB_… variables describe it.

    It listens on plain HTTP: put a proxy with TLS in front.
    """
    from connect_hub.cli.service import hub_from_environment
    from connect_hub.cli.serving import Server, listen
    from connect_hub.cli.settings import PREFIX, Settings, unknown_variables

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    settings = Settings.read()
    hub = hub_from_environment(os.environ, settings, dispatch=True)
    for warning in unknown_variables(os.environ, tuple(hub.connectors)):
        click.echo(f"warning: {warning}", err=True)
    if len(hub.connectors) == 0:
        click.echo(f"warning: no connector is enabled. Set {PREFIX}CONNECTORS, such as bamboohr.", err=True)
    listener = listen(host, port)
    try:
        asyncio.run(_serve(hub, Server(hub.app, path=hub.public_url.path, listener=listener)))
    finally:
        listener.close()


async def _serve(hub: ConnectHub, server: "Server") -> None:
    with server.stops_on_signals():
        try:
            async with hub.lifespan():
                click.echo(f"connect-hub serves {hub.public_url} on {server.address}")
                for key, uri in hub.redirect_uris.items():
                    click.echo(f"register at {key}: {uri}")
                await server.run()
                click.echo("stopping")
        finally:
            await close(hub)
