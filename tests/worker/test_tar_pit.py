"""One endpoint that never answers, among twenty."""

import asyncio
from collections import Counter
from datetime import timedelta
from pathlib import Path

from connect_hub import HubConfig, Project, Secret, Webhook
from connect_hub.flows.lanes import LANE, PLACES
from connect_hub.net import Answer, Limits
from connect_hub.net.answer import Headers
from connect_hub.storage.protocol import DeliveryState
from connect_hub.testing import InProcessTransport
from connect_hub.testing.storage.values import event
from connect_hub.testing.tally import Tally
from connect_hub.webhooks import generate_secret
from connect_hub.worker.embedded import EmbeddedDispatcher
from tests.hubs import API_KEY, Hub, deliver_by, make_hub

ENDPOINTS, EVENTS = 20, 20
TAR_PIT = "https://hooks.test/0"
PATIENCE = 60.0


class Hooks(InProcessTransport):
    """All endpoints answer at once, but the tar pit: it keeps each request until it is let go."""

    def __init__(self, made: Hub) -> None:
        super().__init__(made.provider)
        self.answered: Counter[str] = Counter()
        self.good, self.kept, self.gate = Tally(), 0, asyncio.Event()

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: object = None,
        content: bytes | Secret | None = None,
        limits: Limits | None = None,
    ) -> Answer:
        if url == TAR_PIT and not self.gate.is_set():
            self.kept += 1
            await self.gate.wait()
        self.answered[url] += 1
        if url != TAR_PIT:
            self.good.add()
        return Answer(204, Headers([]), b"")


async def test_nineteen_get_everything_while_one_answers_nothing(tmp_path: Path) -> None:
    """R20: all events of the other endpoints arrive while the tar pit holds no more than its lane, however
    many wait for it; let go, it gets its own as well."""
    webhooks = [
        Webhook(url=f"https://hooks.test/{n}", secrets=[generate_secret()], name=f"n{n}")
        for n in range(ENDPOINTS)
    ]
    project = Project(api_keys=[Secret(API_KEY)], webhooks=webhooks)
    made = make_hub(tmp_path, config=HubConfig(projects={"default": project}))
    hooks = Hooks(made)
    deliver_by(made, hooks)
    storage = made.hub.deliveries._core.storage
    targets = tuple(f"webhook:default/n{n}" for n in range(ENDPOINTS))
    now = made.clock.now()
    await storage.record(
        [event(record_id=f"acc_{n}", targets=targets, created_at=now) for n in range(EVENTS)]
    )
    dispatcher = EmbeddedDispatcher(made.hub.deliveries, interval=timedelta(days=1))
    dispatcher.start()
    await hooks.good.reached((ENDPOINTS - 1) * EVENTS, PATIENCE)
    assert set(hooks.answered.values()) == {EVENTS}
    assert TAR_PIT not in hooks.answered
    assert 1 <= hooks.kept <= LANE < PLACES
    hooks.gate.set()
    async with asyncio.timeout(PATIENCE):
        while (await storage.backlog()).by_state[DeliveryState.PENDING]:  # noqa: ASYNC110 - the last ones
            await asyncio.sleep(0.01)
    await dispatcher.stop()
    assert hooks.answered == {f"https://hooks.test/{n}": EVENTS for n in range(ENDPOINTS)}
