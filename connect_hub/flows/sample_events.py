"""Events that are made up, to try an endpoint with."""

from dataclasses import replace
from datetime import datetime

from connect_hub.events import TEST_EVENT, account_event, endpoint_event, link_event
from connect_hub.models import Account, AccountType, ProviderIdentity, Session
from connect_hub.storage.protocol import NewEvent

__all__ = ["sample_event"]

_OWNER, _PROVIDER, _ACCOUNT = "test-owner", "test-provider", "test-account"


def sample_event(
    name: str, project_id: str, endpoint_id: str, description: str | None = None, *, now: datetime
) -> NewEvent:
    """An event of this name about nobody, or about this endpoint, marked with `"test": true`. It belongs to
    no owner, and goes nowhere yet."""
    kind = name.partition(".")[0]
    if kind == "account":
        made = account_event(name, _account(project_id, now), targets=_nobody, now=now, extra={"test": True})
    elif kind == "link":
        made = link_event(name, _session(project_id, now), targets=_nobody, now=now, extra={"test": True})
    else:
        extra = (
            {} if name == TEST_EVENT else {"reason": "failing", "failing_since": None, "disabled_at": None}
        )
        made = endpoint_event(
            name,
            project_id,
            endpoint_id,
            description=description,
            targets=_nobody,
            now=now,
            extra={**extra, "test": True},
        )
    return replace(made, owner_id="")


def _nobody(project_id: str, event: str, provider: str | None) -> tuple[str, ...]:
    return ()


def _account(project_id: str, now: datetime) -> Account:
    return Account(
        id=_ACCOUNT,
        project_id=project_id,
        provider=_PROVIDER,
        method="api_key",
        origin_owner_id=_OWNER,
        origin_owner_name="Test Owner",
        type=AccountType.TEST,
        identity=ProviderIdentity("test-user", "Test User", "test@example.com"),
        sequence=1,
        created_at=now,
        updated_at=now,
    )


def _session(project_id: str, now: datetime) -> Session:
    return Session(
        id=0,
        project_id=project_id,
        jti="test",
        origin_owner_id=_OWNER,
        origin_owner_name="Test Owner",
        provider=_PROVIDER,
        created_at=now,
        expires_at=now,
    )
