"""Request parameters as RFC 6749, 3.1 and 3.2 want them read: empty is absent, twice is an error."""

from collections import Counter
from urllib.parse import parse_qsl

__all__ = ["Parameters"]


class Parameters:
    """The pairs of one query string or form."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self._pairs = [(name, value) for name, value in pairs if value != ""]

    @classmethod
    def parse(cls, encoded: bytes | str) -> "Parameters":
        """Raises ValueError for other than ASCII, percent-encoded UTF-8, and for more than 50 fields."""
        text = encoded.decode("ascii") if isinstance(encoded, bytes) else encoded
        return cls(parse_qsl(text, keep_blank_values=True, max_num_fields=50, errors="strict"))

    def get(self, name: str) -> str | None:
        """The value, or None for an absent or empty one; of several, the first."""
        return next((value for key, value in self._pairs if key == name), None)

    def repeated(self) -> list[str]:
        """The names that are there more than once. `resource` may be (RFC 8707, 2)."""
        counts = Counter(name for name, _ in self._pairs)
        return sorted(name for name, count in counts.items() if count > 1 and name != "resource")

    def as_dict(self) -> dict[str, str]:
        return dict(reversed(self._pairs))
