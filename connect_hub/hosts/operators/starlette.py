"""Operators from Starlette's AuthenticationMiddleware, and from whatever else leaves a user in the scope."""

from collections.abc import Callable, Mapping

from connect_hub.identity import SignIn, Visitor
from connect_hub.operators import Operator, Role

__all__ = ["starlette_operators"]


def starlette_operators(
    roles: Callable[[object], Mapping[str, Role] | None], *, sign_in: str | None = None
) -> Callable[[Visitor], Operator | SignIn | None]:
    """For `DashboardConfig(auth=starlette_operators(roles))`.

    `roles(user)` says what the user of `request.user` may do, by project (`*` is all); None or nothing: they
    are no operator. Whoever is not authenticated is sent to `sign_in`, where that is given. The user's
    `identity` is the operator's id, and their `display_name` its name, as Starlette's BaseUser has them.
    """

    def operator(visitor: Visitor) -> Operator | SignIn | None:
        user = visitor.scope.get("user")
        if user is None or not getattr(user, "is_authenticated", False):
            return None if sign_in is None else SignIn(sign_in)
        allowed = roles(user)
        if not allowed:
            return None
        name = _text(user, "display_name")
        return Operator(_text(user, "identity") or name, name, dict(allowed))

    return operator


def _text(user: object, name: str) -> str:
    try:
        return str(getattr(user, name))
    except NotImplementedError:  # BaseUser's own `identity`, where a host's users have none
        return ""
