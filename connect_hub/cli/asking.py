"""Questions on a terminal, on standard error; where there is none, what to write instead."""

import sys
from collections.abc import Sequence

import click

from connect_hub.cli.group import Refused

__all__ = ["choose", "confirm", "secret"]


def _on_terminal() -> bool:
    """Whether somebody can read the question and answer it. Nothing piped in is taken for an answer."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def confirm(question: str, *, instead: str) -> None:
    """Go on if the answer is yes. Raises Abort if it is not, and Refused where nobody can be asked."""
    if not _on_terminal():
        raise Refused(f"{question} There is no terminal to ask on: {instead}.")
    click.confirm(question, abort=True, err=True)


def choose(question: str, options: Sequence[str], *, instead: str) -> str:
    """One of the options, typed. Raises Refused where nobody can be asked."""
    if not _on_terminal():
        raise Refused(f"{question} There is no terminal to ask on: {instead}.")
    return str(click.prompt(question, type=click.Choice(options), err=True))


def secret(what: str, *, instead: str) -> str:
    """What is typed, unseen. Raises Refused where nobody can be asked."""
    if not _on_terminal():
        raise Refused(f"{what} is missing, and there is no terminal to ask on: {instead}.")
    return str(click.prompt(what, hide_input=True, err=True))
