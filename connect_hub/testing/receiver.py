"""`WebhookReceiver`: an endpoint that verifies, records and answers webhooks as a test or a demo tells it."""

import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from connect_hub.clock import Clock, SystemClock
from connect_hub.errors import WebhookInvalid
from connect_hub.secret import Secret
from connect_hub.testing.serving import serving
from connect_hub.testing.tally import Hold, Tally
from connect_hub.webhooks import verify

__all__ = ["Answer", "Delivery", "Refusal", "WebhookReceiver"]

_SYSTEM_CLOCK = SystemClock()
_MAX_BODY = 1_048_576


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One request whose signature was right."""

    id: str
    """`webhook-id`: the same when the same event is delivered again."""
    event: Mapping[str, object]
    type: str
    """The event's `type`, such as `account.created`; empty when it has none."""
    at: datetime
    path: str
    status: int
    """What it was answered."""
    headers: Mapping[str, str] = field(repr=False)
    """Names in lower case."""
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One request that was not verified, and answered 401."""

    reason: str
    """WebhookInvalid's: `headers`, `timestamp`, `signature`, `body`, `secret`."""
    message: str
    at: datetime
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What to say to a delivery. The body is read and the delivery counted in any case."""

    status: int = 204
    headers: Mapping[str, str] = field(default_factory=dict)
    """Such as `Retry-After`."""
    hold: Hold | None = None
    """Answer only when it is released: a slow receiver."""


@dataclass
class _Script:
    answer: Answer
    event_type: str | None
    left: int | None


class WebhookReceiver:
    """An ASGI application that takes POSTs on any path; `serve()` puts it on a socket.

    Deliveries are verified by `connect_hub.webhooks.verify`, so that a test which gets one has seen a right
    signature. Any thread may wait, script and read.
    """

    def __init__(
        self,
        *,
        secrets: Sequence[Secret],
        clock: Clock = _SYSTEM_CLOCK,
        on_delivery: Callable[[Delivery], None] | None = None,
    ) -> None:
        self._secrets = tuple(secrets)
        self._clock = clock
        self._on_delivery = on_delivery
        self._lock = threading.Lock()
        self._deliveries: list[Delivery] = []
        self._refusals: list[Refusal] = []
        self._scripts: list[_Script] = []
        self._tallies: defaultdict[str | None, Tally] = defaultdict(Tally)

    def trust(self, *secrets: Secret) -> None:
        """Verify with these from now on, as a host does that rotates."""
        self._secrets = secrets

    def answer(self, answer: Answer, *, event_type: str | None = None, times: int | None = None) -> None:
        """Answer the next `times` deliveries (None: all) of `event_type` (None: of any) in this way.

        Several are used up in the order they were given; 204 when none applies. Raises ValueError for
        `times` below 1.
        """
        if times is not None and times < 1:
            raise ValueError("times is at least 1, or None for all")
        with self._lock:
            self._scripts.append(_Script(answer, event_type, times))

    def clear_answers(self) -> None:
        """Forget the script and let go of whoever is held."""
        with self._lock:
            scripts, self._scripts = self._scripts, []
        for script in scripts:
            if script.answer.hold is not None:
                script.answer.hold.release()

    @property
    def deliveries(self) -> tuple[Delivery, ...]:
        """All verified ones, repeated ones too, in order of arrival."""
        with self._lock:
            return tuple(self._deliveries)

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        """What could not be verified, in order of arrival."""
        with self._lock:
            return tuple(self._refusals)

    def events(self, event_type: str | None = None) -> list[Mapping[str, object]]:
        """Each event once, by `webhook-id`, in order of first arrival."""
        firsts = {delivery.id: delivery for delivery in reversed(self.deliveries)}
        kept = [delivery for delivery in self.deliveries if firsts[delivery.id] is delivery]
        return [delivery.event for delivery in kept if event_type in (None, delivery.type)]

    def wait_for(
        self, count: int = 1, timeout: float = 5.0, *, event_type: str | None = None
    ) -> tuple[Delivery, ...]:
        """Block until `count` deliveries (of one type) have come; all deliveries so far.

        Raises TimeoutError after `timeout` seconds; it says how many came.
        """
        self._tally(event_type).wait(count, timeout)
        return self.deliveries

    async def arrived(
        self,
        count: int = 1,
        timeout: float = 5.0,  # noqa: ASYNC109 - as `wait_for` has it
        *,
        event_type: str | None = None,
    ) -> tuple[Delivery, ...]:
        """`wait_for` for a task, on any event loop."""
        await self._tally(event_type).reached(count, timeout)
        return self.deliveries

    @contextmanager
    def serve(self) -> Iterator[str]:
        """Serve on a free port of 127.0.0.1 from a thread; yields the base URL. Needs uvicorn."""
        with serving(self, before_stop=self.clear_answers) as base_url:
            yield base_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        request = Request(scope, receive)
        await (await self._receive(request))(scope, receive, send)

    async def _receive(self, request: Request) -> Response:
        if request.method != "POST":
            return Response(status_code=405, headers={"allow": "POST"})
        body = bytearray()
        async for chunk in request.stream():
            body += chunk
            if len(body) > _MAX_BODY:
                return Response(status_code=413)
        path = request.scope["path"]
        headers = request.headers
        try:
            event = verify(bytes(body), headers, self._secrets, clock=self._clock)
        except WebhookInvalid as error:
            refusal = Refusal(reason=error.reason, message=error.message, at=self._clock.now(), path=path)
            with self._lock:
                self._refusals.append(refusal)
            return Response(error.message, 401, media_type="text/plain")
        event_type = event.get("type")
        kind = event_type if isinstance(event_type, str) else ""
        answer = self._next_answer(kind)
        delivery = Delivery(
            id=headers["webhook-id"],
            event=event,
            type=kind,
            at=self._clock.now(),
            path=path,
            status=answer.status,
            headers=dict(headers),
            body=bytes(body),
        )
        self._take(delivery)
        if answer.hold is not None:
            await answer.hold.stop_here()
        return Response(status_code=answer.status, headers=dict(answer.headers))

    def _take(self, delivery: Delivery) -> None:
        with self._lock:
            self._deliveries.append(delivery)
        if self._on_delivery is not None:
            self._on_delivery(delivery)
        # Counted last: whoever waited sees the delivery, and what the hook did.
        self._tally(None).add()
        self._tally(delivery.type).add()

    def _tally(self, event_type: str | None) -> Tally:
        with self._lock:
            return self._tallies[event_type]

    def _next_answer(self, event_type: str) -> Answer:
        with self._lock:
            for script in self._scripts:
                if script.event_type in (None, event_type):
                    if script.left is not None:
                        script.left -= 1
                        if script.left == 0:
                            self._scripts.remove(script)
                    return script.answer
        return Answer()
