"""The embedded dispatcher fulfils the port's contract."""

from datetime import timedelta

import pytest

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
