"""Owners from Flask-Login."""

from collections.abc import Awaitable, Callable
from typing import Any

from flask import Flask
from flask_login import current_user

from connect_hub.hosts.flask import asking
from connect_hub.identity import SignIn, Subject, Visitor

__all__ = ["flask_login_identity"]


def flask_login_identity(
    app: Flask, owner: Callable[[Any], Subject | None], *, sign_in: str
) -> Callable[[Visitor], Awaitable[Subject | SignIn]]:
    """For `PageConfig(identity=flask_login_identity(app, owner, sign_in="/login"))`.

    `owner(user)` says whose account flask-login's `current_user` may connect; None: nobody's. Whoever is not
    signed in, or is nobody, is sent to `sign_in`. It runs in a request context of `app`, in a thread: it may
    use the database.
    """

    elsewhere = SignIn(sign_in)

    def ask() -> Subject | SignIn:
        found = owner(current_user) if current_user.is_authenticated else None
        return elsewhere if found is None else found

    return asking(app, ask)
