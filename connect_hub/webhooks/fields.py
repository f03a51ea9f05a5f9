"""Header fields of an endpoint's own: which may be sent along with a delivery."""

import re

from connect_hub.secret import Secret

__all__ = ["NAME_PATTERN", "VALUE_PATTERN", "header_problem"]

# RFC 9110, 5.1 and 5.5, without what is obsolete.
NAME_PATTERN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]{1,100}"
VALUE_PATTERN = r"[!-~]([ -~]{0,998}[!-~])?"

_OURS = {
    "accept",
    "accept-encoding",
    "connection",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "forwarded",
    "host",
    "keep-alive",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
    "via",
    "x-stackone-signature",
}
"""What says how a delivery is sent, or who sent it."""
_OUR_PREFIXES = ("proxy-", "webhook-", "svix-", "x-forwarded-")


def header_problem(name: str, value: Secret) -> str | None:
    """What is wrong with a header field, in words that follow its name; None: it may be sent. Never says the
    value."""
    if re.fullmatch(NAME_PATTERN, name) is None:
        return "is not a header's name; use up to 100 letters, digits and dashes"
    if name.lower() in _OURS or name.lower().startswith(_OUR_PREFIXES):
        return "is a header that the hub sets itself"
    if re.fullmatch(VALUE_PATTERN, value.reveal()) is None:
        return "must be 1 to 1000 visible ASCII characters, with spaces only between them"
    return None
