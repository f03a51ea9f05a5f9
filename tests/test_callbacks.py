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
    """A misspelt event names the known ones; two functions of one name cannot be told apart."""
    callbacks = Callbacks()
    with pytest.raises(ConnectHubError, match=r"not an event.*account\.created"):

        @callbacks.on("account.create")
        def misspelt(event: Event) -> None: ...

    with pytest.raises(ConnectHubError, match="at least one event"):
        callbacks.on()
    callbacks.on("account.created", name="same")(lambda event: None)
    with pytest.raises(ConnectHubError, match="'same' is taken"):
        callbacks.on("account.updated", name="same")(lambda event: None)


@pytest.mark.parametrize("name", ["a" * 248, "two\nlines", "\x00", "\ud800"])
def test_a_name_that_no_row_could_hold_is_refused(name: str) -> None:
    """It is refused where it is registered: each event for it would fail, and what made the event with it."""
    callbacks = Callbacks()
    with pytest.raises(ConnectHubError, match="247 printable characters"):
        callbacks.on("account.created", name=name)(lambda event: None)
    callbacks.on("account.created", name="é" * 247)(lambda event: None)
    [target] = callbacks.all_targets()
    assert len(target) == 255


def test_one_function_for_many_events_is_one_target() -> None:
    """One callback has one place in the outbox, however its events are listed, so that they keep their
    order."""
    callbacks = Callbacks()

    @callbacks.on("account.created", "account.updated", name="sync")
    @callbacks.on("account.deleted", name="sync")
    def sync(event: Event) -> None: ...

    assert callbacks.all_targets() == ("handler:sync",)
    for name in ("account.created", "account.updated", "account.deleted"):
        assert callbacks.targets(name) == ("handler:sync",)
    assert callbacks.targets("account.expired") == ()
    with pytest.raises(ConnectHubError, match="'sync' is taken"):
        callbacks.on("account.deleted", name="sync")(sync)
