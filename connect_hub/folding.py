"""Texts as people search them: without case and accents."""

import unicodedata

__all__ = ["folded", "has_part"]


def folded(text: str) -> str:
    """`text` for searching: without accents and case, white space made single; hub.js does the same."""
    plain = (c for c in unicodedata.normalize("NFKD", text) if not unicodedata.category(c).startswith("M"))
    return " ".join("".join(plain).lower().split())


def has_part(part: str, *texts: str | None) -> bool:
    """Whether one of the texts has `part`, however either is spelt; "" is part of none."""
    wanted = folded(part).casefold()
    return wanted != "" and any(wanted in folded(text).casefold() for text in texts if text)
