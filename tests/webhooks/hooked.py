"""A hub whose webhooks go to endpoints of the database, and a receiver that answers as it is told."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

from connect_hub import HubConfig
from connect_hub.net import Answer
from connect_hub.net.answer import Headers
from connect_hub.testing import InProcessTransport
from tests.hubs import Hub, deliver_by, make_hub

__all__ = ["Hooks", "answer", "hooked"]

URL = "https://hooks.test/in"


def answer(status: int, body: bytes = b"", **headers: str) -> Answer:
    """What a receiver answers."""
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Answer(status, Headers(raw), body)


@dataclass
class Post:
    """What a receiver got."""

    url: str
    headers: dict[str, Any]
    body: bytes


class Hooks(InProcessTransport):
    """Answers whatever is posted below https://hooks.test as `says` decides; 204 by itself."""

    def __init__(self, made: Hub) -> None:
        super().__init__(made.provider)
        self.posts: list[Post] = []
        self.says: Callable[[Post], Answer | Exception] = lambda post: answer(204)

    async def send(self, method: str, url: str, **rest: Any) -> Answer:
        if not url.startswith("https://hooks.test/"):
            return await super().send(method, url, **rest)
        post = Post(url, dict(rest["headers"]), rest["content"])
        self.posts.append(post)
        said = self.says(post)
        if isinstance(said, Exception):
            raise said
        return said


@dataclass
class Hooked:
    """A hub and its receiver."""

    made: Hub
    hooks: Hooks
    numbers: Iterator[int] = field(default_factory=lambda: iter(range(10_000)))

    @property
    def hub(self) -> Any:
        return self.made.hub

    async def delivered(self) -> int:
        """Carry out what is due, and what becomes due by that; returns how many tries there were."""
        tries = 0
        while now := await self.made.hub.deliveries.run_due():
            tries += now
        return tries

    async def after(self, **later: float) -> int:
        """The tries that are due so much later."""
        self.made.clock.advance(timedelta(**later))
        return await self.delivered()


def hooked(tmp_path: Path, config: HubConfig | None = None) -> Hooked:
    made = make_hub(tmp_path, config=config)
    hooks = Hooks(made)
    deliver_by(made, hooks)
    return Hooked(made, hooks)


@contextmanager
def answering(hooks: Hooks, says: Callable[[Post], Answer | Exception]) -> Iterator[None]:
    """`says` decides inside the block."""
    before, hooks.says = hooks.says, says
    try:
        yield
    finally:
        hooks.says = before
