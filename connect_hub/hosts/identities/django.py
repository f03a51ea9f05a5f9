"""Owners from Django's users."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from connect_hub.hosts.operators.django_staff import user_of
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

    def ask(visitor: Visitor) -> Subject | SignIn:
        from django.db import connections

        try:
            user = user_of(visitor)
            found = owner(user) if user.is_authenticated and user.is_active else None
            return SignIn(sign_in) if found is None else found
        finally:
            connections.close_all()

    async def identity(visitor: Visitor) -> Subject | SignIn:
        return await asyncio.to_thread(ask, visitor)

    return identity
