"""`connect-hub preview`."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connect_hub.cli.host import chosen_hub, close
from connect_hub.hub import ConnectHub

if TYPE_CHECKING:
    from connect_hub.testing.gallery import Gallery

__all__ = ["command"]


@click.command("preview")
@click.option(
    "--app",
    metavar="MODULE:HUB",
    default=lambda: click.get_current_context().find_root().obj,
    help="The hub in your own code, such as shop.connect:hub. Default: the made-up product's.",
)
@click.option(
    "--environment", is_flag=True, help="The hub that CONNECT_HUB_… describe, as `serve` would run it."
)
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8809, show_default=True, help="0: any free one."
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Write every page in every language there as HTML, and end.",
)
@click.option(
    "--host-url",
    metavar="URL",
    help="Where your application runs, such as http://127.0.0.1:8000. A logo or stylesheet that it serves "
    "itself is asked for there.",
)
def command(app: str | None, environment: bool, port: int, output: Path | None, host_url: str | None) -> None:
    """Look at every page in every state, language, colour scheme and width.

    With --app or --environment it is your brand, your templates and your translations; without, a made-up
    product's. Nothing is connected, and only this machine can look.
    """
    if host_url is not None and not host_url.startswith(("http://", "https://")):
        raise click.BadParameter("write it as http://127.0.0.1:8000", param_hint="--host-url")
    if environment and app is not None:
        raise click.UsageError("--app and --environment are two hubs. Choose one.")
    if app is None and not environment:
        gallery = _gallery(None)
    else:
        hub = chosen_hub(app)
        gallery = _gallery(hub, host_url)
        asyncio.run(close(hub))
    told = [str(finding) for finding in gallery.findings()]
    for line in told:
        click.echo(line, err=True)
    if output is not None:
        _write(gallery, output, told)
        return
    from connect_hub.cli.serving import Server, listen

    with listen("127.0.0.1", port, options="--port") as listener:
        server = Server(gallery, path="", listener=listener, logs=False)
        with server.stops_on_signals():
            click.echo(f"The gallery is on {server.address}/ until Ctrl-C")
            asyncio.run(server.run())


def _write(gallery: "Gallery", output: Path, told: list[str]) -> None:
    """Every page that can be shown; exit code 1 where one cannot, with the reason unless it was `told`."""
    from connect_hub.testing.gallery.export import export

    wrong = export(gallery, output)
    if not wrong:
        click.echo(f"{len(gallery.names)} pages in each language are in {output}")
        return
    for line in wrong if not told else []:
        click.echo(line, err=True)
    click.echo(f"Error: not every page could be shown; the others are in {output}", err=True)
    raise SystemExit(1)


def _gallery(hub: ConnectHub | None, host_url: str | None = None) -> "Gallery":
    from connect_hub.testing.gallery import Gallery

    return Gallery() if hub is None else Gallery.of(hub, host_url=host_url)
