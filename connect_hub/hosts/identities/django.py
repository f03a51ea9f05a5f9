"""Owners from Django's users."""

from collections.abc import Awaitable, Callable
from typing import Any

from connect_hub.hosts.django.users import asking
from connect_hub.identity import SignIn, Subject, Visitor

__all__ = ["django_identity"]


def django_identity(
    owner: Callable[[Any], Subject | None], *, sign_in: str
) -> Callable[[Visitor], Awaitable[Subject | SignIn]]:
    """For `PageConfig(identity=django_identity(owner, sign_in="/accounts/login/"))`.

    The user is that of Django's own session, whose cookie the browser sends to the hub as well. `owner(user)`
    says whose account they may connect; None: nobody's. Whoever is not signed in, not active, or nobody, is
    sent to `sign_in`. It runs in a thread, with a database connection that is closed afterwards.
    """

    elsewhere = SignIn(sign_in)

    def identity(user: Any) -> Subject | SignIn:
        found = owner(user) if user.is_authenticated and user.is_active else None
        return elsewhere if found is None else found

    return asking(identity)
