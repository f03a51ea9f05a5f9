"""`Answer`: what a remote server said, read in full and within limits."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn

__all__ = ["Answer", "Headers", "NotJSON"]


class NotJSON(ValueError):  # a value of the remote server's is wrong; what that means is the caller's to say
    """The answer's body is not JSON. The error holds nothing of the body."""

    def __init__(self) -> None:
        super().__init__("the answer's body is not JSON")


class Headers(Mapping[str, str]):
    """The answer's header fields: names in any case, values of a repeated name joined by `, ` (RFC 9110,
    5.3).

    The repr shows names only: a value may be a cookie or a token.
    """

    __slots__ = ("_values",)

    def __init__(self, lines: Iterable[tuple[bytes, bytes]]) -> None:
        self._values: dict[str, str] = {}
        for raw_name, raw_value in lines:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            self._values[name] = f"{self._values[name]}, {value}" if name in self._values else value

    def __getitem__(self, name: str) -> str:
        return self._values[name.lower()]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._values

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return f"Headers({', '.join(self._values)})"


@dataclass(frozen=True, slots=True, repr=False)
class Answer:
    """Status, header fields and body of one answer; a redirect is an answer like any other.

    The repr shows neither the body nor a header's value.
    """

    status: int
    headers: Headers
    body: bytes

    def json(self) -> object:
        """The body as JSON (RFC 8259: no NaN or Infinity). Raises NotJSON, whatever is wrong with it."""
        parsed: object = None
        try:
            parsed = json.loads(self.body, parse_constant=_no_constant)
        except (ValueError, RecursionError):
            broken = True
        else:
            broken = False
        if broken:  # raised out here, because a JSONDecodeError in the context would hold the whole body
            raise NotJSON
        return parsed

    def __repr__(self) -> str:
        return f"<Answer {self.status}, {len(self.body)} bytes>"


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
