"""`Secret`: a text that cannot be printed, logged, pickled or compared by accident."""

import hmac
from typing import NoReturn

__all__ = ["Secret"]


class Secret:
    """Wraps a secret text; `reveal()` is the only way to it.

    `repr`, `str` and `format` show stars, pickling and `==` raise TypeError, and the text is not in
    `__dict__`, so that neither a log line, a traceback with locals, nor a JSON encoder can leak it.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        if not isinstance(text, str):
            raise TypeError("a Secret wraps a str")
        self._text = text

    def reveal(self) -> str:
        """The secret text. Call it where the text is used, and keep the result in no attribute."""
        return self._text

    def matches(self, other: str) -> bool:
        """Whether `other` is the same text, compared in constant time."""
        return hmac.compare_digest(
            self._text.encode(errors="surrogatepass"), other.encode(errors="surrogatepass")
        )

    def hint(self) -> str:
        """The last four characters of a text of at least 12, else an empty string; for edit forms."""
        return self._text[-4:] if len(self._text) >= 12 else ""

    def __bool__(self) -> bool:
        return self._text != ""

    def __repr__(self) -> str:
        return "Secret('**********')"

    __str__ = __repr__

    def __format__(self, format_spec: str) -> str:
        return repr(self)

    def __eq__(self, other: object) -> NoReturn:
        raise TypeError("secrets are compared with .matches(), in constant time")

    __hash__ = None  # type: ignore[assignment]  # unhashable on purpose: a hash table compares by ==

    def __getstate__(self) -> NoReturn:
        raise TypeError("a Secret cannot be pickled or copied")

    def __reduce_ex__(self, protocol: object) -> NoReturn:
        raise TypeError("a Secret cannot be pickled or copied")
