"""`StorageConformance`: all clauses in one class."""

from connect_hub.testing.storage.accounts import AccountClauses, RefreshClauses
from connect_hub.testing.storage.activity import ActivityClauses
from connect_hub.testing.storage.announcing import AnnouncingClauses
from connect_hub.testing.storage.connectors import ConnectorClauses
from connect_hub.testing.storage.endpoints import EndpointClauses
from connect_hub.testing.storage.event_log import EventLogClauses
from connect_hub.testing.storage.events import EventClauses
from connect_hub.testing.storage.figures import FigureClauses
from connect_hub.testing.storage.linking import LinkClauses
from connect_hub.testing.storage.operators import AuditClauses, OperatorClauses
from connect_hub.testing.storage.renewing import RenewalClauses
from connect_hub.testing.storage.session_endpoints import SessionEndpointClauses
from connect_hub.testing.storage.sessions import SessionClauses
from connect_hub.testing.storage.steps import StepClauses
from connect_hub.testing.storage.triggers import TriggerClauses
from connect_hub.testing.storage.upkeep import ApiKeyClauses, UpkeepClauses
from connect_hub.testing.storage.visits import VisitClauses

__all__ = ["StorageConformance"]


class StorageConformance(
    SessionClauses,
    VisitClauses,
    StepClauses,
    LinkClauses,
    RenewalClauses,
    AccountClauses,
    RefreshClauses,
    ActivityClauses,
    EventClauses,
    EndpointClauses,
    ConnectorClauses,
    SessionEndpointClauses,
    EventLogClauses,
    TriggerClauses,
    AnnouncingClauses,
    ApiKeyClauses,
    OperatorClauses,
    AuditClauses,
    FigureClauses,
    UpkeepClauses,
):
    """Every clause of the storage ports. Override the fixture `storage` with an empty storage of your own.

    Each test gets a fresh one. Nothing here sleeps, opens a socket or needs SQLAlchemy.
    """
