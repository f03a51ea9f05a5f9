"""Instants on the command line: in UTC."""

from datetime import UTC, datetime

import click

__all__ = ["INSTANT"]


class _Instant(click.DateTime):
    def __init__(self) -> None:
        super().__init__(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%fZ"])

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        return super().convert(value, param, ctx).replace(tzinfo=UTC)


INSTANT = _Instant()
"""A day or an instant in UTC, such as 2026-11-26T08:00:00Z."""
