"""The port by which a host says who is signed in to it (binding `host_identity`)."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass
from typing import Protocol

from connect_hub.host_address import check_host_address

__all__ = ["Identity", "SignIn", "Subject", "Visitor"]


@dataclass(frozen=True, slots=True)
class Visitor:
    """The browser that opens a link, as the host's own code needs to see it."""

    headers: Mapping[str, str]
    """Lower-case names."""
    cookies: Mapping[str, str]
    scope: Mapping[str, object]
    """The ASGI scope; a host's own session middleware may have left `session` or `user` in it."""


@dataclass(frozen=True, slots=True)
class Subject:
    """Somebody is signed in: an owner, of one project.

    Both are compared exactly, with the session's `origin_owner_id` and its project. Owner ids are chosen by
    whoever holds a project's API key, so an id without its project says nothing in a hub of several.
    """

    owner_id: str
    project: str | None = None
    """None: the hub's one project. Where there are several, None lets nobody in."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """Nobody is signed in; send the browser to `url`, which comes back to the address in `next`.

    Raises ConfigurationError unless that is a path on the same origin, or an https address.
    """

    url: str

    def __post_init__(self) -> None:
        check_host_address("sign_in", self.url, example="/login")


class Identity(Protocol):
    """Names who is signed in at the host. A plain function may be given as well as a coroutine function."""

    def __call__(self, visitor: Visitor, /) -> Subject | SignIn | Awaitable[Subject | SignIn]: ...
