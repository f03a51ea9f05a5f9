"""What must hold before a hub is put under a path of a host."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from connect_hub.errors import ConfigurationError
from connect_hub.web.mount import mount_fault

if TYPE_CHECKING:
    from connect_hub.config import PublicUrl
    from connect_hub.runtime import Runtime

__all__ = ["check_engine", "check_prefix", "misplaced"]


def check_prefix(prefix: str, public_url: "PublicUrl") -> None:
    """Raise ConfigurationError unless `prefix` is a plain path in which `public_url`'s path ends.

    The public path may be longer: the host itself may be mounted, or stand behind a proxy that strips a part.
    """
    parts = prefix.split("/")
    if parts[0] != "" or len(parts) < 2 or any(part in {"", ".", ".."} for part in parts[1:]):
        plain = f"/{prefix.strip('/')}"
        fix = (
            f"Write {plain!r}."
            if public_url.path.endswith(plain) and plain != "/"
            else ("To serve the hub alone, use hub.app or hub.wsgi.")
        )
        raise ConfigurationError(
            f"prefix: {prefix!r} is not a path such as '/connect', with a slash at its beginning and none at "
            f"its end. {fix}"
        )
    if not public_url.path.endswith(prefix):
        wanted = f"public_url to {public_url.origin + prefix!r}"
        if public_url.path:
            fix = f"Change prefix to {public_url.path!r}, or {wanted}."
        else:
            fix = f"Change {wanted}; or, to serve the hub alone, use hub.app or hub.wsgi."
        raise ConfigurationError(
            f"prefix: the hub is to be mounted at {prefix!r}, but public_url is {public_url.text!r}: its "
            f"links would not lead here. {fix}"
        )


def misplaced(application: object, hub: object, public_url: "PublicUrl") -> str | None:
    """What to say of a Starlette application in which `hub` is mounted, and nowhere that could be the path of
    `public_url`; None if it could, and of what has no mounts.

    A mount whose path is the end of that is right behind a proxy that strips the rest.
    """
    paths = list(_mounts(application, hub, ""))
    if not paths or any(public_url.path.endswith(path) or "{" in path for path in paths):
        return None
    return mount_fault({"root_path": paths[0]}, public_url)


def _mounts(application: object, hub: object, path: str) -> Iterator[str]:
    routes = getattr(application, "routes", None)
    for route in routes if isinstance(routes, list | tuple) else ():
        whole = path + str(getattr(route, "path", ""))
        if getattr(route, "app", None) is hub:
            yield whole.rstrip("/")
        else:
            yield from _mounts(route, hub, whole)


def check_engine(runtime: "Runtime", *, exclusive_engine: bool) -> None:
    """Raise ConfigurationError for an AsyncEngine that the host uses too, on event loops of its own."""
    if runtime.is_loop_bound and not exclusive_engine:
        raise ConfigurationError(
            "storage: an AsyncEngine is bound to one event loop, and here the hub has a loop of its own. "
            "With an Engine nothing is bound to a loop: sync hosts pass an Engine. If this AsyncEngine is "
            "the hub's alone, say exclusive_engine=True."
        )
