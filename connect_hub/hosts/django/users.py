"""Django's users, by the session whose cookie a browser sends to the hub as well."""

import asyncio
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import Any, TypeVar

from connect_hub.hosts.django.connections import closing_connections
from connect_hub.identity import Visitor

__all__ = ["asking"]

T = TypeVar("T")


def asking(question: Callable[[Any], T]) -> Callable[[Visitor], Awaitable[T]]:
    """What `question` answers about the visitor's user, who may be Django's AnonymousUser.

    It runs in a thread, where it may use the database; connections that this opens are closed behind it.
    """

    def ask(visitor: Visitor) -> T:
        with closing_connections():
            return question(_user_of(visitor))

    async def answer(visitor: Visitor) -> T:
        return await asyncio.to_thread(ask, visitor)

    return answer


def _user_of(visitor: Visitor) -> Any:
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
