"""What a project's overview counts."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from connect_hub.flows.core import Core
from connect_hub.flows.endpoints import Endpoints
from connect_hub.models import AccountStatus
from connect_hub.storage.protocol import MOST_COUNTED, DeliveryState
from connect_hub.webhooks.targets import webhook_target

__all__ = ["Overview", "overview"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """Counts of one project, and which of them are not of all there is."""

    accounts: Mapping[AccountStatus, int]
    """By the status that the outside sees; those of none are left out."""
    cut_statuses: frozenset[AccountStatus]
    """Those of which there may be more."""
    connected: Mapping[datetime, int]
    """Accounts by the day (UTC) on which they were connected; days without are left out."""
    connected_cut: bool
    """Whether more may have been connected, on the first of these days and before."""
    deliveries: Mapping[DeliveryState, int]
    """Those to the project's endpoints, by state; those of none are left out."""
    deliveries_cut: bool
    """Whether there may be deliveries of older events."""


async def overview(
    core: Core,
    endpoints: Endpoints,
    *,
    since: datetime,
    project: str = "default",
    most: int = MOST_COUNTED,
) -> Overview:
    """What happened since then, and the accounts as they are; no row is counted past `most`."""
    await core.ready()
    offer = await core.offer(project)
    targets = [webhook_target(project, one.id) for one in await endpoints.list(project=project)]
    figures = await core.storage.figures(project, since=since, targets=targets, most=most)
    accounts: Counter[AccountStatus] = Counter()
    cut = set(figures.cut_statuses)
    for kind, count in figures.accounts.items():
        usable = offer.is_usable(kind.provider, kind.method)
        status = kind.status if usable else AccountStatus.INACTIVE
        accounts[status] += count
        if kind.status in figures.cut_statuses:
            cut.add(status)
    return Overview(
        accounts=dict(accounts),
        cut_statuses=frozenset(cut & accounts.keys()),
        connected=figures.connected,
        connected_cut=figures.connected_cut,
        deliveries=figures.deliveries,
        deliveries_cut=figures.deliveries_cut,
    )
