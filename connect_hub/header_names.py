"""Whether a server keeps the names of headers apart."""

import functools
import logging
from collections.abc import Mapping

__all__ = ["are_distinct"]

log = logging.getLogger("connect_hub")


def are_distinct(scope: Mapping[str, object]) -> bool:
    """False, and once a warning, where a visitor's `X_Forwarded_For` comes as a proxy's `X-Forwarded-For`.

    CGI's names, which are WSGI's, are the same for both. gunicorn, waitress and werkzeug leave the one with
    underscores out; granian does not. No header that somebody in front of the server vouches for may be
    believed there.
    """
    environ = scope.get("wsgi_environ")
    if not isinstance(environ, Mapping) or environ.get("SERVER_SOFTWARE") != "Granian":
        return True
    _warn()
    return False


@functools.cache
def _warn() -> None:
    log.warning(
        "granian's WSGI interface takes a visitor's header X_A for X-A, so trusted_proxies and "
        "header_identity believe nothing there. Use --interface asgi, or another WSGI server."
    )
