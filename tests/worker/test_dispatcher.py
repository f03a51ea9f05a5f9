"""The embedded dispatcher fulfils the port's contract."""

from datetime import timedelta

import pytest

from connect_hub import ConnectHub, HubConfig, KeyRing, MemoryStorage
from connect_hub.keys import new_key_text
from connect_hub.testing.dispatcher import DispatcherConformance
from connect_hub.worker import embedded
from connect_hub.worker.dispatcher import Dispatcher, Jobs
from connect_hub.worker.embedded import EmbeddedDispatcher


class TestEmbedded(DispatcherConformance):
    """The tasks in the host's process; a look by itself comes so late that no clause rests on it."""

    @pytest.fixture(autouse=True)
    def _quickly(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(embedded, "_FINISH_WITHIN", timedelta(milliseconds=500))

    def dispatcher(self, jobs: Jobs) -> Dispatcher:
        return EmbeddedDispatcher(jobs, interval=timedelta(days=1))


class Desk:
    """A dispatcher of a host's own: it notes what it was told, and runs nothing."""

    def __init__(self, jobs: Jobs) -> None:
        self.jobs = jobs
        self.told: list[str] = []

    def start(self) -> None:
        self.told.append("start")

    def wake(self) -> None:
        self.told.append("wake")

    async def stop(self) -> None:
        self.told.append("stop")


async def test_a_host_may_bring_its_own() -> None:
    """The configured factory makes who runs the hub's deliveries: it is started at the first use, woken when
    something becomes due, and stopped with the hub; the embedded one is not made at all."""
    desks: list[Desk] = []

    def make(jobs: Jobs) -> Dispatcher:
        desks.append(Desk(jobs))
        return desks[-1]

    hub = ConnectHub(
        public_url="https://hub.test/connect",
        keys=KeyRing.from_text(new_key_text()),
        storage=MemoryStorage(),
        connectors=["bamboohr"],
        config=HubConfig(dispatcher=make),
    )
    endpoint = await hub.endpoints.create(url="https://hooks.test/in")
    await hub.endpoints.test(endpoint.endpoint.id)
    [desk] = desks
    assert desk.jobs is hub.deliveries
    assert desk.told == ["start", "wake"]
    await hub.aclose()
    assert desk.told == ["start", "wake", "stop"]
