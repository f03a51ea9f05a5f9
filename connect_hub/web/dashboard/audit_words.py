"""An entry of the audit log for people: what it is about, and what changed."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime

from starlette.requests import Request

from connect_hub.audit import AuditAction, AuditEntry
from connect_hub.message import Message
from connect_hub.models import Json
from connect_hub.operators import EVERY_PROJECT
from connect_hub.web.dashboard.contexts import Changed, ChangedValue
from connect_hub.web.dashboard.frame import Pages
from connect_hub.web.dashboard.guard import Desk, is_name
from connect_hub.web.dashboard.labels import FIELDS, ROLES
from connect_hub.web.dashboard.states import ACCOUNT_STATES
from connect_hub.web.untrusted import Untrusted

__all__ = ["changes", "subject_url"]

_PAGES = {
    "account": ("dashboard_account", "account_id"),
    "connector": ("dashboard_connector", "provider"),
    "delivery": ("dashboard_delivery", "delivery_id"),
    "link": ("dashboard_link", "session_id"),
    "webhook_endpoint": ("dashboard_webhook", "endpoint_id"),
}
"""By what an action's name begins with: the route of what it is about, and that one's parameter."""
_GONE = {AuditAction.ACCOUNT_DELETED, AuditAction.ENDPOINT_DELETED}
_WORDS: Mapping[str, Mapping[str, str]] = {
    "status": {status.value: state.text for status, state in ACCOUNT_STATES.items()},
    "type": {"test": Message("Test"), "production": Message("Production")},
}
"""Values of the hub's own, by field."""
_INSTANTS = {"client_secret", "expires_at", "since"}
"""Fields of the hub's own words. Whatever else the log has, somebody may have written to look like one."""
_INSTANT = re.compile(r"(set )?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z)", re.ASCII)
"""As the log has an instant, and since when a secret is set."""


def _project(name: str, say: Callable[[str], str]) -> str:
    """In roles, where one may be for every project."""
    return say(Message("Every project")) if name == EVERY_PROJECT else name


def subject_url(pages: Pages, desk: Desk, entry: AuditEntry) -> str | None:
    """The page of what was changed, which may be gone since; None: it has none, or this removed it."""
    found = _PAGES.get(entry.action.partition(".")[0])
    if found is None or entry.action in _GONE or not is_name(entry.subject):
        return None
    route, param = found
    return pages.path(desk, route, **{param: entry.subject})


def changes(pages: Pages, request: Request, entry: AuditEntry) -> tuple[Changed, ...]:
    """Each field that was or became something."""
    before, after, say = entry.before or {}, entry.after or {}, pages.say(request)

    def shown(name: str, value: Json) -> ChangedValue | None:
        if value is None or value == "" or value == []:
            return None
        if isinstance(value, bool):
            return ChangedValue(text=say(Message("Yes") if value else Message("No")))
        instant = _INSTANT.fullmatch(value) if name in _INSTANTS and isinstance(value, str) else None
        if instant is not None:
            at = datetime.fromisoformat(instant[2])
            return ChangedValue(text=say(Message("Set")) if instant[1] else "", at=at)
        if isinstance(value, str) and value in _WORDS.get(name, {}):
            return ChangedValue(text=say(_WORDS[name][value]))
        if isinstance(value, list) and name == "events":
            return ChangedValue(text=", ".join(pages.action(request, str(one)) for one in value))
        if isinstance(value, Mapping) and name == "roles":
            value = [
                f"{_project(key, say)}: {say(ROLES.get(str(one), str(one)))}" for key, one in value.items()
            ]
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        return ChangedValue(quoted=Untrusted(text, limit=200, exact=True))

    names = [*before, *(name for name in after if name not in before)]
    told = (
        Changed(
            say(FIELDS[name]) if name in FIELDS else name,
            shown(name, before.get(name)),
            shown(name, after.get(name)),
        )
        for name in names
    )
    return tuple(one for one in told if one.before is not None or one.after is not None)
