"""Instants on the command line: in UTC."""

from datetime import UTC, datetime

import click

__all__ = ["INSTANT"]


class _Instant(click.DateTime):
    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%fZ"])

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:
        return "INSTANT"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        try:
            return super().convert(value, param, ctx).replace(tzinfo=UTC)
        except click.BadParameter:
            self.fail(
                f"{value!r} is neither a day nor an instant. Write 2026-11-26 or 2026-11-26T08:00:00Z.",
                param,
                ctx,
            )


INSTANT = _Instant()
"""A day or an instant in UTC, such as 2026-11-26T08:00:00Z."""
