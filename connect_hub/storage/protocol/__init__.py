"""The storage ports: what the hub needs of a database.

`Storage` is the sum of small ports. Every method is one intent and atomic: it happens entirely or not
at all, whatever else runs at the same time, in this process or in another. Values go in and come out as
the frozen objects of `connect_hub.models`; a storage keeps no reference to what it was given, and never
hands out an object that it will change.

Four rules hold for all of them:

- Where a method takes `project_id`, a row of another project is as if absent.
- Leases are compared with the storage's own clock (the database's), so that workers whose clocks differ
  agree. Every other instant comes from the caller.
- A lost connection is `StorageUnavailable`; missing tables are `MissingTables`; an id, hash or jti that is
  taken is `StorageConflict`. Then nothing was written.
- Called from a host's callback inside the transaction, every method is `CallInsideTransaction`.

`connect_hub.testing.StorageConformance` checks all of this; subclass it for a storage of your own.
"""

from typing import Protocol

from connect_hub.storage.protocol.accounts import (
    AccountQuery,
    AccountStore,
    LinkRequest,
    LinkResult,
    StoredCredentials,
)
from connect_hub.storage.protocol.activity import AccountDay, ActivityStore
from connect_hub.storage.protocol.api_keys import ApiKeyStore
from connect_hub.storage.protocol.audit import AuditQuery, AuditStore, Noting
from connect_hub.storage.protocol.changes import Announce, Change, InTransaction, NewEvent, Sealed
from connect_hub.storage.protocol.connectors import ConnectorSettings, ConnectorStore, NotingSettings
from connect_hub.storage.protocol.endpoints import EndpointStore, Judge, WebhookEndpoint
from connect_hub.storage.protocol.event_log import (
    DeliveryQuery,
    DeliveryRecord,
    EventLog,
    EventQuery,
    EventRecord,
    Replay,
    Replayed,
)
from connect_hub.storage.protocol.events import (
    Backlog,
    Delivery,
    DeliveryAttempt,
    DeliveryState,
    EventStore,
    Settlement,
)
from connect_hub.storage.protocol.figures import (
    EVENTS_COUNTED,
    MOST_COUNTED,
    AccountKind,
    Failure,
    FailureQuery,
    Figures,
    FigureStore,
)
from connect_hub.storage.protocol.operators import OperatorStore
from connect_hub.storage.protocol.sessions import Idempotency, SessionQuery, SessionStore
from connect_hub.storage.protocol.steps import MOST_STEPS, FunnelQuery, FunnelRow, StepStore
from connect_hub.storage.protocol.triggers import TriggerStore
from connect_hub.storage.protocol.upkeep import Erased, Purged, Retention, Upkeep
from connect_hub.storage.protocol.visits import VisitStore

__all__ = [
    "EVENTS_COUNTED",
    "MOST_COUNTED",
    "MOST_STEPS",
    "AccountDay",
    "AccountKind",
    "AccountQuery",
    "AccountStore",
    "ActivityStore",
    "Announce",
    "ApiKeyStore",
    "AuditQuery",
    "AuditStore",
    "Backlog",
    "Change",
    "ConnectorSettings",
    "ConnectorStore",
    "Delivery",
    "DeliveryAttempt",
    "DeliveryQuery",
    "DeliveryRecord",
    "DeliveryState",
    "EndpointStore",
    "Erased",
    "EventLog",
    "EventQuery",
    "EventRecord",
    "EventStore",
    "Failure",
    "FailureQuery",
    "FigureStore",
    "Figures",
    "FunnelQuery",
    "FunnelRow",
    "Idempotency",
    "InTransaction",
    "Judge",
    "LinkRequest",
    "LinkResult",
    "NewEvent",
    "Noting",
    "NotingSettings",
    "OperatorStore",
    "Purged",
    "Replay",
    "Replayed",
    "Retention",
    "Sealed",
    "SessionQuery",
    "SessionStore",
    "Settlement",
    "StepStore",
    "Storage",
    "StoredCredentials",
    "TriggerStore",
    "Upkeep",
    "VisitStore",
    "WebhookEndpoint",
]


class Storage(
    SessionStore,
    VisitStore,
    StepStore,
    AccountStore,
    ActivityStore,
    EventStore,
    EndpointStore,
    ConnectorStore,
    EventLog,
    TriggerStore,
    ApiKeyStore,
    OperatorStore,
    AuditStore,
    FigureStore,
    Upkeep,
    Protocol,
):
    """All of the above."""
