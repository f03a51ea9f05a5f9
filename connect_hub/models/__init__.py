"""The nouns of the hub as plain, frozen values: what storage takes and gives, and what flows return.

Instants are aware UTC with whole milliseconds. Nothing here does input or output.
"""

from connect_hub.models.accounts import Account, AccountStatus, AccountType, ProviderIdentity, StatusReason
from connect_hub.models.attempts import Attempt, AttemptStatus, OAuthState, Step, StepKind
from connect_hub.models.categories import Category
from connect_hub.models.json import Json
from connect_hub.models.keys import ApiKey, Trigger
from connect_hub.models.sessions import Binding, Session, SessionStatus, Visit

__all__ = [
    "Account",
    "AccountStatus",
    "AccountType",
    "ApiKey",
    "Attempt",
    "AttemptStatus",
    "Binding",
    "Category",
    "Json",
    "OAuthState",
    "ProviderIdentity",
    "Session",
    "SessionStatus",
    "StatusReason",
    "Step",
    "StepKind",
    "Trigger",
    "Visit",
]
