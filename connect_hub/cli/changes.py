"""Options that say what to change, and what to take away."""

from collections.abc import Mapping
from typing import Any

import click

__all__ = ["changes", "pairs"]


def pairs(ctx: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> dict[str, str] | None:
    """Values of the form KEY=VALUE; None if there is none."""
    found = {}
    for value in values:
        key, equals, text = value.partition("=")
        if not equals:
            raise click.BadParameter(f"{value!r} is not of the form KEY=VALUE", ctx, parameter)
        found[key] = text
    return found or None


def changes(given: Mapping[str, Any], clear: tuple[str, ...]) -> dict[str, Any]:
    """The fields that were given, and None for those to be cleared. Raises UsageError if that is nothing, or
    for one that is both."""
    fields = {
        name: [*value] if isinstance(value, tuple) else value
        for name, value in given.items()
        if value not in (None, ())
    }
    for option in clear:
        name = option.replace("-", "_")
        if fields.get(name) is not None:
            raise click.UsageError(
                f"--clear {option}: it is given a value as well. Leave one of the two out."
            )
        fields[name] = None
    if not fields:
        raise click.UsageError("Nothing to change. See --help for what may be given.")
    return fields
