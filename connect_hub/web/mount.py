"""Whether the hub is mounted where `public_url` says, and which setting to change if it is not."""

from starlette.types import Scope

from connect_hub.config import PublicUrl

__all__ = ["mount_fault"]

_LONGEST = 100
"""Characters of a header that are repeated in the log."""


def mount_fault(scope: Scope, public_url: PublicUrl) -> str | None:
    """One sentence or two for the log about a root path that is not the path of `public_url`; else None.

    Links are made from `public_url` in any case. X-Forwarded-Prefix is read for this message alone.
    """
    mounted, public = str(scope.get("root_path", "")).rstrip("/"), public_url.path
    if mounted == public:
        return None
    begins = f"the hub is mounted at {mounted or '/'!r}, but public_url is {public_url.text!r}"
    if public.endswith(mounted):
        stripped = public.removesuffix(mounted)
        return (
            f"{begins}. If a proxy in front strips {stripped!r}, its links lead here; tell the server what "
            f"was stripped, and this is not said again: --root-path {stripped} (uvicorn, hypercorn), or "
            f"SCRIPT_NAME (WSGI, such as by werkzeug's ProxyFix with x_prefix=1){_said(scope, stripped)}. "
            f"Without such a proxy, mount the hub at {public!r}, or change public_url."
        )
    if mounted.endswith(public):
        added = mounted.removesuffix(public)
        return (
            f"{begins}: the server's root path (--root-path, root_path, SCRIPT_NAME) or a mount around the "
            f"hub adds {added!r}. If browsers see {mounted!r}, change public_url to "
            f"{public_url.origin + mounted!r}; if not, take {added!r} out of that setting."
        )
    return (
        f"{begins}: links will not lead here. Mount the hub at {public or '/'!r}, or change public_url to "
        f"{public_url.origin + mounted!r}."
    )


def _said(scope: Scope, stripped: str) -> str:
    """What a proxy says of itself, where it does: the setting is at the proxy or at the server."""
    for name, value in scope.get("headers", ()):
        if name == b"x-forwarded-prefix":
            told = value.decode("latin-1")[:_LONGEST]
            if told.rstrip("/") == stripped:
                return "; the proxy sends it as X-Forwarded-Prefix, which nothing here reads"
            return f"; the proxy's X-Forwarded-Prefix is {told!r}, which is not it"
    return ""
