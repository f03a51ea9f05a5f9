"""`connect-hub preview`."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

import click

from connect_hub.cli.host import app_option, chosen_hub, close
from connect_hub.hub import ConnectHub

if TYPE_CHECKING:
    from connect_hub.testing.gallery import Gallery

__all__ = ["command"]


@click.command("preview")
@app_option
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8809, show_default=True, help="0: any free one."
)
@click.option(
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Write every page in every language there as HTML, and end.",
)
def command(app: str | None, port: int, output: Path | None) -> None:
    """Look at every page in every state, language, colour scheme and width.

    With --app it is your brand, your templates and your translations; without, a made-up product's.
    Nothing is connected, and only this machine can look.
    """
    if app is None:
        gallery = _gallery(None)
    else:
        hub = chosen_hub(app)
        gallery = _gallery(hub)
        asyncio.run(close(hub))
    if output is not None:
        for tag in gallery.languages.tags:
            folder = output / tag
            folder.mkdir(parents=True, exist_ok=True)
            for name in gallery.names:
                html = gallery.render(name, language=tag)
                (folder / f"{name}.html").write_text(html, encoding="utf-8")
        click.echo(f"{len(gallery.names)} pages in each language are in {output}")
        return
    from connect_hub.cli.serving import Server, listen

    with listen("127.0.0.1", port) as listener:
        server = Server(gallery, path="", listener=listener, logs=False)
        with server.stops_on_signals():
            click.echo(f"The gallery is on {server.address}/ until Ctrl-C")
            asyncio.run(server.run())


def _gallery(hub: ConnectHub | None) -> "Gallery":
    from connect_hub.testing.gallery import Gallery

    return Gallery() if hub is None else Gallery.of(hub)
