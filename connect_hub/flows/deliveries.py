"""Events on their way: claimed from the outbox, handed over, settled."""

import asyncio
import inspect
import logging
import random
from datetime import timedelta

from connect_hub.callbacks import HANDLER
from connect_hub.config import Webhook
from connect_hub.events import Event
from connect_hub.flows.core import Core
from connect_hub.net import Transport
from connect_hub.storage.protocol import Delivery
from connect_hub.webhooks.delivery import Outcome, next_try, post
from connect_hub.webhooks.targets import WEBHOOK

__all__ = ["Deliveries"]

log = logging.getLogger("connect_hub.deliveries")

_LEASE = timedelta(seconds=60)
_BATCH = 20
_HANDLER_LIMIT = 45.0
"""Seconds that a callback may take: less than the lease, or another worker would call it as well."""


class Deliveries:
    """Takes due deliveries that this process can serve, and carries them out."""

    def __init__(
        self, core: Core, transport: Transport, *, random_source: random.Random | None = None
    ) -> None:
        self._core = core
        self._transport = transport
        self._random = random.Random() if random_source is None else random_source  # noqa: S311  # jitter
        self._endpoints: dict[str, Webhook] = {
            f"{WEBHOOK}{project_id}/{webhook.name}": webhook
            for project_id, project in core.config.projects.items()
            for webhook in project.webhooks
        }

    @property
    def targets(self) -> frozenset[str]:
        """What this process can serve; deliveries to anything else wait for a process that can."""
        return frozenset({*self._endpoints, *self._core.callbacks.all_targets()})

    async def run_due(self) -> int:
        """Carry out one batch of what is due now; returns how many were tried. Safe in many processes."""
        targets = self.targets
        if not targets:
            return 0
        now = self._core.clock.now()
        claimed = await self._core.storage.claim_deliveries(targets, limit=_BATCH, lease=_LEASE, now=now)
        await asyncio.gather(*(self._carry_out(delivery) for delivery in claimed))
        return len(claimed)

    async def _carry_out(self, delivery: Delivery) -> None:
        if delivery.target.startswith(HANDLER):
            outcome = await self._call(delivery)
        else:
            outcome = await post(
                self._endpoints[delivery.target], delivery, transport=self._transport, clock=self._core.clock
            )
        now = self._core.clock.now()
        state, next_at = next_try(
            outcome, attempts=delivery.attempts + 1, now=now, random_source=self._random
        )
        if not outcome.delivered:
            log.warning(
                "event %s to %s: %s; %s after %d tries",
                delivery.event_id,
                delivery.target,
                outcome.error,
                state.value,
                delivery.attempts + 1,
            )
        await self._core.storage.settle_delivery(
            delivery.id, epoch=delivery.epoch, state=state, next_at=next_at, error=outcome.error, now=now
        )

    async def _call(self, delivery: Delivery) -> Outcome:
        callback = self._core.callbacks.get(delivery.target)
        if callback is None:
            return Outcome(False, "this process has no such callback")
        event = Event.from_body(delivery.event_id, delivery.body)
        surroundings = self._core.callbacks.surroundings

        def call_plain() -> object:
            with surroundings():
                return callback.function(event)

        try:
            async with asyncio.timeout(_HANDLER_LIMIT):
                if inspect.iscoroutinefunction(callback.function):
                    await callback.function(event)
                else:
                    # A plain function may block: it gets a thread, so that the event loop goes on.
                    result = await asyncio.to_thread(call_plain)
                    if inspect.isawaitable(result):
                        await result
        except TimeoutError:
            return Outcome(False, f"the callback took longer than {_HANDLER_LIMIT:.0f} s")
        except Exception as error:
            log.exception("the callback %s failed", callback.name)
            return Outcome(False, f"the callback raised {type(error).__name__}")
        return Outcome(True)
