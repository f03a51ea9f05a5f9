"""Which parts of the hub's addresses are secrets: every log line that names a path leaves them out."""

from urllib.parse import quote, unquote

__all__ = ["TRIGGERS", "without_secrets"]

TRIGGERS = "/triggers/"
"""Behind it stands the token of a trigger (`connect_hub.trigger_tokens`). No other path holds a secret: the
token of a link stands in a fragment or a query, and queries are logged nowhere."""

_MASK = "***"


def without_secrets(path: str) -> str:
    """`path`, decoded or as it was sent, with *** in the place of a secret.

    Behind any mount, and also where a client percent-encodes what it need not.
    """
    before, found, secret = unquote(path, errors="replace").partition(TRIGGERS)
    return f"{quote(before)}{TRIGGERS}{_MASK}" if found and secret else path
