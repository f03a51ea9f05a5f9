"""Providers by which a list is filtered."""

from collections.abc import Iterable, Sequence
from typing import TypeVar

from connect_hub.cli.group import Refused
from connect_hub.connectors import catalog
from connect_hub.hub import ConnectHub

__all__ = ["known"]

Rows = TypeVar("Rows", bound=Sequence[object])


def known(hub: ConnectHub, providers: Iterable[str], found: Rows) -> Rows:
    """What was found. Raises Refused if that is nothing, and a provider was asked for that the hub does not
    have: an empty list would look like an answer. One that it had once still has its rows."""
    unknown = [key for key in providers if key not in hub.connectors]
    if unknown and not found:
        near = catalog.nearest(unknown[0], hub.connectors)
        hint = f"Did you mean {near!r}?" if near else f"Known are: {', '.join(hub.connectors) or 'none'}."
        raise Refused(f"--provider: there is no connector {unknown[0]!r} on this hub. {hint}")
    return found
