"""Customers by whose name a list is filtered."""

from collections.abc import Callable

import click

from connect_hub.folding import has_part
from connect_hub.models import Account, Session

__all__ = ["has_name", "name_option"]

name_option = click.option(
    "--name", help="Only of customers with this in their name or username; case and accents do not count."
)


def has_name(name: str | None) -> Callable[[Account | Session], bool] | None:
    """Whether a row is of such a customer; None: whoever it is of is wanted."""
    if name is None:
        return None
    return lambda row: has_part(name, row.origin_owner_name, row.origin_username)
