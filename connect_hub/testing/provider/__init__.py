"""A provider to connect to, in memory: an OAuth 2.0 authorization server and an API, with fault switches.

>>> from connect_hub.testing.provider import ProviderClient, SimulatedProvider
"""

from connect_hub.testing.provider.clients import ProviderClient
from connect_hub.testing.provider.connectors import key_toml, oauth_toml
from connect_hub.testing.provider.faults import Fault, FaultPoint, Faults
from connect_hub.testing.provider.grants import Family, Token
from connect_hub.testing.provider.policy import ProviderPolicy
from connect_hub.testing.provider.records import RecordedRequest
from connect_hub.testing.provider.simulated import SimulatedProvider
from connect_hub.testing.provider.users import ProviderUser
from connect_hub.testing.tally import Hold

__all__ = [
    "Family",
    "Fault",
    "FaultPoint",
    "Faults",
    "Hold",
    "ProviderClient",
    "ProviderPolicy",
    "ProviderUser",
    "RecordedRequest",
    "SimulatedProvider",
    "Token",
    "key_toml",
    "oauth_toml",
]
