"""Operators from Starlette's AuthenticationMiddleware, and from whatever else leaves a user in the scope."""

from collections.abc import Callable, Mapping
from typing import Any

from connect_hub.errors import ConfigurationError
from connect_hub.identity import SignIn, Visitor
from connect_hub.operators import NoOperator, Operator, Role

__all__ = ["starlette_operators"]


def _text(user: object, name: str) -> str:
    try:
        return str(getattr(user, name, ""))
    except NotImplementedError:  # as BaseUser's own do
        return ""


def _identity(user: object) -> str:
    return _text(user, "identity")


def starlette_operators(
    roles: Callable[[Any], Mapping[str, Role] | None],
    *,
    operator_id: Callable[[Any], object] = _identity,
    sign_in: str | None = None,
) -> Callable[[Visitor], Operator | SignIn | NoOperator | None]:
    """For `DashboardConfig(auth=starlette_operators(roles))`.

    `roles(user)` says what the user of `request.user` may do, by project (`*` is all); None or nothing: they
    are no operator. Whoever is not authenticated is sent to `sign_in`, where that is given. The user's
    `display_name` is the operator's name. `operator_id(user)` is what the audit log knows them by for ever,
    so it is not a name, which changes and which two may have; without it it is the `identity` of Starlette's
    BaseUser. Users who have neither raise ConfigurationError when they come.
    """

    elsewhere = None if sign_in is None else SignIn(sign_in)

    def operator(visitor: Visitor) -> Operator | SignIn | NoOperator | None:
        user = visitor.scope.get("user")
        if user is None or not getattr(user, "is_authenticated", False):
            return elsewhere
        allowed = roles(user)
        if not allowed:
            return NoOperator(sign_in)
        known_by = operator_id(user)
        if known_by is None or known_by == "":
            raise ConfigurationError(
                f"dashboard.auth: a {type(user).__name__} has no identity to be known by in the audit log. "
                "Give your users one, or pass starlette_operators(…, operator_id=lambda user: user.id)."
            )
        return Operator(str(known_by), _text(user, "display_name") or str(known_by), dict(allowed))

    return operator
