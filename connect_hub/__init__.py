"""An integrations hub that mounts into a Python application."""

from importlib import import_module
from typing import TYPE_CHECKING

from connect_hub._version import __version__
from connect_hub.config import (
    Brand,
    HubConfig,
    LinkConfig,
    NetworkConfig,
    PageConfig,
    Project,
    Rate,
    RateConfig,
    Theme,
    Webhook,
)
from connect_hub.connectors.registry import OAuth
from connect_hub.credentials import Credentials
from connect_hub.errors import ConnectHubError, LinkRefused
from connect_hub.events import Event
from connect_hub.flows.api_keys import IssuedApiKey
from connect_hub.flows.owner_doubts import OwnerDoubts
from connect_hub.flows.sessions import IssuedSession, SessionDetails
from connect_hub.hub import ConnectHub
from connect_hub.identity import Identity, SignIn, Subject, Visitor
from connect_hub.keys import Key, KeyProvider, KeyRing
from connect_hub.models import (
    Account,
    AccountStatus,
    AccountType,
    ApiKey,
    Attempt,
    AttemptStatus,
    Binding,
    Category,
    ProviderIdentity,
    Session,
    SessionStatus,
    StatusReason,
    Step,
    StepKind,
)
from connect_hub.secret import Secret
from connect_hub.storage.protocol import Backlog, DeliveryState, Erased, FunnelRow, Purged, Storage
from connect_hub.storage.transaction import Transaction

if TYPE_CHECKING:
    from connect_hub.connectors.definition import Connector
    from connect_hub.storage.memory import MemoryStorage
    from connect_hub.storage.sql import SQLStorage

__all__ = [
    "Account",
    "AccountStatus",
    "AccountType",
    "ApiKey",
    "Attempt",
    "AttemptStatus",
    "Backlog",
    "Binding",
    "Brand",
    "Category",
    "ConnectHub",
    "ConnectHubError",
    "Connector",
    "Credentials",
    "DeliveryState",
    "Erased",
    "Event",
    "FunnelRow",
    "HubConfig",
    "Identity",
    "IssuedApiKey",
    "IssuedSession",
    "Key",
    "KeyProvider",
    "KeyRing",
    "LinkConfig",
    "LinkRefused",
    "MemoryStorage",
    "NetworkConfig",
    "OAuth",
    "OwnerDoubts",
    "PageConfig",
    "Project",
    "ProviderIdentity",
    "Purged",
    "Rate",
    "RateConfig",
    "SQLStorage",
    "Secret",
    "Session",
    "SessionDetails",
    "SessionStatus",
    "SignIn",
    "StatusReason",
    "Step",
    "StepKind",
    "Storage",
    "Subject",
    "Theme",
    "Transaction",
    "Visitor",
    "Webhook",
    "__version__",
]


_LAZY = {
    "Connector": "connect_hub.connectors.definition",
    "MemoryStorage": "connect_hub.storage.memory",
    "SQLStorage": "connect_hub.storage.sql",
}
"""Imported when they are named: SQLAlchemy alone costs more to import than all the rest."""


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_LAZY[name]), name)
    return value
