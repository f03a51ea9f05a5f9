"""Whatever process is killed, and wherever: each account change is told, in order, and no other."""

import json
import random
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import anyio
import pytest
from sqlalchemy import Engine, select

from connect_hub.clock import FixedClock
from connect_hub.keys import new_key_text
from connect_hub.storage.protocol import DeliveryState
from connect_hub.storage.sql import Tables
from connect_hub.testing.receiver import WebhookReceiver
from connect_hub.webhooks import generate_secret
from tests.soak import rounds
from tests.worker.conftest import Place
from tests.worker.crashing import LABELS, NOW

ROOT = Path(__file__).resolve().parents[2]
ORDER = ("created", *LABELS, "deleted")


@pytest.mark.soak
async def test_whoever_is_killed_each_change_is_told_in_order_and_none_else(
    place: Place, tmp_path: Path, say: Callable[[str], None]
) -> None:
    """R1, R2, R3, R6, R14: web and worker processes are killed at armed points, over and over. Afterwards
    every change that was answered has been delivered, each account is as its last event says, nothing was
    delivered that was not asked for, an event has one id and one body in all its deliveries, and the events
    of an account arrive in their order."""
    runs, seed = rounds(20), random.randrange(10**6)
    secret, log = generate_secret(), tmp_path / "log"
    receiver = WebhookReceiver(secrets=[secret], clock=FixedClock(NOW))
    with receiver.serve() as url:
        arguments = (place.address, url, secret.reveal(), new_key_text(), str(log), str(runs), str(seed))
        command = [sys.executable, "-m", "tests.worker.crashing", *arguments]
        with anyio.fail_after(60 + 6 * runs):
            ended = await anyio.run_process(command, cwd=ROOT, check=False)
    assert ended.returncode == 0, f"seed {seed}: {ended.stderr.decode()[-3000:]}"
    assert receiver.refusals == ()
    noted = [tuple(json.loads(line)) for line in log.read_text().splitlines()]
    asked = {(owner, change) for word, owner, change in noted if word == "asked"}
    answered = {(owner, change) for word, owner, change in noted if word == "done"}

    written = _events(place.engine)
    told: dict[str, tuple[str, str]] = {event_id: _change(body) for event_id, body in written.items()}
    assert len(set(told.values())) == len(told), f"seed {seed}: one change was told as two events"
    assert answered <= set(told.values()) <= asked, f"seed {seed}"
    assert _as_the_accounts_are(place.engine) == _as_the_events_say(told.values()), f"seed {seed}"

    arrived = receiver.deliveries
    assert {one.id for one in arrived} == set(written), f"seed {seed}"
    assert all(one.body == written[one.id] for one in arrived), f"seed {seed}"
    by_account: dict[object, list[Any]] = defaultdict(list)
    for one in arrived:
        by_account[one.event["account_id"]].append(one.event["sequence"])
    for sequences in by_account.values():
        assert sequences == sorted(sequences), f"seed {seed}"
        assert sorted(set(sequences)) == list(range(1, max(sequences) + 1)), f"seed {seed}"
    assert place.states() == {DeliveryState.DELIVERED.value}, f"seed {seed}"
    repeated = len(arrived) - len(written)
    say(f"{place.name}: {runs} runs, {len(written)} events, {repeated} delivered again")


def _events(engine: Engine) -> dict[str, bytes]:
    events = Tables().events.c
    with engine.connect() as c:
        return {row.id: bytes(row.body) for row in c.execute(select(events.id, events.body))}


def _change(body: bytes) -> tuple[str, str]:
    """The owner, and the change as the log calls it."""
    event = json.loads(body)
    word = event["event"].removeprefix("account.")
    return event["origin_owner_id"], event["label"] if word == "updated" else word


def _as_the_accounts_are(engine: Engine) -> dict[str, str | None]:
    accounts = Tables().accounts.c
    with engine.connect() as c:
        rows = c.execute(select(accounts.origin_owner_id, accounts.label))
        return {row.origin_owner_id: row.label for row in rows}


def _as_the_events_say(told: Iterable[tuple[str, str]]) -> dict[str, str | None]:
    last: dict[str, str] = {}
    for owner, change in sorted(told, key=lambda one: ORDER.index(one[1])):
        last[owner] = change
    return {
        owner: None if change == "created" else change
        for owner, change in last.items()
        if change != "deleted"
    }
