"""One request and its response, between the thread of a WSGI server and the event loop."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping

from connect_hub.hosts.wsgi_request import Answer, RequestBody
from connect_hub.portal import Signal

__all__ = ["ClientGone", "Exchange"]

Message = MutableMapping[str, object]

logger = logging.getLogger("connect_hub.wsgi")

_HIGH_WATER = 64 * 1024
"""Bytes of a stream that may lie between the application and the server before `send` waits."""


class ClientGone(OSError):
    """The client is not there any more. `send` raises an OSError then: ASGI HTTP 2.4."""


class Exchange:
    """The application runs on the loop and fills this; the server's thread waits for it and empties it.

    `run`, `receive` and `send` belong to the loop; `wait`, `take` and `abandon` to the server's thread. Each
    attribute has one writer, and is written before the signal is set. A response that comes whole costs one
    hop in and one hop out; a stream costs one for as much as there is to take.
    """

    def __init__(self, *, body: RequestBody, signal: Signal, head_only: bool) -> None:
        """`head_only`: a HEAD request; the response is complete with its head, and bodies are dropped."""
        self._signal = signal
        self._content: bytes | None = body.content
        self._fault = body.fault
        self._head_only = head_only
        self._task: asyncio.Task[None] | None = None
        self._over: asyncio.Future[None] | None = None
        self._drained: asyncio.Future[None] | None = None
        self._chunks: deque[bytes] = deque()
        self._produced = 0
        self._consumed = 0
        self.status: int | None = None
        """None until the application has started its response."""
        self.headers: list[tuple[bytes, bytes]] = []
        self.is_streaming = False
        """The head is there, and so is a part of the body, but not all of it."""
        self.is_complete = False
        """The whole response was sent; the application may still be at work in the background."""
        self.has_ended = False
        """The application sends nothing more: its response is complete, or it returned or raised early."""
        self.error: BaseException | None = None
        """What the application raised instead of completing its response."""
        self.is_abandoned = False
        """The server's thread has left: the client went away, or the time ran out."""
        self.answer: Answer | None = None
        """Set when the application wanted more of the body than came: it was told of a disconnect, and since
        nothing that it sends after one can reach a client, this is the answer, whatever it said."""

    # --- on the loop ---

    async def run(self, serve: Callable[[], Awaitable[None]]) -> None:
        """Run the application to its end, background tasks included. Raises nothing but a cancellation."""
        self._task = asyncio.current_task()
        if self.is_abandoned:
            return
        try:
            await serve()
        except asyncio.CancelledError:
            self._end(None)
            raise
        except BaseException as error:
            self._end(error)  # SystemExit too: it is raised to the server, as a plain WSGI view would
        else:
            self._end(None)
        finally:
            # A task keeps the frames in which it was cancelled, and with them a generator that ought to end.
            self._task = None

    async def receive(self) -> Message:
        """The body, whole, in one message; after it, `http.disconnect` once the exchange is over."""
        content = self._content
        if content is not None:
            self._content = None
            return {"type": "http.request", "body": content, "more_body": self._fault is not None}
        if self._is_over():
            await asyncio.sleep(0)  # whoever asks again and again must let the others run, and be cancellable
        elif self._fault is not None:
            self.answer = self._fault
        else:
            if self._over is None:
                self._over = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._over)
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Take the next part of the response; waits while a stream is ahead of its client.

        Raises ClientGone once nobody listens, RuntimeError for a message that is out of turn.
        """
        if self.is_abandoned or self.answer is not None:
            raise ClientGone("The client has gone; the response cannot be sent.")
        kind = message["type"]
        if self.status is None:
            if kind != "http.response.start":
                raise RuntimeError(f"Expected http.response.start from the application, got {kind!r}.")
            self.headers = [(bytes(name), bytes(value)) for name, value in message.get("headers", ())]  # type: ignore[attr-defined]
            self.status = int(message["status"])  # type: ignore[call-overload]
            return
        if kind != "http.response.body":
            raise RuntimeError(f"Expected http.response.body from the application, got {kind!r}.")
        if self.is_complete:
            if self._head_only:
                raise ClientGone("This was a HEAD request; its response is complete.")
            raise RuntimeError("The application sent more after completing its response.")
        await self._send_body(bytes(message.get("body", b"")), bool(message.get("more_body")))  # type: ignore[call-overload]

    async def _send_body(self, content: bytes, more: bool) -> None:
        if self._head_only:
            content, more = b"", False
        if content:
            self._chunks.append(content)
            self._produced += len(content)
        if more:
            self.is_streaming = True
        else:
            self.is_complete = self.has_ended = True
            self._wake_receiver()
        self._signal.set()
        if more and self._produced - self._consumed >= _HIGH_WATER:
            self._drained = asyncio.get_running_loop().create_future()
            # Looked at again: the server may have taken everything before it could see that `send` waits.
            if self._produced - self._consumed >= _HIGH_WATER and not self.is_abandoned:
                await self._drained
            self._drained = None
        if more and self.is_abandoned:
            raise ClientGone("The client has gone; the response cannot be sent.")

    def _end(self, error: BaseException | None) -> None:
        if error is not None and (self.is_complete or self._is_over()):
            if not self._is_over() or not _is_from_disconnect(error):
                logger.error("The application raised after its response.", exc_info=error)
        elif not self.is_complete:
            self.error = error
        self.has_ended = True
        self._wake_receiver()
        self._signal.set()

    def _is_over(self) -> bool:
        return self.is_complete or self.is_abandoned or self.answer is not None

    def _wake_receiver(self) -> None:
        if self._over is not None and not self._over.done():
            self._over.set_result(None)

    def _resume(self) -> None:
        if self._drained is not None and not self._drained.done():
            self._drained.set_result(None)

    def _cancel(self) -> None:
        if self._task is not None and not self.is_complete:
            self._task.cancel()

    # --- in the server's thread ---

    def wait(self, seconds: float | None) -> bool:
        """Wait until there is something to look at; False when the time ran out."""
        return self._signal.wait(seconds)

    def take(self, loop: asyncio.AbstractEventLoop) -> bytes:
        """Take all of the body that is there now, and let a waiting `send` go on."""
        chunks: list[bytes] = []
        while self._chunks:
            chunks.append(self._chunks.popleft())
        content = chunks[0] if len(chunks) == 1 else b"".join(chunks)
        self._consumed += len(content)
        if self._drained is not None:
            loop.call_soon_threadsafe(self._resume)
        return content

    def take_error(self) -> BaseException:
        """Return `error` to be raised, and forget it: it would keep its own frames, and this, alive."""
        error, self.error = self.error, None
        return error or RuntimeError("The application raised nothing.")

    def abandon(self, loop: asyncio.AbstractEventLoop) -> None:
        """Leave: unless its response is complete, the application is cancelled. May be called twice."""
        if not self.is_abandoned:
            self.is_abandoned = True
            if not self.is_complete:
                try:
                    loop.call_soon_threadsafe(self._cancel)
                except RuntimeError:
                    logger.debug("The loop is closed already; there is nothing to cancel.")

    def close(self) -> None:
        """Give the signal back."""
        self._signal.close()


def _is_from_disconnect(error: BaseException) -> bool:
    """Frameworks wrap what `send` raised, or raise on `http.disconnect` (Starlette's ClientDisconnect)."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ClientGone) or type(cause).__name__ == "ClientDisconnect":
            return True
        cause = cause.__cause__ or cause.__context__
    return False
