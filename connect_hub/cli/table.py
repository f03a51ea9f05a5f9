"""Rows for a terminal: aligned columns, and one line a row for other programs."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import Enum

import click
from click.core import ParameterSource

from connect_hub.clock import iso

__all__ = ["instant", "json_option", "show", "show_done", "show_json", "show_one", "show_table"]

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON, a line a row.")


def show(
    columns: Mapping[str, str],
    rows: Sequence[Mapping[str, object]],
    *,
    as_json: bool,
    what: str = "",
    first: str = "",
) -> None:
    """Print `rows`: in JSON whole, else the `columns`, which say what a field is headed with.

    If there are none, people are told so: `what` there is none of, and how to come to the `first`.
    """
    if as_json:
        for row in rows:
            show_json(row)
        return
    show_table([*columns.values()], [[_text(row[name]) for name in columns] for row in rows])
    if what and not rows:
        said = f"No {what} match these options." if _is_narrowed() else f"No {what} yet. {first}".rstrip()
        click.echo(said, err=True)


def _is_narrowed() -> bool:
    """Whether an option was given that leaves rows out."""
    ctx = click.get_current_context()
    given = {name for name in ctx.params if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE}
    return bool(given - {"app", "as_json", "limit", "project"})


def show_one(row: Mapping[str, object], *, as_json: bool) -> None:
    """Print one row: a field a line, or JSON."""
    if as_json:
        show_json(row)
    else:
        show_table(["field", "value"], [[name, _text(value)] for name, value in row.items()])


def show_done(said: str, row: Mapping[str, object], *, as_json: bool) -> None:
    """Print what was done: what it was done to as JSON, or `said`."""
    if as_json:
        show_json(row)
    else:
        click.echo(said)


def show_json(row: Mapping[str, object]) -> None:
    """Print one row as one line of JSON."""
    click.echo(json.dumps({name: _plain_value(value) for name, value in row.items()}, ensure_ascii=False))


def show_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print `rows` under `head`. Control characters are shown as such, never sent to the terminal."""
    shown = [[_plain(cell) for cell in row] for row in [head, *rows]]
    widths = [max(map(len, column)) for column in zip(*shown, strict=True)]
    for row in shown:
        click.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def instant(moment: datetime | None) -> str:
    """A moment as RFC 3339, or a dash."""
    return "-" if moment is None else iso(moment)


def _plain_value(value: object) -> object:
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {name: _plain_value(each) for name, each in value.items()}
    return [_plain_value(each) for each in value] if isinstance(value, list | tuple) else value


def _text(value: object) -> str:
    plain = _plain_value(value)
    if plain is None or plain in ("", [], {}):
        return "-"
    if isinstance(plain, list) and all(isinstance(one, str) for one in plain):
        return ", ".join(plain)
    if isinstance(plain, dict | list):
        return json.dumps(plain, ensure_ascii=False)
    return str(plain)


def _plain(text: str) -> str:
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
