"""Owners from Starlette's AuthenticationMiddleware, and from whatever else leaves a user in the scope."""

from collections.abc import Callable

from connect_hub.identity import SignIn, Subject, Visitor

__all__ = ["starlette_identity"]


def starlette_identity(
    owner: Callable[[object], Subject | None], *, sign_in: str
) -> Callable[[Visitor], Subject | SignIn]:
    """For `PageConfig(identity=starlette_identity(owner, sign_in="/login"))`.

    `owner(user)` says whose account the user of `request.user` may connect; None: nobody's. Whoever is not
    authenticated, or is nobody, is sent to `sign_in`. The middleware has to stand before the hub: on the
    application that the hub is mounted in, or on a parent of it.
    """

    elsewhere = SignIn(sign_in)

    def identity(visitor: Visitor) -> Subject | SignIn:
        user = visitor.scope.get("user")
        known = user is not None and getattr(user, "is_authenticated", False)
        found = owner(user) if known else None
        return elsewhere if found is None else found

    return identity
