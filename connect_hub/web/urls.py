"""The hub's own addresses.

Absolute ones come from `public_url` alone. A request's Host, a mount's name and the router that is in the
scope are all of the host application or of its visitors, and are never asked.
"""

from collections.abc import Iterable, Sequence
from urllib.parse import quote, urlencode, urlsplit, urlunsplit

from starlette.requests import Request
from starlette.routing import BaseRoute, NoMatchFound, Route

from connect_hub.config import PublicUrl

__all__ = ["Urls", "with_query"]


class Urls:
    """Builds addresses by route name."""

    def __init__(self, public_url: PublicUrl, routes: Sequence[BaseRoute], *, first: str = "") -> None:
        """`routes` may still grow until the first address is built.

        Of two routes called `name` and `first` + `name`, the latter is meant.
        """
        self._public_url = public_url
        self._routes = routes
        self._first = first
        self._by_name: dict[str, Route] = {}

    def within(self, first: str) -> "Urls":
        """The same addresses, but those of routes whose name begins with `first` before the others."""
        return Urls(self._public_url, self._routes, first=first)

    def path(self, name: str, /, **params: str) -> str:
        """The path of a route, below the mount's own path. Raises NoMatchFound."""
        return self._public_url.path + self._route_path(name, params)

    def absolute(self, name: str, /, **params: str) -> str:
        """The address of a route from outside. Raises NoMatchFound."""
        return self._public_url.text + self._route_path(name, params)

    def of(self, request: Request, query: str = "") -> str:
        """The path at which `request` was asked, percent-encoded (RFC 3986, 2.1), with `query`: below the
        mount's own, whatever the server says that is."""
        below: str = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
        path = self._public_url.path + quote(below)
        return f"{path}?{query}" if query else path

    def _route_path(self, name: str, params: dict[str, str]) -> str:
        # By name, not by trying every route: a list of 150 providers is as many addresses.
        if not self._by_name:
            self._by_name = {route.name: route for route in self._routes if isinstance(route, Route)}
        route = self._by_name.get(self._first + name) or self._by_name.get(name)
        if route is None or route.param_convertors.keys() != params.keys():
            raise NoMatchFound(name, params)
        convertors = route.param_convertors
        return route.path_format.format_map(
            {key: convertors[key].to_string(value) for key, value in params.items()}
        )


def with_query(url: str, params: Iterable[tuple[str, str]] = (), **more: str | None) -> str:
    """`url` with more query parameters; the ones it has stay, and those without a value are left out."""
    parts = urlsplit(url)
    added = urlencode([(name, value) for name, value in (*params, *more.items()) if value])
    return urlunsplit(parts._replace(query="&".join(query for query in (parts.query, added) if query)))
