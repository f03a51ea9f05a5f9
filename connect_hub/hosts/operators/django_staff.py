"""Operators from Django's staff users."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from importlib import import_module
from typing import Any

from connect_hub.identity import SignIn, Visitor
from connect_hub.operators import EVERY_PROJECT, Operator, Role

__all__ = ["django_operators", "staff_roles", "user_of"]


def staff_roles(user: Any) -> Mapping[str, Role] | None:
    """A superuser is an administrator of every project, other staff are operators, nobody else is."""
    if not user.is_staff:
        return None
    return {EVERY_PROJECT: Role.ADMIN if user.is_superuser else Role.OPERATOR}


def django_operators(
    roles: Callable[[Any], Mapping[str, Role] | None] = staff_roles, *, sign_in: str | None = None
) -> Callable[[Visitor], Awaitable[Operator | SignIn | None]]:
    """For `DashboardConfig(auth=django_operators())`.

    The user is that of Django's own session, whose cookie the browser sends to the hub as well. `roles(user)`
    says what they may do, by project (`*` is all); None or nothing: they are no operator. Whoever is not
    signed in is sent to `sign_in`, such as "/admin/login/", where that is given. It runs in a thread, with a
    database connection that is closed afterwards.
    """

    def operator(visitor: Visitor) -> Operator | SignIn | None:
        from django.db import connections

        try:
            user = user_of(visitor)
            if not user.is_authenticated:
                return None if sign_in is None else SignIn(sign_in)
            allowed = roles(user) if user.is_active else None
            if not allowed:
                return None
            return Operator(str(user.pk), user.get_full_name() or user.get_username(), dict(allowed))
        finally:
            connections.close_all()

    async def answer(visitor: Visitor) -> Operator | SignIn | None:
        return await asyncio.to_thread(operator, visitor)

    return answer


def user_of(visitor: Visitor) -> Any:
    """The user of Django's session, or its AnonymousUser. It may use the database."""
    from django.conf import settings
    from django.contrib.auth import get_user
    from django.http import HttpRequest

    request = HttpRequest()
    request.COOKIES = dict(visitor.cookies)
    engine = import_module(settings.SESSION_ENGINE)
    session = engine.SessionStore(visitor.cookies.get(settings.SESSION_COOKIE_NAME))
    # After a change of keys Django would give the session another id, in a cookie that nobody is sent here.
    session.cycle_key = lambda: None
    request.session = session
    # It compares the hash of the password in the session: whoever's password was changed is signed out.
    return get_user(request)
