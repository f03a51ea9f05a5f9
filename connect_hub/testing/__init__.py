"""For a host's own tests and demonstrations: things to connect to, and to be called by.

Nothing of it is needed to run a hub. Serving on a socket needs the extra `connect-hub[serve]`; the suite for
a storage of your own needs pytest.
"""

from typing import TYPE_CHECKING

from connect_hub.testing.provider import ProviderClient, SimulatedProvider
from connect_hub.testing.receiver import WebhookReceiver
from connect_hub.testing.transport import InProcessTransport

if TYPE_CHECKING:
    from connect_hub.testing.storage import StorageConformance

__all__ = [
    "InProcessTransport",
    "ProviderClient",
    "SimulatedProvider",
    "StorageConformance",
    "WebhookReceiver",
]


def __getattr__(name: str) -> object:
    # Not before it is named: it imports pytest, which a demonstration does not have.
    if name == "StorageConformance":
        from connect_hub.testing.storage import StorageConformance

        return StorageConformance
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
