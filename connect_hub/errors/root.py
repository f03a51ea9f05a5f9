"""What all of the hub's errors are."""

import inspect
from dataclasses import dataclass
from typing import ClassVar

__all__ = [
    "ConnectHubError",
    "FieldError",
]


@dataclass(frozen=True, slots=True)
class FieldError:
    """One thing wrong with one field: `field` is its dotted path, `message` says what to change."""

    field: str
    message: str


class ConnectHubError(Exception):
    """connect_hub could not do what was asked."""

    code: ClassVar[str] = "connect_hub_error"

    def __init__(self, message: str | None = None) -> None:
        self.message = inspect.cleandoc(type(self).__doc__ or "") if message is None else message
        super().__init__(self.message)
