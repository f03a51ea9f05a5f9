"""Which addresses whoever has an API key may enter for events to be posted to."""

from urllib.parse import urlsplit

from connect_hub.config import NetworkConfig
from connect_hub.errors import OutboundRefused
from connect_hub.outbound import entered_policy

__all__ = ["EndpointAddresses", "told"]


class EndpointAddresses:
    """What an address itself says; where its name leads is judged at each delivery."""

    def __init__(self, network: NetworkConfig) -> None:
        self._policy = entered_policy(network)

    def problem(self, url: str) -> str | None:
        """Why nothing may be posted there, as a field's message; None: it may."""
        try:
            self._policy.check(url)
        except OutboundRefused as error:
            return error.message[:1].lower() + error.message[1:]
        return None


def told(url: str) -> str:
    """What the audit log says of an address: it may hold a secret behind its host."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
