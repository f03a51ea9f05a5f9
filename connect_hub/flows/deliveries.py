"""Events on their way: claimed from the outbox, handed over, settled."""

import asyncio
import inspect
import logging
import os
import random
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from time import monotonic

from connect_hub.callbacks import HANDLER, Callback
from connect_hub.clock import iso
from connect_hub.events import Event
from connect_hub.flows.core import Core
from connect_hub.flows.endpoint_health import after_failure, after_success, unchanged
from connect_hub.flows.expiry import Expiry
from connect_hub.flows.lanes import Lanes
from connect_hub.flows.receivers import ConfiguredReceiver, StoredReceiver, targets_of
from connect_hub.flows.settling import Settling
from connect_hub.net import Transport
from connect_hub.storage.protocol import (
    Delivery,
    DeliveryAttempt,
    DeliveryState,
    Judge,
    NewEvent,
    Settlement,
    WebhookEndpoint,
)
from connect_hub.webhooks.delivery import Outcome, Receiver, next_try, post
from connect_hub.webhooks.targets import webhook_target

__all__ = ["Deliveries"]

log = logging.getLogger("connect_hub.deliveries")

_LEASE = timedelta(seconds=60)
_SLOW = 2.0
"""Seconds after which a try counts as slow: one of these is worth less than room for another target."""
_STALE = 5.0
"""Seconds that one which is claimed may wait for its turn."""
_HANDLER_LIMIT = 45.0
"""Seconds that a callback may take: less than the lease, or another worker would call it as well."""


class Deliveries:
    """Takes due deliveries that this process can serve, and carries them out."""

    def __init__(
        self,
        core: Core,
        transport: Transport,
        *,
        outside: Transport,
        random_source: random.Random | None = None,
    ) -> None:
        """`transport` posts to endpoints of the configuration, which may be inside; `outside` to those of the
        database, which whoever has an API key can enter."""
        self._core = core
        self._transport = transport
        self._outside = outside
        self._random = random.Random() if random_source is None else random_source  # noqa: S311  # jitter
        self._expiry = Expiry(core)
        self._begin_afresh()
        self._configured = {
            webhook_target(project_id, webhook.name): ConfiguredReceiver.of(webhook)
            for project_id, project in core.config.projects.items()
            for webhook in project.webhooks
        }

    def _begin_afresh(self) -> None:
        """With nothing under way, as in a forked child, where nothing of its parent's goes on."""
        self._process = os.getpid()
        self._lanes = Lanes()
        lanes = self._lanes
        self._settling = Settling(self._core.storage, more=lambda: lanes.busy)
        self._lock = threading.Lock()
        self._stuck: Counter[str] = Counter()
        """How many calls of a plain callback are still in their threads although they took too long."""

    @property
    def targets(self) -> frozenset[str]:
        """What this process can serve, besides the endpoints of the database, which any can; deliveries to
        anything else wait for a process that can.

        A plain callback that has not come back in time is left alone until it does: it cannot be stopped,
        and calling it once more would only take one more thread.
        """
        served = {*self._configured, *self._core.callbacks.all_targets()}
        return frozenset(target for target in served if not self._stuck[target])

    async def claim(self) -> Sequence[Callable[[], Awaitable[None]]]:
        """Take what is due now and what there is room for; each is to be called, and ends with its outcome
        written down. Safe in many processes.

        There is room for so many at once, and for so many to one target: see `Lanes`.
        """
        if self._process != os.getpid():
            self._begin_afresh()
        await self._expiry.look()
        free = self._lanes.free
        if free <= 0:
            return ()
        now = self._core.clock.now()
        stored = targets_of(await self._core.storage.endpoints_due(now=now))
        room = self._lanes.room(self.targets | stored.keys())
        if not room:
            return ()
        claimed = await self._core.storage.claim_deliveries(room, limit=free, lease=_LEASE, now=now)
        for delivery in claimed:
            self._lanes.enter(delivery.target)
        at = monotonic()
        return [partial(self._carry_out, one, stored.get(one.target), at) for one in claimed]

    async def run_due(self) -> int:
        """Take of what is due now as much as there is room for, and wait until all of it has been tried;
        returns how many were. Call it until that is 0. Raises what went wrong first, once all have ended."""
        claimed = await self.claim()
        ended = await asyncio.gather(*(carry_out() for carry_out in claimed), return_exceptions=True)
        for fault in ended:
            if isinstance(fault, BaseException):
                raise fault
        return len(claimed)

    async def _carry_out(
        self, delivery: Delivery, endpoint: WebhookEndpoint | None, claimed_at: float
    ) -> None:
        delivered, began = False, claimed_at
        try:
            async with self._lanes.turn(delivery.target) as waited:
                began, tried = monotonic(), None
                if not waited or began - claimed_at < _STALE:
                    tried = await self._try(delivery, endpoint)
                    delivered = tried[0].delivered
        except asyncio.CancelledError:
            # Told to stop: another worker need not wait for the lease to run out.
            now = self._core.clock.now()
            await self._hand_back(delivery, "interrupted", now)
            raise
        finally:
            took = monotonic() - began
            self._lanes.leave(delivery.target, well=delivered and took < _SLOW, took=took)
        now = self._core.clock.now()
        if tried is None:
            # Those before it took long. What is known of the endpoint is old, and another worker may be free.
            await self._hand_back(delivery, None, now, None if endpoint is None else unchanged)
            return
        outcome, fault = tried
        state, next_at = next_try(
            outcome, attempts=delivery.attempts + 1, now=now, random_source=self._random
        )
        if endpoint is not None and endpoint.deleted_at is None:
            # It is held where it is written down, unless the endpoint was enabled or moved meanwhile.
            if not endpoint.enabled:
                await self._hand_back(delivery, outcome.error, now, unchanged)
                return
            if outcome.gone:
                state, next_at = DeliveryState.PENDING, now
        if not outcome.delivered:
            _tell(delivery, outcome, next_at, fault)
        turned_off: list[WebhookEndpoint] = []
        judge = self._judge(endpoint, outcome, now, turned_off.append)
        await self._settle(delivery, outcome, state, next_at, now, judge)
        if turned_off:
            log.error(
                "webhook endpoint %s is disabled: %s. What waits for it is held until it is enabled again",
                turned_off[0].id,
                "it answered 410" if outcome.gone else "nothing but failures came from it for five days",
            )

    def _judge(
        self,
        endpoint: WebhookEndpoint | None,
        outcome: Outcome,
        now: datetime,
        turned_off: Callable[[WebhookEndpoint], None],
    ) -> Judge | None:
        """What the outcome means for the endpoint; None: nothing."""
        if endpoint is None:
            return None
        if outcome.attempt is None:
            return None if endpoint.enabled else unchanged
        began = outcome.attempt.started_at
        if outcome.delivered:
            return None if endpoint.failing_since is None else after_success(endpoint.url, began=began)
        judge = after_failure(
            endpoint.url, began=began, now=now, gone=outcome.gone, targets=self._core.targets
        )

        def judging(before: WebhookEndpoint) -> tuple[WebhookEndpoint, Sequence[NewEvent]]:
            after, events = judge(before)
            if before.enabled and not after.enabled:
                turned_off(after)
            return after, events

        return judging

    async def _hand_back(
        self, delivery: Delivery, why: str | None, now: datetime, judge: Judge | None = None
    ) -> None:
        """Nothing came of it: due at once, with as many tries before it as when it was claimed."""
        await self._settling.settle(
            Settlement(
                delivery_id=delivery.id,
                epoch=delivery.epoch,
                state=DeliveryState.PENDING,
                next_at=now,
                error=why,
                now=now,
                counts=False,
                judge=judge,
            )
        )

    async def _settle(
        self,
        delivery: Delivery,
        outcome: Outcome,
        state: DeliveryState,
        next_at: datetime | None,
        now: datetime,
        judge: Judge | None = None,
    ) -> None:
        await self._settling.settle(
            Settlement(
                delivery_id=delivery.id,
                epoch=delivery.epoch,
                state=state,
                next_at=next_at,
                error=outcome.error,
                now=now,
                attempt=outcome.attempt,
                judge=judge,
            )
        )

    async def _try(
        self, delivery: Delivery, endpoint: WebhookEndpoint | None
    ) -> tuple[Outcome, BaseException | None]:
        """What became of it, and what was raised, by a callback or by a fault of ours."""
        clock = self._core.clock
        try:
            if delivery.target.startswith(HANDLER):
                began, started_at = monotonic(), clock.now()
                outcome, fault = await self._call(delivery)
                took = max(0, round((monotonic() - began) * 1000))
                tried = DeliveryAttempt(started_at=started_at, duration_ms=took, error=outcome.error)
                return replace(outcome, attempt=tried), fault
            webhook: Receiver
            transport = self._transport if endpoint is None else self._outside
            if endpoint is None:
                webhook = self._configured[delivery.target]
            elif endpoint.deleted_at is not None:
                return Outcome(False, "the endpoint was deleted", gone=True), None
            elif not endpoint.enabled:
                return Outcome(False, "the endpoint is disabled"), None
            else:
                webhook = StoredReceiver.of(endpoint, self._core.vault, clock.now())
            return await post(webhook, delivery, transport=transport, clock=clock), None
        except Exception as error:
            # A fault of ours must not keep the delivery for ever, nor those behind it.
            return Outcome(False, f"it could not be tried: {type(error).__name__}"), error

    async def _call(self, delivery: Delivery) -> tuple[Outcome, BaseException | None]:
        callback = self._core.callbacks.get(delivery.target)
        if callback is None:
            return Outcome(False, "this process has no such callback"), None
        if delivery.event_name not in callback.events:
            # Another release of the host has it for this event too: left for that one.
            return Outcome(False, f"this process has the callback, but not for {delivery.event_name}"), None
        event = Event.from_body(delivery.event_id, delivery.body)
        try:
            async with asyncio.timeout(_HANDLER_LIMIT):
                if inspect.iscoroutinefunction(callback.function):
                    await callback.function(event)
                else:
                    await self._call_plain(callback, event, delivery.target)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if task is None or task.cancelling():
                raise  # told to stop
            return Outcome(False, "the callback was cancelled"), None
        except TimeoutError:
            return Outcome(False, f"the callback took longer than {_HANDLER_LIMIT:.0f} s"), None
        except (Exception, SystemExit) as error:
            # SystemExit too: a callback that calls sys.exit() must not end the host's event loop.
            return Outcome(False, f"the callback raised {type(error).__name__}"), error
        return Outcome(True), None

    async def _call_plain(self, callback: Callback, event: Event, target: str) -> None:
        """Call it in a thread, since it may block: the event loop goes on."""
        surroundings, lock = self._core.callbacks.surroundings, self._lock
        running = abandoned = False

        def call() -> object:
            nonlocal running
            with lock:
                if abandoned:
                    return None
                running = True
            try:
                with surroundings():
                    return callback.function(event)
            finally:
                with lock:
                    running = False
                    if abandoned:
                        self._stuck[target] -= 1

        try:
            result = await asyncio.to_thread(call)
        except asyncio.CancelledError:
            with lock:
                abandoned = True
                if running:
                    self._stuck[target] += 1
            raise
        if inspect.isawaitable(result):
            await result


def _tell(
    delivery: Delivery, outcome: Outcome, next_at: datetime | None, fault: BaseException | None
) -> None:
    """One record for each try that failed; with what was raised, if anything was."""
    tries = delivery.attempts + 1
    log.log(
        logging.WARNING if fault is None else logging.ERROR,
        "event %s to %s: %s; %s after %d %s",
        delivery.event_id,
        delivery.target,
        outcome.error,
        "given up" if next_at is None else f"next try at {iso(next_at)}",
        tries,
        "try" if tries == 1 else "tries",
        exc_info=fault,
    )
