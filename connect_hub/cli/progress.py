"""How far long work is, on standard error where that is a terminal; else nothing."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import click

__all__ = ["Counter", "bar", "counter"]


class Counter(Protocol):
    """Shows how many it is by now."""

    def __call__(self, number: int) -> None: ...


def _on_terminal() -> bool:
    return sys.stderr.isatty()


@contextmanager
def counter(what: str) -> Iterator[Counter]:
    """`what`, such as "rows removed", and a number that rises; gone from the screen at the end."""
    shown = _on_terminal()

    def show(number: int) -> None:
        if shown:
            click.echo(f"\r{number:,} {what} ", nl=False, err=True)

    try:
        yield show
    finally:
        if shown:
            click.echo("\r\x1b[K", nl=False, err=True, color=True)


@contextmanager
def bar(what: str) -> Iterator[Counter]:
    """A bar that is full at 1,000."""
    if not _on_terminal():
        yield lambda number: None
        return
    with click.progressbar(length=1000, label=what, file=sys.stderr) as shown:
        yield lambda number: shown.update(number - shown.pos)
        shown.update(1000 - shown.pos)
