"""The hub's own addresses.

Absolute ones come from `public_url` alone. A request's Host, a mount's name and the router that is in the
scope are all of the host application or of its visitors, and are never asked.
"""

from collections.abc import Sequence

from starlette.routing import BaseRoute, NoMatchFound

from connect_hub.config import PublicUrl

__all__ = ["Urls"]


class Urls:
    """Builds addresses by route name."""

    def __init__(self, public_url: PublicUrl, routes: Sequence[BaseRoute]) -> None:
        self._public_url = public_url
        self._routes = routes

    def path(self, name: str, /, **params: str) -> str:
        """The path of a route, below the mount's own path. Raises NoMatchFound."""
        return self._public_url.path + self._route_path(name, params)

    def absolute(self, name: str, /, **params: str) -> str:
        """The address of a route from outside."""
        return self._public_url.text + self._route_path(name, params)

    def _route_path(self, name: str, params: dict[str, str]) -> str:
        for route in self._routes:
            try:
                path = route.url_path_for(name, **params)
            except NoMatchFound:
                continue
            return str(path)
        raise NoMatchFound(name, params)
