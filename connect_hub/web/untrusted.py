"""`Untrusted`: a text from a tenant, a customer or a provider, made safe to stand in a page.

A name can dress up a confirmation page: by direction marks that swap what stands around it, by invisible
characters that make two names look alike, by towers of accents that cover the line above, or by sheer
length. What is left here is one short line of visible characters.
"""

import unicodedata

from markupsafe import Markup, escape

__all__ = ["Untrusted", "clean"]

_DROPPED = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})
"""Unicode categories that nobody sees: controls, formats (direction marks, zero-width, tags), the rest."""

_BLANK = frozenset(
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800\u3164\uffa0"
    + "".join(chr(code) for code in (*range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)))
)
"""Characters of visible categories that are drawn as nothing: fillers, blanks, variation selectors."""

_MARKS = 3
"""Combining marks in a row that a written language needs; more are a tower."""


def clean(text: str, limit: int = 80, *, exact: bool = False) -> str:
    """`text` as one line of visible characters, at most `limit` long, the last one `…` where it was cut.

    White space of any kind becomes one space; what cannot be seen is dropped. `exact`: each white space
    becomes one, also at the ends. The answer is plain text: it still has to be escaped where it is put into
    HTML.
    """
    kept: list[str] = []
    marks = 0
    for char in unicodedata.normalize("NFC", text[: limit * 16]):
        if char.isspace():
            if exact or (kept and kept[-1] != " "):
                kept.append(" ")
            continue
        category = unicodedata.category(char)
        if category in _DROPPED or char in _BLANK:
            continue
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks > _MARKS or (marks and (not kept or kept[-1] == " ")):
            continue
        kept.append(char)
    line = "".join(kept)
    if not exact or not line.strip():
        line = line.strip()
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


class Untrusted:
    """A text that prints cleaned and escaped, in any template, also in a host's own.

    `str(text)` is the cleaned line, `bool(text)` whether anything is left of it. Equal by that line. A
    template still quotes it and sets it apart from the text around it: `elements/quote.html`. `exact`: for an
    identifier, in which every space counts.
    """

    __slots__ = ("_line",)

    def __init__(self, text: str, *, limit: int = 80, exact: bool = False) -> None:
        self._line = clean(text, limit, exact=exact)

    @property
    def is_padded(self) -> bool:
        """Whether it has spaces at its ends, which only an exact one has."""
        return self._line != self._line.strip()

    def __str__(self) -> str:
        return self._line

    def __html__(self) -> Markup:
        return escape(self._line)

    def __bool__(self) -> bool:
        return self._line != ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Untrusted) and self._line == other._line

    def __hash__(self) -> int:
        return hash(self._line)

    def __repr__(self) -> str:
        return f"Untrusted({self._line!r})"
