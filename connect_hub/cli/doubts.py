"""A customer's id and name that may be a slip: asked about before anything is made of them."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from connect_hub.cli.asking import choose, confirm
from connect_hub.hub import ConnectHub

__all__ = ["ask_about_name", "doubts_options", "id_that_is_meant"]

F = TypeVar("F", bound=Callable[..., Any])


def doubts_options(function: F) -> F:
    """The options that say what else is asked."""
    spaces = click.option(
        "--keep-spaces", is_flag=True, help="The spaces at the ends of the owner's id belong to it."
    )
    name = click.option(
        "--new-name", is_flag=True, help="It is the same customer, although the id has another name so far."
    )
    return spaces(name(function))


async def id_that_is_meant(hub: ConnectHub, owner_id: str, name: str, project: str) -> str:
    """The owner's id, without the spaces at its ends where somebody says so."""
    trimmed = (await hub.owners.doubts(owner_id, origin_owner_name=name, project=project)).trimmed_id
    if trimmed is None:
        return owner_id
    answer = choose(
        f"The owner's id {owner_id!r} has spaces at its ends, and has to match your system precisely. "
        f"Trim it to {trimmed!r}, or keep it?",
        ("trim", "keep"),
        instead=f"write {trimmed!r}, or add --keep-spaces",
    )
    return trimmed if answer == "trim" else owner_id


async def ask_about_name(hub: ConnectHub, owner_id: str, name: str, project: str) -> None:
    """Go on if it is the same customer, or the id is known under no other name."""
    doubts = await hub.owners.doubts(owner_id, origin_owner_name=name, project=project)
    if doubts.known_name is not None:
        confirm(
            f"The owner's id {owner_id!r} is known under the name {doubts.known_name!r}. Is {name!r} "
            "the same customer?",
            instead=f"write the name {doubts.known_name!r}, or add --new-name",
        )
