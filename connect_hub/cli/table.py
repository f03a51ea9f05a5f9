"""Rows for a terminal: aligned columns, and one line a row for other programs."""

from collections.abc import Sequence
from datetime import datetime

import click

from connect_hub.clock import iso

__all__ = ["instant", "show_table"]


def show_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print `rows` under `head`. Control characters are shown as such, never sent to the terminal."""
    shown = [[_plain(cell) for cell in row] for row in [head, *rows]]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def instant(moment: datetime | None) -> str:
    """A moment as RFC 3339, or a dash."""
    return "-" if moment is None else iso(moment)


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
