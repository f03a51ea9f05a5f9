"""Registering callbacks: what is refused, and in which words."""

import pytest

from connect_hub import ConnectHubError, Event, Transaction
from connect_hub.callbacks import Callbacks


def test_a_callback_that_would_never_be_called_is_refused() -> None:
    """Inside the transaction only what a customer's connection writes is called; another event says so."""
    with pytest.raises(ConnectHubError, match=r"only account\.created and account\.updated"):

        @Callbacks().on("account.deleted", in_transaction=True)
        def never(event: Event, tx: Transaction) -> None: ...


def test_a_coroutine_inside_the_transaction_is_refused() -> None:
    """A coroutine could wait while the transaction is open."""
    with pytest.raises(TypeError, match="plain function"):

        @Callbacks().on("account.created", in_transaction=True)  # type: ignore[type-var]  # the mistake under test
        async def waits(event: Event, tx: Transaction) -> None: ...


def test_unknown_events_and_taken_names_are_refused() -> None:
    """A misspelt event names the known ones; two callbacks of one name for one event cannot be told apart."""
    callbacks = Callbacks()
    with pytest.raises(ConnectHubError, match=r"not an event.*account\.created"):

        @callbacks.on("account.create")
        def misspelt(event: Event) -> None: ...

    callbacks.on("account.created", name="same")(lambda event: None)
    with pytest.raises(ConnectHubError, match=r"registered for account\.created already"):
        callbacks.on("account.created", name="same")(lambda event: None)
