"""The host's own functions that events are handed to.

A function registered for after the commit gets its events through the outbox, like an endpoint: it is called
again until it returns, also after a crash, in any worker that registered it. A function registered
for inside the transaction is called before the commit and may refuse it.
"""

import contextlib
import inspect
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Literal, Protocol, TypeVar, overload, runtime_checkable

from connect_hub.errors import ConfigurationError
from connect_hub.events import EVENT_NAMES, Event
from connect_hub.models import Account
from connect_hub.storage.protocol import NewEvent
from connect_hub.storage.transaction import Transaction, callbacks_running

__all__ = [
    "HANDLER",
    "TRANSACTION_EVENTS",
    "Callback",
    "Callbacks",
    "Handler",
    "HasSurroundings",
    "TransactionHandler",
]

HANDLER = "handler:"
"""Prefix of a handler's name where it stands as the target of a delivery."""

_LONGEST_NAME = 255 - len(HANDLER)
"""As much as the column of targets takes."""

TRANSACTION_EVENTS = frozenset({"account.created", "account.updated"})
"""What a customer's connection writes, and a callback inside its transaction can be part of."""

Handler = Callable[[Event], Awaitable[None] | None]
TransactionHandler = Callable[[Event, Transaction], None]
HandlerT = TypeVar("HandlerT", bound=Handler)
TransactionHandlerT = TypeVar("TransactionHandlerT", bound=TransactionHandler)


@runtime_checkable
class HasSurroundings(Protocol):
    """A storage whose host needs something done around each of its plain functions."""

    def surroundings(self) -> AbstractContextManager[object]:
        """Entered in the thread of the function."""


@dataclass(frozen=True, slots=True)
class Callback:
    """A function by the name that it has in the outbox."""

    name: str
    events: frozenset[str]
    function: Handler


@dataclass(slots=True)
class Callbacks:
    """What is registered with `hub.on`."""

    surroundings: Callable[[], AbstractContextManager[object]] = contextlib.nullcontext
    """Entered around every plain function, such as a Flask application context."""
    _after_commit: dict[str, Callback] = field(default_factory=dict)
    _in_transaction: list[tuple[str, TransactionHandler]] = field(default_factory=list)

    @overload
    def on(
        self, *events: str, name: str | None = None, in_transaction: Literal[False] = False
    ) -> Callable[[HandlerT], HandlerT]: ...

    @overload
    def on(
        self, *events: str, name: str | None = None, in_transaction: Literal[True]
    ) -> Callable[[TransactionHandlerT], TransactionHandlerT]: ...

    def on(self, *events: str, name: str | None = None, in_transaction: bool = False) -> object:
        """Register the decorated function for `events`.

        After the commit (the default) it is called as `function(event)`, coroutine or plain; with one
        account's events in their order, while it does not fail. `name` names it in the outbox; its default is
        the module and qualified name, so give one if that may change.
        With `in_transaction` it is called as `function(event, tx)` before the commit in which a customer's
        connection makes the account (`account.created`) or renews it (`account.updated`); a coroutine
        function is a TypeError. Raises ConfigurationError for no event or an unknown one, another one inside
        the transaction, or a name that is taken, or is not 1 to 247 printable characters.
        """
        if not events:
            raise ConfigurationError('hub.on: name at least one event, such as hub.on("account.created").')
        for event in events:
            if event not in EVENT_NAMES:
                raise ConfigurationError(
                    f"hub.on: {event!r} is not an event. Choose from {', '.join(sorted(EVENT_NAMES))}."
                )

        def register(function: object) -> object:
            if not callable(function):
                raise TypeError("hub.on decorates a function")
            if in_transaction:
                self._register_in_transaction(events, function)
            else:
                own_name = name or f"{function.__module__}.{getattr(function, '__qualname__', 'handler')}"
                self._register(events, own_name, function)
            return function

        return register

    def _register(self, events: Sequence[str], name: str, function: Handler) -> None:
        if len(name) > _LONGEST_NAME or not name.isprintable():
            raise ConfigurationError(
                f"hub.on: the name {name!r:.80} is not 1 to {_LONGEST_NAME} printable characters, for which "
                'the outbox has room. Give the function one of its own: name="crm".'
            )
        before = self._after_commit.get(name)
        if before is not None and (before.function is not function or before.events & set(events)):
            raise ConfigurationError(
                f"hub.on: the name {name!r} is taken. Give the second function a name=… of its own."
            )
        known = frozenset[str]() if before is None else before.events
        self._after_commit[name] = Callback(name, known | frozenset(events), function)

    def _register_in_transaction(self, events: Sequence[str], function: TransactionHandler) -> None:
        for event in events:
            if event not in TRANSACTION_EVENTS:
                raise ConfigurationError(
                    f"hub.on({event!r}, in_transaction=True): only account.created and account.updated "
                    "are called inside the transaction. Register it for after the commit."
                )
        if inspect.iscoroutinefunction(function):
            raise TypeError(
                f"hub.on({events[0]!r}, in_transaction=True) takes a plain function: "
                "a coroutine could wait, and the transaction would be open meanwhile"
            )
        self._in_transaction += [(event, function) for event in dict.fromkeys(events)]

    def targets(self, event: str) -> tuple[str, ...]:
        """The targets that an event of this name is to be delivered to."""
        return tuple(HANDLER + c.name for c in self._after_commit.values() if event in c.events)

    def all_targets(self) -> tuple[str, ...]:
        """Every target that this process can serve."""
        return tuple(HANDLER + name for name in self._after_commit)

    def get(self, target: str) -> Callback | None:
        """The callback behind a target; None if it is not registered here."""
        return self._after_commit.get(target.removeprefix(HANDLER))

    def run_in_transaction(
        self, events: Sequence[NewEvent], account: Account, transaction: Transaction
    ) -> None:
        """Call what is registered for inside the transaction; an `InTransaction`."""
        wanted = [(event, f) for event in events for name, f in self._in_transaction if name == event.name]
        if not wanted:
            return
        with callbacks_running(), self.surroundings():
            for event, function in wanted:
                function(Event.from_body(event.id, event.body), transaction)
