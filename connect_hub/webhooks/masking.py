"""`Mask`: takes out of an answer what was only sent along, for some receivers echo what they got."""

import base64
import binascii
import html
import json
import re
from collections.abc import Iterable
from functools import cached_property
from urllib.parse import quote

from connect_hub.secret import Secret

__all__ = ["HIDDEN", "Mask"]

HIDDEN = "(not shown)"
_SHORTEST = 4
"""A value of fewer characters hides nothing, and would tear holes into every answer."""
_SCHEMES = {"basic", "bearer", "token"}
_WIDEST = 6
"""Bytes in which one character may be spelled: `\\u002B`, `&quot;`."""
_DOTNET = [{ord(one): f"\\u{ord(one):04{case}}" for one in "+<>&'\"`"} for case in "xX"]
"""What .NET escapes in JSON besides, in either case of the code."""


class Mask:
    """Finds secrets as programs print what they got: as it is, in JSON, in HTML, in a URL.

    The value as a whole and each word of it, so that `Bearer …` is found without its first word; of a `Basic`
    one the user name and password, too.
    """

    def __init__(self, secrets: Iterable[Secret]) -> None:
        self._secrets = tuple(secrets)
        self.margin = _WIDEST * max((len(one.reveal()) for one in self._secrets), default=0)
        """No spelling has more bytes: so many past a cut are needed to know one that begins before it."""

    def masked(self, text: bytes, *, most: int) -> bytes:
        """The first `most` bytes of `text`, with `(not shown)` for each secret that begins in them."""
        found = [spelling for spelling in self._spellings if spelling in text] if text else []
        if not found:
            return text[:most]
        pieces, at = [], 0
        for match in re.finditer(b"|".join(map(re.escape, found)), text):
            if match.start() >= most:
                break
            pieces += [text[at : match.start()], HIDDEN.encode()]
            at = match.end()
        return b"".join([*pieces, text[at:most]])[:most]

    @cached_property
    def _spellings(self) -> list[bytes]:
        """The longest first: of two that begin alike, nothing is left over."""
        found = {
            spelling.encode()
            for secret in self._secrets
            for part in _parts(secret.reveal())
            if len(part) >= _SHORTEST
            for spelling in _spelled(part)
        }
        return sorted(found, key=lambda spelling: (-len(spelling), spelling))


def _parts(value: str) -> set[str]:
    words = value.split()
    parts = {value, *words}
    if len(words) == 2 and words[0].lower() == "basic":  # RFC 7617
        try:
            pair = base64.b64decode(words[1], validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            pair = ""
        parts |= {pair, pair.partition(":")[2]}
    return {part for part in parts if part.lower() not in _SCHEMES}


def _spelled(text: str) -> set[str]:
    dumped, urls = json.dumps(text)[1:-1], {quote(text), quote(text, safe="")}
    urls |= {re.sub("%[0-9A-F]{2}", lambda code: code[0].lower(), url) for url in urls if "%" in url}
    return {
        text,
        dumped,
        dumped.replace("/", "\\/"),  # as PHP prints it
        *(text.translate(codes) for codes in _DOTNET),
        html.escape(text),
        *urls,
        *(url.replace("%20", "+") for url in urls),
    }
