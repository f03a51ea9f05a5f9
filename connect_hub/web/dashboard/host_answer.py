"""What a host's own function says of who is an operator."""

import re
from collections.abc import Mapping
from dataclasses import replace

from connect_hub.errors import ConfigurationError
from connect_hub.operators import Operator, Role

__all__ = ["checked_operator"]

_LONGEST = 255
_UNWRITABLE = re.compile("[\\x00\\ud800-\\udfff]")
"""What UTF-8, or a database, has no place for."""


def checked_operator(answer: object) -> Operator:
    """What a host's function said, which no type checker may have seen. Raises ConfigurationError."""
    if not isinstance(answer, Operator):
        raise ConfigurationError(
            "dashboard.auth: it must return an Operator, a SignIn, a NoOperator, or None for anybody else."
        )
    texts: tuple[tuple[str, object], ...] = (("id", answer.id), ("name", answer.name))
    for name, text in texts:
        if not isinstance(text, str) or not _fits(text) or (name == "id" and not text):
            raise ConfigurationError(
                f"dashboard.auth: the {name} of its Operator, a {type(text).__name__}, is not a text of "
                f"{'1' if name == 'id' else '0'} to {_LONGEST} characters without NUL or lone surrogates. "
                "Give one, as str() makes of a number."
            )
    roles: object = answer.roles
    if not isinstance(roles, Mapping) or not all(
        isinstance(project, str) and isinstance(role, Role) for project, role in roles.items()
    ):
        raise ConfigurationError(
            "dashboard.auth: the roles of its Operator are not a mapping from projects to Role. Write "
            'them as {"default": Role.ADMIN}.'
        )
    return replace(answer, roles=dict(answer.roles))  # a host's own may change while a request is answered


def _fits(text: str) -> bool:
    """Whether a database takes it, and it is not longer than a column."""
    return len(text) <= _LONGEST and not _UNWRITABLE.search(text)
