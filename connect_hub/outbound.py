"""The hub's way out, made when it is first needed: the HTTP client costs more to import than the hub."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from connect_hub.config import NetworkConfig
from connect_hub.secret import Secret

if TYPE_CHECKING:
    from connect_hub.net import Answer, Limits, Outbound

__all__ = ["LazyOutbound"]


class LazyOutbound:
    """A `Transport` that becomes an `Outbound` at its first use."""

    def __init__(self, network: NetworkConfig) -> None:
        self._network = network
        self._outbound: Outbound | None = None

    @property
    def outbound(self) -> "Outbound":
        """The guarded client."""
        if self._outbound is None:
            from connect_hub.net import Outbound, OutboundPolicy

            self._outbound = Outbound(
                policy=OutboundPolicy(
                    allow_private_hosts=self._network.allow_private_hosts,
                    allow_http=self._network.insecure_dev,
                )
            )
        return self._outbound

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
        if self._outbound is not None:
            await self._outbound.aclose()
