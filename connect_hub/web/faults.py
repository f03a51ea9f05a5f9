"""What is wrong with the hub itself, so that its log has it once and not at every request."""

import logging
from datetime import datetime, timedelta

from connect_hub.errors import ConfigurationError

__all__ = ["Faults"]

_FEW = 8
_STORY_EVERY = timedelta(minutes=1)

log = logging.getLogger("connect_hub.web")


class Faults:
    """Which addresses of one hub do not work, and why; by the message of what they raised."""

    def __init__(self) -> None:
        self._suffering: dict[str, set[object]] = {}
        self._said: dict[str, set[str]] = {}
        self._told_at: dict[tuple[str, object], datetime] = {}

    def is_first(self, kind: str, text: str) -> bool:
        """Whether nothing of this kind was said of `text` yet. Strangers may choose it, so that the first few
        of a kind are said and no more."""
        said = self._said.setdefault(kind, set())
        if text in said or len(said) >= _FEW:
            return False
        said.add(text)
        return True

    def is_news(self, error: ConfigurationError, address: object) -> bool:
        """Whether `error`, whose message says what to do, has begun with this request, or anew."""
        known = error.message in self._suffering
        self._suffering.setdefault(error.message, set()).add(address)
        return not known

    def is_story(self, code: str, address: object, now: datetime) -> bool:
        """Whether a traceback is due: of faults that come and go without a message to keep them by, such as a
        database that is away, each address tells one a minute, as callers may ask faster than disks fill."""
        told_at = self._told_at.get((code, address))
        if told_at is not None and timedelta() <= now - told_at < _STORY_EVERY:
            return False
        self._told_at[code, address] = now
        return True

    def works(self, address: object) -> None:
        """An address has answered: what it suffered from is over, for the others as well."""
        over = [message for message, addresses in self._suffering.items() if address in addresses]
        for message in over:
            del self._suffering[message]
        if over and not self._suffering:
            log.warning("the hub works again")
