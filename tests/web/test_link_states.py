"""A link against a small model of it, in every order of events that hypothesis thinks of."""

import asyncio
from collections.abc import Coroutine
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from connect_hub import SessionStatus
from connect_hub.storage.memory import MemoryStorage
from tests.customer import Customer, Seen
from tests.hubs import GOOD_KEY, OTHER_KEY, make_hub

T = TypeVar("T")


class Link(RuleBasedStateMachine):
    """T4, T6, R16: looking changes nothing; a link is open until it is used, revoked or expired, by
    rank; only Continue counts an opening and only success a connection; at most one account is made."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.made = make_hub(Path("unused"), storage=MemoryStorage())
        self.forms: list[tuple[Customer, Seen]] = []
        self.opens, self.connects = 0, 0
        self.revoked = self.used = self.expired = False

    def run(self, coroutine: Coroutine[object, object, T]) -> T:
        return self.runner.run(coroutine)

    def teardown(self) -> None:
        self.runner.close()

    @initialize(query=st.booleans())
    def create(self, query: bool) -> None:
        self.link = self.run(
            self.made.hub.links.create(
                origin_owner_id="42", origin_owner_name="Acme", provider="simulated-key", expires_in=3600
            )
        )
        self.landing = self.run(Customer(self.made.hub).open(self.link.url))
        self.address = f"/connect/link?t={self.link.token}" if query else "/connect/link"

    @property
    def is_open(self) -> bool:
        return not (self.revoked or self.used or self.expired)

    @rule(method=st.sampled_from(["GET", "HEAD", "OPTIONS", "PUT"]), times=st.integers(1, 3))
    def look(self, method: str, times: int) -> None:
        for _ in range(times):
            seen = self.run(Customer(self.made.hub).request(method, self.address))
            assert seen.status in ({200, 410} if method in {"GET", "HEAD"} else {405})
            assert "set-cookie" not in seen.headers

    @rule()
    def open(self) -> None:
        seen = self.run(Customer(self.made.hub).open(self.link.url))
        assert seen.status == (200 if self.is_open else 410)
        assert "set-cookie" not in seen.headers
        if seen.status == 200:
            self.landing = seen

    @rule()
    def confirm(self) -> None:
        customer = Customer(self.made.hub)
        seen = self.run(customer.press(self.landing, "Continue"))
        assert seen.status == (200 if self.is_open else 410)
        assert bool(customer.cookies) is self.is_open
        if self.is_open:
            self.opens += 1
            self.forms.append((customer, seen))

    @precondition(lambda self: self.forms)
    @rule(which=st.integers(0, 9), good=st.booleans())
    def complete(self, which: int, good: bool) -> None:
        customer, form = self.forms[which % len(self.forms)]
        key = GOOD_KEY if good else OTHER_KEY + "-wrong"
        seen = self.run(customer.press(form, "Connect", {"f.api_key": key}))
        done = seen.heading == "Acme Key is connected"
        if self.revoked:
            assert seen.status == 410
        elif self.used:
            # The form that succeeded shows its result again; any other one is too late.
            assert done or seen.status == 410
        else:
            assert seen.status == (200 if good else 422)
            assert done is good
            self.connects += done
            self.used = done

    @rule()
    def revoke(self) -> None:
        self.run(self.made.hub.sessions.revoke(self.link.session.id))
        self.revoked = True

    @precondition(lambda self: not self.expired)
    @rule()
    def expire(self) -> None:
        # Visits, which live for 30 idle minutes, are kept going: expiry of the link is what is looked at.
        for _ in range(3):
            self.made.clock.advance(timedelta(minutes=20))
            for customer, form in self.forms:
                self.run(customer.get(form.url.partition("/connect/s")[0]))
        self.expired = True
        self.forms = []

    @invariant()
    def agrees(self) -> None:
        if not hasattr(self, "link"):
            return
        details = self.run(self.made.hub.sessions.get(self.link.session.id))
        expected = (
            SessionStatus.REVOKED
            if self.revoked
            else SessionStatus.USED
            if self.used
            else SessionStatus.EXPIRED
            if self.expired
            else SessionStatus.OPEN
        )
        assert details.status is expected
        assert (details.session.opens, details.session.connects) == (self.opens, self.connects)
        assert len(self.run(self.made.hub.accounts.list())) == self.connects <= 1


TestLink = Link.TestCase
TestLink.settings = settings(max_examples=12, stateful_step_count=12)
