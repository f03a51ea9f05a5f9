"""`connect-hub demo`."""

import asyncio
from typing import TYPE_CHECKING

import click

from connect_hub.cli.host import close

if TYPE_CHECKING:
    from connect_hub.cli.serving import Server
    from connect_hub.testing.demo.stage import Stage

__all__ = ["command"]

_PORT = 8808
_ENOUGH = 60
"""Seconds after which the played customer gives up."""


@click.command("demo")
@click.option("--auto", is_flag=True, help="Play the customer, check each step, and end.")
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    help=f"Where the demonstration listens. Default: {_PORT}, with --auto any free one.",
)
def command(auto: bool, port: int | None) -> None:
    """Try the hub: a little host application, a simulated provider, a webhook receiver.

    Everything runs on this machine alone, and nothing is left behind.
    """
    from connect_hub.cli.serving import Server, listen
    from connect_hub.testing.demo.customer import DemoFailed
    from connect_hub.testing.demo.stage import set_stage

    listener = listen("127.0.0.1", port if port is not None else 0 if auto else _PORT, options="--port")
    address = f"http://127.0.0.1:{listener.getsockname()[1]}"
    try:
        with listener, set_stage(address, say=click.echo) as stage:
            server = Server(stage.app, path="", listener=listener, logs=False)
            asyncio.run(_play(stage, server) if auto else _show(stage, server))
    except DemoFailed as failure:
        click.echo(f"FAILED  {failure}", err=True)
        raise SystemExit(1) from None
    click.echo("The demonstration is over; nothing was left behind.")


async def _show(stage: "Stage", server: "Server") -> None:
    with server.stops_on_signals():
        try:
            async with stage.hub.lifespan():
                click.echo(f"Acme HR, with the hub inside: {stage.address}/")
                click.echo("Open it and press 'Connect a tool'. When asked for an API key:")
                click.echo(f"  right: {stage.right_key.reveal()}")
                click.echo(f"  wrong: {stage.wrong_key}")
                link = await stage.hub.links.create(origin_owner_id="42", origin_owner_name="Example Ltd")
                click.echo(f"Or open a link, as your customer would get it:\n  {link.url}")
                click.echo("Ctrl-C ends it.")
                await server.run()
        finally:
            await close(stage.hub)


async def _play(stage: "Stage", server: "Server") -> None:
    from connect_hub.testing.demo.customer import DemoFailed, play

    with server.stops_on_signals():
        try:
            async with stage.hub.lifespan():
                running = asyncio.create_task(server.run())
                customer = asyncio.create_task(play(stage, say=click.echo))
                await asyncio.wait({running, customer}, timeout=_ENOUGH, return_when=asyncio.FIRST_COMPLETED)
                finished = customer.done()
                if not finished:
                    customer.cancel()
                server.stop()
                await asyncio.wait({running, customer})
                running.result()
                if not finished:
                    raise DemoFailed("It was interrupted, or took too long.")
                customer.result()
                click.echo("ok  Two accounts linked, their webhooks verified, their API called")
        finally:
            await close(stage.hub)
