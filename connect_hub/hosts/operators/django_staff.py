"""Operators from Django's staff users."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from connect_hub.hosts.django.users import asking
from connect_hub.identity import SignIn, Visitor
from connect_hub.operators import EVERY_PROJECT, NoOperator, Operator, Role

__all__ = ["django_operators", "staff_roles"]


def staff_roles(user: Any) -> Mapping[str, Role] | None:
    """A superuser is an administrator of every project, other staff are operators, nobody else is."""
    if not user.is_staff:
        return None
    return {EVERY_PROJECT: Role.ADMIN if user.is_superuser else Role.OPERATOR}


def django_operators(
    roles: Callable[[Any], Mapping[str, Role] | None] = staff_roles, *, sign_in: str | None = None
) -> Callable[[Visitor], Awaitable[Operator | SignIn | NoOperator | None]]:
    """For `DashboardConfig(auth=django_operators())`.

    The user is that of Django's own session, whose cookie the browser sends to the hub as well. `roles(user)`
    says what they may do, by project (`*` is all); None or nothing: they are no operator. Whoever is not
    signed in is sent to `sign_in`, such as "/admin/login/", where that is given. It runs in a thread, with a
    database connection that is closed afterwards.
    """

    elsewhere = None if sign_in is None else SignIn(sign_in)

    def operator(user: Any) -> Operator | SignIn | NoOperator | None:
        if not user.is_authenticated:
            return elsewhere
        allowed = roles(user) if user.is_active else None
        if not allowed:
            return NoOperator(sign_in)
        return Operator(str(user.pk), user.get_full_name() or user.get_username(), dict(allowed))

    return asking(operator)
