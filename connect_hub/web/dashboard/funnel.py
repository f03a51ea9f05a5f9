"""How far customers came: one count, for every page that says it."""

from datetime import datetime

from connect_hub.clock import Clock
from connect_hub.flows.attempts import Attempts
from connect_hub.models import StepKind
from connect_hub.storage.protocol import MOST_COUNTED, FunnelRow
from connect_hub.web.dashboard.counting import Counted

__all__ = ["Funnels", "success"]


def success(row: FunnelRow) -> int:
    """Of a hundred that picked the provider, how many connected it."""
    picked, connected = row.sessions.get(StepKind.PICKED, 0), row.sessions.get(StepKind.CONNECTED, 0)
    return round(100 * min(connected, picked) / picked) if picked else 0


class Funnels:
    """The funnels of all projects, as they were counted last."""

    def __init__(self, clock: Clock, attempts: Attempts) -> None:
        self._attempts = attempts
        self._counted = Counted[list[FunnelRow]](clock)

    async def since(self, since: datetime, *, project: str, provider: str | None = None) -> list[FunnelRow]:
        """From `since` on, which is a `first_day`; of the newest steps, as far as counts go."""
        return await self._counted.get(
            (project, provider or "", since.isoformat()),
            lambda: self._attempts.funnel(since=since, provider=provider, project=project, most=MOST_COUNTED),
        )
