"""MemoryStorage and SQLStorage side by side through the same random operations: the same answers and rows."""

import dataclasses
import random
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine

from connect_hub.clock import FixedClock
from connect_hub.errors import ConnectHubError
from connect_hub.models import (
    Account,
    AccountStatus,
    AccountType,
    Attempt,
    AttemptStatus,
    ProviderIdentity,
    Session,
    SessionStatus,
    StepKind,
)
from connect_hub.storage.memory import MemoryStorage
from connect_hub.storage.protocol import (
    AccountQuery,
    Announce,
    Change,
    Delivery,
    DeliveryState,
    FunnelQuery,
    Idempotency,
    NewEvent,
    Retention,
    SessionQuery,
    Settlement,
    Storage,
)
from connect_hub.storage.sql import SQLStorage
from connect_hub.testing.storage.values import (
    HOSTILE,
    NOW,
    api_key,
    attempt,
    digest,
    event,
    later,
    link_request,
    seal,
    session,
    state,
    step,
    visit,
)

Operation = Callable[[Storage], Awaitable[object]]

LONG, OVER = timedelta(hours=1), timedelta(0)
TARGETS = ("webhook:one", "handler:two")
PROVIDERS = ("acme", "Acme", "other")
OWNERS = ("o1", "o2", "O1")
PROJECTS = ("default", "p2")
IDENTITIES = (None, ProviderIdentity("i1", "Anna"), ProviderIdentity("i2"))


class Walk:
    """Chooses operations; the same object is given to both storages, so it carries all that is random."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        self.steps = 0
        self.events = 0
        self.sessions: list[Session] = []
        self.attempts: list[Attempt] = []
        self.accounts: list[str] = ["unknown"]
        self.epochs: list[int] = [0, 1]
        self.deliveries: list[Delivery] = []

    @property
    def now(self) -> datetime:
        return later(self.steps)

    def pick(self, *options: object) -> object:
        return self.random.choice(options)

    def announce(self, number: int) -> Announce:
        """Deterministic: both storages are told the same event."""
        targets = tuple(t for t in TARGETS if self.random.random() < 0.7)
        silent = self.random.random() < 0.2

        def announce(account: Account, change: Change, before: Account | None) -> list[NewEvent]:
            if silent:
                return []
            return [
                event(
                    id=f"msg_{number}_{account.id}",
                    name=f"account.{change.value}",
                    project_id=account.project_id,
                    record_id=account.id,
                    owner_id=account.origin_owner_id,
                    sequence=account.sequence,
                    targets=targets,
                    created_at=later(number),
                )
            ]

        return announce

    def next(self) -> tuple[str, Operation]:
        self.steps += 1
        weights = {
            self.create_session: 10,
            self.save_attempt: 12,
            self.link: 16,
            self.revoke: 2,
            self.open_visit: 5,
            self.states: 6,
            self.way: 6,
            self.change: 6,
            self.refresh: 8,
            self.delete: 3,
            self.claim: 8,
            self.settle: 8,
            self.lists: 8,
            self.keys: 3,
            self.erase: 1,
            self.purge: 2,
        }
        chosen = self.random.choices(list(weights), list(weights.values()))[0]
        return chosen.__name__, chosen()

    def a_session(self) -> Session:
        if not self.sessions or self.random.random() < 0.05:
            return session(id=10**9, jti="never stored")
        return self.random.choice(self.sessions[-12:])

    def create_session(self) -> Operation:
        roll = self.random.random
        made = session(
            project_id=self.pick(*PROJECTS) if roll() < 0.2 else "default",
            origin_owner_id=self.pick(*OWNERS),
            origin_owner_name=self.pick(*HOSTILE),
            origin_username=self.pick(None, "u"),
            provider=self.pick(None, None, None, *PROVIDERS),
            account_id=self.pick(*self.accounts[-4:]) if roll() < 0.2 else None,
            label=self.pick(None, "L"),
            metadata=self.pick(None, {}, {"k": HOSTILE[0]}),
            multiple=roll() < 0.3,
            max_connects=self.pick(None, None, 1, 2),
            type=self.pick(AccountType.PRODUCTION, AccountType.PRODUCTION, AccountType.TEST),
            created_at=self.now,
            expires_at=later(self.steps + self.random.randint(5, 400)),
        )
        if self.sessions and roll() < 0.1:
            made = dataclasses.replace(made, jti=self.a_session().jti)
        key = None
        if roll() < 0.3:
            key = Idempotency(
                "s", str(self.pick("a", "b")), digest(str(self.pick(1, 1, 2))), later(self.steps - 60)
            )
        self.sessions.append(made)
        return lambda s: s.create_session(made, idempotency=key)

    def save_attempt(self) -> Operation:
        old = (
            self.random.choice(self.attempts[-12:]) if self.attempts and self.random.random() < 0.3 else None
        )
        if old is None:
            of = self.a_session()
            one = attempt(of, provider=self.pick(*PROVIDERS), created_at=self.now, updated_at=self.now)
            if self.random.random() < 0.2:
                one = dataclasses.replace(one, held=b"held", values={"k": HOSTILE[1]})
            self.attempts.append(one)
            taken = self.random.choice([None, StepKind.SUBMITTED])
            return lambda s: s.save_attempt(one, step=taken)
        status = self.random.choice([AttemptStatus.ERROR, AttemptStatus.REDIRECTED, AttemptStatus.PENDING])
        changed = dataclasses.replace(old, status=status, updated_at=self.now)
        expected = {"pending", "redirected"}
        return lambda s: s.save_attempt(changed, expected=expected, step=StepKind.REDIRECTED)

    def link(self) -> Operation:
        if self.random.random() < 0.5 or not self.attempts:
            of = self.a_session()
            by = attempt(of, provider=self.pick(*PROVIDERS), created_at=self.now, updated_at=self.now)
            self.attempts.append(by)
        else:
            by = self.random.choice(self.attempts[-8:])
            of = next((s for s in self.sessions if s.id == by.session_id), None) or self.a_session()
        if self.random.random() < 0.05:
            of = self.a_session()
        refuse = self.random.random() < 0.1

        def callback(*_: object) -> None:
            if refuse:
                raise ZeroDivisionError

        request = link_request(
            of,
            by,
            identity=self.pick(*IDENTITIES),
            accept_other_identity=self.random.random() < 0.3,
            announce=self.announce(self.steps),
            in_transaction=callback,
            now=self.now,
        )
        self.accounts.append(request.new_account_id)

        async def save_and_link(s: Storage) -> object:
            if await s.attempt(by.id) is None:
                await s.save_attempt(by)
            return await s.link(request)

        return save_and_link

    def an_account(self) -> str:
        return self.random.choice(self.accounts[-10:])

    def a_project(self) -> str:
        return "p2" if self.random.random() < 0.1 else "default"

    def revoke(self) -> Operation:
        of, project, now = self.a_session(), self.a_project(), self.now
        return lambda s: s.revoke_session(project, of.id, now=now)

    def open_visit(self) -> Operation:
        of, now, name = self.a_session(), self.now, str(self.random.randint(0, 60))
        one = visit(of, name, created_at=now, last_seen_at=now)
        if self.random.random() < 0.5:
            return lambda s: s.open_visit(one, now=now)

        async def touch(s: Storage) -> object:
            await s.touch_visit(digest(name), now=now, subject="42")
            return await s.visit(digest(name))

        async def end(s: Storage) -> object:
            await s.end_visit(digest(name))
            return await s.visit(digest(name))

        return touch if self.random.random() < 0.8 else end

    def states(self) -> Operation:
        if not self.attempts:
            return self.save_attempt()
        of, now, name = self.random.choice(self.attempts[-8:]), self.now, str(self.random.randint(0, 40))
        one = state(of, name, created_at=now, expires_at=later(self.steps + 40))
        choice = self.random.random()
        if choice < 0.4:
            return lambda s: s.save_state(one)
        if choice < 0.7:
            return lambda s: s.use_state(digest(name), now=now)
        return lambda s: s.state_of_attempt(of.id)

    def way(self) -> Operation:
        of, roll = self.a_session(), self.random.random()
        if roll < 0.5:
            once, kind = self.random.random() < 0.5, self.random.choice(list(StepKind))
            one = step(of, kind, at=self.now, provider=self.pick(None, *PROVIDERS))
            return lambda s: s.record_step(one, once=once)
        if roll < 0.7:
            return lambda s: s.steps("default", of.id, limit=5)
        query = FunnelQuery(
            project_id="default",
            since=later(self.random.randint(0, self.steps)),
            until=self.now,
            provider=self.random.choice([None, *PROVIDERS]),
        )
        return lambda s: s.funnel(query)

    def change(self) -> Operation:
        account_id, project, announce = self.an_account(), self.a_project(), self.announce(self.steps)
        values = {
            "status": self.pick(*(s for s in AccountStatus if s is not AccountStatus.INACTIVE)),
            "origin_owner_id": self.pick(*OWNERS),
            "metadata": self.pick({}, {"k": [1, None]}),
        }
        if self.random.random() < 0.2:
            values = {}
        return lambda s: s.change_account(
            project,
            account_id,
            lambda a: dataclasses.replace(a, **values),  # type: ignore[arg-type]  # values fit the fields
            announce=announce,
        )

    def refresh(self) -> Operation:
        account_id = self.an_account()
        if self.random.random() < 0.5:
            lease = self.random.choice([LONG, OVER, OVER])
            generation = self.random.choice([1, 1, 2, 3])
            return lambda s: s.claim_refresh(account_id, generation=generation, lease=lease)
        epoch, announce = self.random.randint(0, 4), self.announce(self.steps)
        status = self.random.choice([AccountStatus.ACTIVE, AccountStatus.EXPIRED])
        renew = seal if self.random.random() < 0.6 else None
        return lambda s: s.settle_refresh(
            account_id,
            epoch=epoch,
            change=lambda a: dataclasses.replace(a, status=status),
            seal=renew,
            announce=announce,
        )

    def delete(self) -> Operation:
        account_id, project, announce = self.an_account(), self.a_project(), self.announce(self.steps)
        return lambda s: s.delete_account(project, account_id, announce=announce)

    def claim(self) -> Operation:
        limit = self.random.randint(1, 4)
        room = dict.fromkeys(self.random.choice([TARGETS, TARGETS[:1]]), self.random.choice([1, limit]))
        lease = self.random.choice([LONG, OVER])
        now = self.now
        return lambda s: s.claim_deliveries(room, limit=limit, lease=lease, now=now)

    def settle(self) -> Operation:
        """A delivery's id is the storage's own: it is named by its event and target."""
        if not self.deliveries:
            return self.claim()
        one = self.random.choice(self.deliveries[-8:])
        outcome = self.random.choice(list(DeliveryState))
        again = later(self.steps + self.random.randint(1, 30)) if outcome is DeliveryState.PENDING else None
        now, counts = self.now, self.random.random() < 0.8

        async def settle(s: Storage) -> object:
            delivery_id = await _delivery_id(s, one)
            if delivery_id is None:
                return None
            settlement = Settlement(
                delivery_id=delivery_id,
                epoch=one.epoch,
                state=outcome,
                next_at=again,
                error="e",
                now=now,
                counts=counts,
            )
            return await s.settle_deliveries([settlement])

        return settle

    def lists(self) -> Operation:
        roll = self.random.random()
        limit = self.random.randint(1, 5)
        if roll < 0.4:
            before = self.a_session()
            sessions = SessionQuery(
                project_id="default",
                now=self.now,
                origin_owner_id=self.random.choice([None, *OWNERS]),
                statuses=frozenset(self.random.sample(list(SessionStatus), self.random.randint(0, 2))),
                limit=limit,
                before=(before.created_at, before.id) if roll < 0.2 else None,
            )
            return lambda s: s.sessions(sessions)
        if roll < 0.8:
            accounts = AccountQuery(
                project_id="default",
                origin_owner_ids=frozenset(self.random.sample(OWNERS, self.random.randint(0, 2))),
                statuses=frozenset(self.random.sample(list(AccountStatus), self.random.randint(0, 3))),
                enabled_providers=frozenset(self.random.sample(PROVIDERS, self.random.randint(0, 3))),
                limit=limit,
                offset=self.random.randint(0, 2),
                before=(later(self.random.randint(0, self.steps)), "acc-5") if roll < 0.6 else None,
            )
            return lambda s: s.accounts(accounts)
        of = self.a_session()
        if roll < 0.9:
            return lambda s: s.attempts(of.id, limit=limit)
        return lambda s: s.session_for_token(of.jti, api_key_id="k1")

    def keys(self) -> Operation:
        name, now = str(self.pick("k1", "K1", "k2")), self.now
        roll = self.random.random()
        made = api_key(id=name, created_at=now)
        if roll < 0.4:
            return lambda s: s.create_api_key(made)
        if roll < 0.7:
            return lambda s: s.revoke_api_key("default", name, now=now)
        return lambda s: s.api_keys("default")

    def erase(self) -> Operation:
        owner, project, announce = self.random.choice(OWNERS), self.a_project(), self.announce(self.steps)
        return lambda s: s.erase_owner(project, owner, announce=announce)

    def purge(self) -> Operation:
        """In one batch: which rows of a batch go first is nobody's promise."""
        cut = later(self.steps - self.random.randint(50, 150))
        retention = Retention(
            sessions_before=cut,
            attempts_before=cut,
            events_before=cut,
            visits_before=cut,
            idempotency_before=cut,
            batch=10**6,
        )
        return lambda s: s.purge(retention)


_names: dict[int, dict[tuple[str, str], str]] = {}


async def _delivery_id(storage: Storage, delivery: Delivery) -> str | None:
    return _names[id(storage)].get((delivery.event_id, delivery.target))


def _seen(value: object) -> object:
    """`value` without what is the storage's own: lease ends (its clock) and the ids of deliveries."""
    if isinstance(value, Account):
        leased = value.refresh_lease_until is not None
        return dataclasses.replace(value, refresh_lease_until=NOW if leased else None)
    if isinstance(value, Delivery):
        return dataclasses.replace(value, id="")
    if isinstance(value, list | tuple):
        return [_seen(one) for one in value]
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return type(value), [_seen(getattr(value, f.name)) for f in dataclasses.fields(value)]
    return value


async def _outcome(storage: Storage, operation: Operation) -> object:
    try:
        result = await operation(storage)
    except (ConnectHubError, ZeroDivisionError) as error:
        return type(error), str(error)
    if isinstance(result, list):
        for one in result:
            if isinstance(one, Delivery):
                _names[id(storage)][one.event_id, one.target] = one.id
    return result


async def _everything(storage: Storage, walk: Walk) -> object:
    """All that can be read back."""
    sessions, accounts = [], []
    for project in PROJECTS:
        sessions += await storage.sessions(SessionQuery(project_id=project, now=walk.now, limit=10**6))
        accounts += await storage.accounts(AccountQuery(project_id=project, limit=10**6))
    return _seen(
        [
            sessions,
            [await storage.attempts(one.id, limit=10**6) for one in sessions],
            [await storage.stored_credentials(one.id) for one in accounts],
            [await storage.attempt(one.id) for one in walk.attempts],
            [await storage.state(digest(str(n))) for n in range(41)],
            [await storage.visit(digest(str(n))) for n in range(61)],
            [await storage.api_key(name) for name in ("k1", "K1", "k2")],
            await storage.backlog(),
        ]
    )


@pytest.mark.parametrize("seed", range(3))
async def test_memory_and_sql_agree(seed: int, database: Path) -> None:
    """After any sequence of operations both storages gave the same answers and hold the same rows."""
    engine = create_engine(f"sqlite:///{database}", connect_args={"isolation_level": "DEFERRED"})
    sql, memory = SQLStorage(engine), MemoryStorage(FixedClock(NOW))
    _names.update({id(sql): {}, id(memory): {}})
    walk = Walk(seed)
    done: list[str] = []
    succeeded = 0
    try:
        for step in range(400):
            name, operation = walk.next()
            expected = await _outcome(memory, operation)
            actual = await _outcome(sql, operation)
            done.append(name)
            assert _seen(actual) == _seen(expected), (seed, step, done[-5:])
            if isinstance(expected, list):
                walk.deliveries += [one for one in expected if isinstance(one, Delivery)]
            succeeded += name == "link" and not isinstance(expected, tuple)
            if step % 100 == 99:
                assert await _everything(sql, walk) == await _everything(memory, walk), (seed, step, done)
    finally:
        await sql.aclose()
        engine.dispose()
    assert succeeded >= 8  # a walk that links nothing would prove little
    assert walk.deliveries
