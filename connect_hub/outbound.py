"""The hub's way out, made when it is first needed: the HTTP client costs more to import than the hub."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from connect_hub.net import OutboundPolicy
from connect_hub.secret import Secret

if TYPE_CHECKING:
    from connect_hub.net import Answer, Limits, Outbound

__all__ = ["LazyOutbound"]


class LazyOutbound:
    """A `Transport` that becomes an `Outbound` at its first use."""

    def __init__(self, policy: OutboundPolicy) -> None:
        self._policy = policy
        self._made: dict[str, Outbound] = {}

    @property
    def outbound(self) -> "Outbound":
        """The guarded client; the same for every thread."""
        made = self._made.get("outbound")
        if made is not None:
            return made
        from connect_hub.net import Outbound

        # `setdefault` is atomic. A lock instead could be held at the moment of a fork.
        return self._made.setdefault("outbound", Outbound(policy=self._policy))

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: "Mapping[str, str | Secret] | None" = None,
        content: "bytes | Secret | None" = None,
        limits: "Limits | None" = None,
    ) -> "Answer":
        """See `connect_hub.net.Transport`."""
        return await self.outbound.send(method, url, headers=headers, content=content, limits=limits)

    async def aclose(self) -> None:
        """Close this loop's connections, if there are any."""
        made = self._made.get("outbound")
        if made is not None:
            await made.aclose()
