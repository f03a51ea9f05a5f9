"""Query parameters, read strictly: what is wrong with them is collected, and told at once."""

import difflib
import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import TypeVar

from starlette.requests import Request

from connect_hub.errors import FieldError, ValidationFailed

__all__ = ["Query"]

_MOST_VALUES = 100
_MOST_PARAMETERS = 500
_MOST_PROBLEMS = 20
_LONGEST_WORD = 64
"""The nearest name is looked up for names up to this length."""
_PLAIN = re.compile(r"[\w.\[\]-]+", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Choice = TypeVar("Choice", bound=StrEnum)


class Query:
    """Reads query parameters, collecting what is wrong with them."""

    def __init__(self, request: Request, known: str) -> None:
        """`known` are the names that are read. Another is a problem: a filter that is misspelt and passed
        over would answer with everybody's. Raises ValidationFailed for more than 500 parameters."""
        if request.scope["query_string"].count(b"&") >= _MOST_PARAMETERS:
            raise ValidationFailed(FieldError("query", f"takes up to {_MOST_PARAMETERS} parameters"))
        self._params = request.query_params
        self._problems: list[FieldError] = []
        names = known.split()
        for name in self._params:
            if len(self._problems) == _MOST_PROBLEMS:
                break
            if name not in names:
                near = difflib.get_close_matches(name, names, n=1) if len(name) <= _LONGEST_WORD else []
                hint = f"; did you mean '{near[0]}'?" if near else ""
                self.problem(_told(name), f"unknown query parameter{hint}")

    def problem(self, name: str, message: str) -> None:
        self._problems.append(FieldError(name, message))

    def refuse_problems(self) -> None:
        if self._problems:
            raise ValidationFailed(*self._problems)

    def all(self, name: str) -> list[str]:
        values = self._params.getlist(name)
        if len(values) > _MOST_VALUES or any("\x00" in value or len(value) > 255 for value in values):
            self.problem(name, f"takes up to {_MOST_VALUES} texts of up to 255 characters")
            return []
        return values

    def one(self, name: str) -> str | None:
        values = self.all(name)
        if len(values) > 1:
            self.problem(name, "can be given once")
        return values[0] if values else None

    def number(self, name: str, default: int, least: int, most: int) -> int:
        text = self.one(name)
        if text is None:
            return default
        if re.fullmatch(r"[0-9]{1,9}", text) is None or not least <= int(text) <= most:
            self.problem(name, f"must be a whole number from {least} to {most}")
            return default
        return int(text)

    def choice(self, name: str, of: type[Choice], *, form: bool = False) -> list[Choice]:
        """Those that were chosen. `form`: a form asks, which sends an empty text where nothing was."""
        known = {member.value: member for member in of}
        values = [value for value in self.all(name) if value or not form]
        if any(value not in known for value in values):
            self.problem(name, f"must be one of {', '.join(known)}")
        return [known[value] for value in values if value in known]

    def instant(self, name: str) -> datetime | None:
        """A moment (RFC 3339), with its time zone."""
        text = self.one(name)
        if text is None:
            return None
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            at = None
        if at is None or at.tzinfo is None:
            self.problem(name, "must be an instant with its time zone, such as 2026-11-01T00:00:00Z")
            return None
        return at

    def cursor(self, row_id: str) -> tuple[datetime, str] | None:
        """Where the page before ended; `row_id` is the pattern of an id."""
        text = self.one("cursor")
        if text is None:
            return None
        match = re.fullmatch(rf"([0-9]{{1,14}})\.({row_id})", text)
        if match is None:
            self.problem("cursor", "is not one that was handed out; leave it out to begin again")
            return None
        return _EPOCH + timedelta(milliseconds=int(match[1])), match[2]


def _told(name: str) -> str:
    """A parameter's name, which whoever wrote the address chose, as far as it can stand in a sentence."""
    return name[:100] if _PLAIN.fullmatch(name) else "query"
