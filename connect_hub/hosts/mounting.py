"""What must hold before a hub is put under a path of a host."""

from typing import TYPE_CHECKING

from connect_hub.errors import ConfigurationError

if TYPE_CHECKING:
    from connect_hub.config import PublicUrl
    from connect_hub.runtime import Runtime

__all__ = ["check_engine", "check_prefix"]


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
        raise ConfigurationError(
            f"prefix: the hub is to be mounted at {prefix!r}, but public_url is {public_url.text!r}: its "
            f"links would not lead here. Change prefix to {public_url.path or '/'!r}, or public_url to "
            f"{public_url.origin + prefix!r}."
        )


def check_engine(runtime: "Runtime", *, exclusive_engine: bool) -> None:
    """Raise ConfigurationError for an AsyncEngine that the host uses too, on event loops of its own."""
    if runtime.is_loop_bound and not exclusive_engine:
        raise ConfigurationError(
            "storage: an AsyncEngine is bound to one event loop, and here the hub has a loop of its own. "
            "With an Engine nothing is bound to a loop: sync hosts pass an Engine. If this AsyncEngine is "
            "the hub's alone, say exclusive_engine=True."
        )
