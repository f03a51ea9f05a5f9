"""The JSON documents of the REST API."""

import json
from datetime import datetime
from urllib.parse import quote

from starlette.responses import Response

from connect_hub.clock import iso
from connect_hub.connectors.registry import EnabledConnector
from connect_hub.flows.sessions import IssuedSession, SessionDetails
from connect_hub.models import Account, Attempt, AttemptStatus, Session, Step

__all__ = [
    "Document",
    "account_json",
    "connector_json",
    "cursor_text",
    "issued_json",
    "json_response",
    "meta_json",
    "next_link",
    "session_details_json",
    "session_json",
]

Document = dict[str, object]
_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


def json_response(document: object, status: int = 200) -> Response:
    """The answer that has `document` as its body."""
    return Response(_encode(document), status_code=status, media_type="application/json")


def session_json(session: Session, organization_id: int, now: datetime) -> Document:
    """A connect session, without its tokens."""
    return {
        "id": session.id,
        "organization_id": organization_id,
        "project_id": session.project_id,
        "categories": None if session.categories is None else [str(c) for c in session.categories],
        "provider": session.provider,
        "origin_owner_id": session.origin_owner_id,
        "origin_owner_name": session.origin_owner_name,
        "origin_username": session.origin_username,
        "account_id": session.account_id,
        "label": session.label,
        "created_at": iso(session.created_at),
        "metadata": session.metadata,
        "external_trigger_token": None,
        "type": session.type.value,
        "expires_at": iso(session.expires_at),
        "status": session.status(now).value,
        "multiple": session.multiple,
        "providers": None if session.providers is None else list(session.providers),
        "setup_information": session.setup_information,
        "return_url": session.return_url,
        "state": session.state,
        "max_connects": session.max_connects,
        "binding": session.binding.value,
        "manage": session.manage,
        "locale": session.locale,
        "opens": session.opens,
        "connects": session.connects,
    }


def issued_json(
    issued: IssuedSession, organization_id: int, now: datetime, *, trigger_token: str | None
) -> Document:
    """A connect session with its tokens and link: the answer to its creation, and to nothing else.

    `trigger_token` is that of the account which the session is to renew.
    """
    return {
        **session_json(issued.session, organization_id, now),
        "external_trigger_token": trigger_token,
        "token": issued.token,
        "auth_link_url": issued.url,
    }


def session_details_json(details: SessionDetails, organization_id: int, now: datetime) -> Document:
    """A connect session with the newest try that a customer made, and the way there."""
    return {
        **session_json(details.session, organization_id, now),
        "latest_connection_attempt": _attempt_json(details.latest_attempt),
        "timeline": [_step_json(step) for step in details.steps],
    }


def _step_json(step: Step) -> Document:
    return {
        "step": step.kind.value,
        "at": iso(step.at),
        "provider": step.provider,
        "method": step.method,
        "connection_attempt_id": step.attempt_id,
        "error_code": step.error_code,
    }


def _attempt_json(attempt: Attempt | None) -> Document | None:
    if attempt is None:
        return None
    return {
        "id": attempt.id,
        # Empty until the window of an embedded hub says which.
        "provider": attempt.provider or None,
        "status": attempt.status.value,
        "error_code": attempt.error_code,
        "error_description": attempt.error_description,
        "account_id": attempt.account_id if attempt.status is AttemptStatus.AUTHENTICATED else None,
        "created_at": iso(attempt.created_at),
        "updated_at": iso(attempt.updated_at),
    }


def account_json(account: Account, connector: EnabledConnector | None) -> Document:
    """An account; `connector` is None when the hub no longer knows it."""
    identity = account.identity
    return {
        "id": account.id,
        "provider": account.provider,
        "provider_name": account.provider if connector is None else connector.name,
        "status": account.status.value,
        "status_reasons": [
            {"code": r.code, "description": r.description, "timestamp": iso(r.timestamp)}
            for r in account.status_reasons
        ],
        "origin_owner_id": account.origin_owner_id,
        "origin_owner_name": account.origin_owner_name,
        "origin_username": account.origin_username,
        "setup_information": account.setup_information,
        "type": account.type.value,
        "label": account.label,
        "metadata": account.metadata,
        "categories": [] if connector is None else [str(c) for c in connector.definition.categories],
        "created_at": iso(account.created_at),
        "updated_at": iso(account.updated_at),
        "identity": None
        if identity is None
        else {"id": identity.id, "name": identity.name, "email": identity.email},
    }


def meta_json(account: Account, connector: EnabledConnector) -> Document:
    """What kind of provider an account is at."""
    return {
        "provider": account.provider,
        "category": str(connector.definition.categories[0]),
        "models": {},
    }


def connector_json(connector: EnabledConnector, *, active: bool, logo_url: str) -> Document:
    """A connector of the hub; `active` says whether it is enabled on the project."""
    return {
        "provider": connector.key,
        "provider_name": connector.name,
        "category": str(connector.definition.categories[0]),
        "models": {},
        "active": active,
        "resources": {"images": {"logo_url": logo_url}},
    }


def cursor_text(at: datetime, row_id: str | int) -> str:
    """Where a page ended, to be handed back as `cursor`."""
    return f"{int(at.timestamp() * 1000)}.{row_id}"


def next_link(url: str, params: list[tuple[str, str]], cursor: str) -> str:
    """The `Link` header (RFC 8288) to the page that follows."""
    kept = [(name, value) for name, value in params if name not in {"cursor", "page"}]
    query = "&".join(f"{quote(n, safe='')}={quote(v, safe='')}" for n, v in [*kept, ("cursor", cursor)])
    return f'<{url}?{query}>; rel="next"'
