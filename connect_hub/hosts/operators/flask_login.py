"""Operators from Flask-Login."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from flask import Flask
from flask_login import current_user

from connect_hub.hosts.flask import asking
from connect_hub.identity import SignIn, Visitor
from connect_hub.operators import NoOperator, Operator, Role

__all__ = ["flask_login_operators"]


def flask_login_operators(
    app: Flask,
    roles: Callable[[Any], Mapping[str, Role] | None],
    *,
    name: Callable[[Any], str] | None = None,
    sign_in: str | None = None,
) -> Callable[[Visitor], Awaitable[Operator | SignIn | NoOperator | None]]:
    """For `DashboardConfig(auth=flask_login_operators(app, roles))`.

    `roles(user)` says what flask-login's `current_user` may do, by project (`*` is all); None or nothing:
    they are no operator. `name(user)` is what pages and the audit log call them; by default their id, as the
    text of a user may be an address in memory, or have every column. Whoever is not signed in is sent to
    `sign_in`, where that is given. It runs in a request context of `app`, in a thread: it may use the
    database.
    """

    elsewhere = None if sign_in is None else SignIn(sign_in)

    def operator() -> Operator | SignIn | NoOperator | None:
        if not current_user.is_authenticated:
            return elsewhere
        allowed = roles(current_user)
        if not allowed:
            return NoOperator(sign_in)
        user_id = str(current_user.get_id())
        return Operator(user_id, user_id if name is None else name(current_user), dict(allowed))

    return asking(app, operator)
