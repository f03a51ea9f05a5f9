"""What happened: events, their deliveries and the tries of them; and how to send them again."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from connect_hub.audit import AuditAction, AuditEntry
from connect_hub.clock import iso
from connect_hub.errors import (
    DeliveryNotFound,
    EndpointDisabled,
    EndpointNotFound,
    EventNotFound,
    FieldError,
    ValidationFailed,
)
from connect_hub.events import DEFAULT_EVENTS
from connect_hub.flows.audit import AuditLog
from connect_hub.flows.core import Core
from connect_hub.flows.endpoints import Endpoints
from connect_hub.models import Json
from connect_hub.storage.protocol import (
    DeliveryAttempt,
    DeliveryQuery,
    DeliveryRecord,
    DeliveryState,
    EventQuery,
    EventRecord,
    Replay,
    Replayed,
)
from connect_hub.webhooks.targets import endpoint_of, webhook_target

__all__ = ["LONGEST_REPLAY", "DeliveryDetails", "EventDetails", "Events"]

LONGEST_REPLAY = timedelta(days=30)
_ON_THE_WAY = timedelta(minutes=5)
"""Added to it: whoever counts back from their own now is not refused for being late."""
"""As long as events are kept unless the operator purges otherwise."""
_BATCH = 500
_MOST_DELIVERIES = 200


@dataclass(frozen=True, slots=True)
class EventDetails:
    """An event, and where it went."""

    event: EventRecord
    deliveries: tuple[DeliveryRecord, ...]
    """The newest 200."""


@dataclass(frozen=True, slots=True)
class DeliveryDetails:
    """A delivery and its tries, in their order."""

    delivery: DeliveryRecord
    attempts: tuple[DeliveryAttempt, ...]


class Events:
    """The history of a project's events."""

    def __init__(self, core: Core, endpoints: Endpoints) -> None:
        self._core = core
        self._endpoints = endpoints
        self._audit = AuditLog(core)

    async def get(self, event_id: str, *, project: str = "default") -> EventDetails:
        """An event and its deliveries. Raises EventNotFound."""
        await self._ready(project)
        event = await self._core.storage.event(project, event_id)
        if event is None:
            raise EventNotFound
        query = DeliveryQuery(project_id=project, event_id=event_id, limit=_MOST_DELIVERIES)
        return EventDetails(event, tuple(await self._core.storage.deliveries(query)))

    async def deliveries(
        self,
        *,
        project: str = "default",
        endpoint_id: str | None = None,
        states: Collection[DeliveryState] = (),
        limit: int = 25,
        before: tuple[datetime, str] | None = None,
    ) -> list[DeliveryRecord]:
        """The project's deliveries, newest first; of one endpoint, if named. Raises EndpointNotFound."""
        await self._ready(project)
        if endpoint_id is not None:
            await self._endpoints.get(endpoint_id, project=project)
        target = None if endpoint_id is None else webhook_target(project, endpoint_id)
        return await self._core.storage.deliveries(
            DeliveryQuery(project_id=project, target=target, states=states, before=before, limit=limit)
        )

    async def delivery(self, delivery_id: str, *, project: str = "default") -> DeliveryDetails:
        """A delivery and its tries. Raises DeliveryNotFound."""
        await self._ready(project)
        found = await self._core.storage.delivery(project, delivery_id)
        if found is None:
            raise DeliveryNotFound
        tries = await self._core.storage.delivery_attempts(project, delivery_id)
        return DeliveryDetails(found, tuple(tries))

    async def resend(self, delivery_id: str, *, project: str = "default") -> DeliveryRecord:
        """Send the same event to the same target again, at once, with the same event id.

        Returns the delivery that does it. Raises DeliveryNotFound; EndpointNotFound or EndpointDisabled where
        its endpoint is not there any more, or disabled.
        """
        found = (await self.delivery(delivery_id, project=project)).delivery
        if found.endpoint_id is not None:
            endpoint = await self._endpoints.stored(found.endpoint_id, project)
            if not endpoint.enabled:
                raise EndpointDisabled
        else:
            name = endpoint_of(found.target)
            if name is not None and self._endpoints.configured(name, project) is None:
                raise EndpointNotFound
        note = self._audit.entry(project, AuditAction.DELIVERY_RESENT, delivery_id)
        now = self._core.clock.now()
        again = await self._core.storage.resend(project, delivery_id, now=now, note=note)
        if again is None:
            raise DeliveryNotFound
        self._core.wake()
        return again

    async def replay(
        self,
        endpoint_id: str,
        *,
        since: datetime,
        until: datetime | None = None,
        include_delivered: bool = False,
        project: str = "default",
        on_batch: Callable[[int, datetime], None] | None = None,
    ) -> int:
        """Send an endpoint what happened from `since` on and before `until` (now), as far as it wants it, and
        return how many events that is. What waits for it anyway, and unless `include_delivered` what it took,
        is left out. The events keep their ids. `on_batch` is called after each batch but the last with how
        many events that is so far, and up to which instant. The audit log has an entry for each batch, of 500
        events at most, written with it.

        Raises ValidationFailed for a span that reaches back over 30 days, EndpointNotFound, EndpointDisabled.
        """
        names, providers, stored_id = await self._wanted(endpoint_id, project)
        now = self._core.clock.now()
        end = now if until is None else until
        _check_instant("since", since)
        _check_instant("until", end)
        self.check_span(since)
        if since > end:
            raise ValidationFailed(FieldError("since", "is later than the end"))
        made, after = 0, None

        def note(batch: Replayed) -> AuditEntry | None:
            if made and not batch.deliveries:
                return None
            told: dict[str, Json] = {"since": iso(since), "events": batch.deliveries}
            return self._audit.entry(project, AuditAction.ENDPOINT_REPLAYED, endpoint_id, after=told)

        while True:
            batch = await self._core.storage.replay(
                Replay(
                    project_id=project,
                    target=webhook_target(project, endpoint_id),
                    endpoint_id=stored_id,
                    names=names,
                    providers=providers,
                    since=since,
                    until=end,
                    include_delivered=include_delivered,
                    after=after,
                    limit=_BATCH,
                    now=now,
                ),
                note=note,
            )
            made, after = made + batch.deliveries, batch.after
            if after is None:
                break
            if on_batch is not None:
                on_batch(made, after[0])
        if made:
            self._core.wake()
        return made

    def check_span(self, since: datetime) -> None:
        """Raises ValidationFailed for an instant that no replay reaches back to."""
        if since < self._core.clock.now() - LONGEST_REPLAY - _ON_THE_WAY:
            days = LONGEST_REPLAY // timedelta(days=1)
            raise ValidationFailed(FieldError("since", f"can be at most {days} days ago"))
        if since > self._core.clock.now():
            raise ValidationFailed(FieldError("since", "lies in the future"))

    async def list(
        self,
        *,
        project: str = "default",
        names: Collection[str] = (),
        account_id: str | None = None,
        origin_owner_id: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 25,
        before: tuple[datetime, str] | None = None,
    ) -> list[EventRecord]:
        """The project's events, newest first; `before` is (created_at, id) of the last one of a page."""
        await self._ready(project)
        return await self._core.storage.events(
            EventQuery(
                project_id=project,
                names=names,
                record_id=account_id,
                owner_id=origin_owner_id,
                since=since,
                until=until,
                before=before,
                limit=limit,
            )
        )

    async def _wanted(
        self, endpoint_id: str, project: str
    ) -> tuple[Collection[str], Collection[str] | None, str | None]:
        """What the endpoint subscribed to, and its id if it is of the database."""
        configured = self._endpoints.configured(endpoint_id, project)
        if configured is not None:
            await self._core.ready()
            return configured.events, configured.providers, None
        stored = await self._endpoints.stored(endpoint_id, project)
        if not stored.enabled:
            raise EndpointDisabled
        return DEFAULT_EVENTS if stored.events is None else stored.events, stored.providers, stored.id

    async def _ready(self, project: str) -> None:
        self._core.project(project)
        await self._core.ready()


def _check_instant(name: str, moment: object) -> None:
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise ValidationFailed(
            FieldError(
                name, "must be a datetime with a time zone, such as datetime.now(UTC) - timedelta(days=1)"
            )
        )
