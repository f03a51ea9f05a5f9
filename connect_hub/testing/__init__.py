"""For a host's own tests and demonstrations: things to connect to, and to be called by.

Nothing of it is needed to run a hub. Serving on a socket needs the extra `connect-hub[serve]`.
"""

from connect_hub.testing.provider import ProviderClient, SimulatedProvider
from connect_hub.testing.receiver import WebhookReceiver

__all__ = ["ProviderClient", "SimulatedProvider", "WebhookReceiver"]
