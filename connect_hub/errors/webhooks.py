"""Raised to the host that verifies a delivery."""

from connect_hub.errors.root import ConnectHubError

__all__ = [
    "WebhookInvalid",
]


class WebhookInvalid(ConnectHubError):
    """This is not a webhook that the hub signed, or not any more."""

    code = "webhook_invalid"

    def __init__(self, reason: str, message: str | None = None) -> None:
        self.reason = reason
        """`secret`, `headers`, `timestamp`, `signature` or `body`: the first thing that was wrong."""
        super().__init__(message)
