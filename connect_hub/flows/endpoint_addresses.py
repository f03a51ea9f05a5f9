"""Which addresses whoever has an API key may enter for events to be posted to."""

from urllib.parse import urlsplit

from connect_hub.config import NetworkConfig, configured_policy, entered_policy
from connect_hub.errors import OutboundRefused
from connect_hub.net import Target
from connect_hub.net.target import parse_host

__all__ = ["EndpointAddresses", "origin_of"]


class EndpointAddresses:
    """What an address itself says; where its name leads is judged at each delivery."""

    def __init__(self, network: NetworkConfig) -> None:
        self._configured = configured_policy(network)
        self._policy = entered_policy(network)

    def problem(self, url: str) -> str | None:
        """Why nothing may be posted there, as a field's message; None: it may."""
        try:
            target = Target.parse(url)
            if target.scheme == "http":
                self._configured.check_target(target)  # which says what is missing for it
            self._policy.check_target(target)
        except OutboundRefused as error:
            advice = " Give what the receiver asks for in headers." if "@" in urlsplit(url).netloc else ""
            return f"{error.message[:1].lower()}{error.message[1:]}{advice}"
        if not isinstance(parse_host(target.host), str) and not self._policy.lists(target.host, target.port):
            return f"{target.host} is an IP address: write the name of the host"
        return None


def origin_of(url: str) -> str:
    """What a page and the audit log say of an address: it may hold a secret behind its host."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
