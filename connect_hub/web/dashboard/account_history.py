"""What happened to an account: events, what operators did, refreshes and calls."""

from collections.abc import Sequence
from datetime import timedelta

from starlette.requests import Request

from connect_hub.audit import AuditEntry
from connect_hub.message import Message
from connect_hub.models import Account
from connect_hub.storage.protocol import AccountDay, EventRecord
from connect_hub.web.dashboard.contexts import Moment
from connect_hub.web.dashboard.frame import Pages
from connect_hub.web.dashboard.guard import Desk
from connect_hub.web.dashboard.labels import ADVICE
from connect_hub.web.untrusted import Untrusted

__all__ = ["account_history"]

_MOST = 50
"""Of each kind."""
_DAYS = 30
_SAME = timedelta(seconds=2)
"""An operator's act and its event are written together, with clocks read one after the other."""
_KINDS = {
    "account.created": "good",
    "account.recovered": "good",
    "account.expired": "bad",
    "account.deleted": "bad",
}
_OF_OPERATORS = {"account.updated", "account.deleted"}
"""Events of what an operator may have done, which the log says better."""

_REASONS = {
    "credentials_expired": Message("The provider no longer accepts the refresh token"),
    "refresh_failed": Message("The provider did not answer, or not as it should"),
}


async def account_history(pages: Pages, request: Request, desk: Desk, account: Account) -> tuple[Moment, ...]:
    """The newest first. Calls and refreshes are counted by the day."""
    flows = pages.flows
    entries = await flows.audit.list(project=desk.project, subject=account.id, limit=_MOST)
    events = await flows.events.list(project=desk.project, account_id=account.id, limit=_MOST)
    days = await flows.activity.days(account.id, project=desk.project, limit=_DAYS)
    moments = [
        Moment(
            entry.at,
            pages.action(request, entry.action),
            who=Untrusted(entry.actor.name),
            said=Untrusted(str((entry.after or {}).get("reason", "")), limit=200),
        )
        for entry in entries
    ]
    moments += [
        Moment(event.created_at, pages.action(request, event.name), kind=_KINDS.get(event.name, ""))
        for event in events
        if not _is_told(event, entries)
    ]
    if all(event.name != "account.created" for event in events):  # purged, or further back
        title = pages.action(request, "account.created")
        moments.append(Moment(account.created_at, title, kind=_KINDS["account.created"]))
    for day in days:
        moments += _of_day(pages, request, day)
    return tuple(sorted(moments, key=lambda moment: moment.at, reverse=True))


def _is_told(event: EventRecord, entries: Sequence[AuditEntry]) -> bool:
    return event.name in _OF_OPERATORS and any(abs(entry.at - event.created_at) <= _SAME for entry in entries)


def _of_day(pages: Pages, request: Request, day: AccountDay) -> list[Moment]:
    language, say = pages.site.language(request), pages.say(request)
    moments = []
    if day.last_call_at is not None:
        title = language.ngettext("%(count)s call on this day", "%(count)s calls on this day", day.calls) % {
            "count": f"{day.calls:,}"
        }
        detail = ""
        if day.calls_failed:
            detail = language.ngettext("%(count)s failed", "%(count)s failed", day.calls_failed) % {
                "count": f"{day.calls_failed:,}"
            }
            if day.last_status is not None:
                detail += " · " + say(Message("last with HTTP %(status)s", status=day.last_status))
        moments.append(Moment(day.last_call_at, title, detail, kind="bad" if day.calls_failed else ""))
    if day.last_refresh_at is not None and day.refreshes:
        title = language.ngettext(
            "Access refreshed %(count)s time", "Access refreshed %(count)s times", day.refreshes
        ) % {"count": f"{day.refreshes:,}"}
        moments.append(Moment(day.last_refresh_at, title))
    if day.last_refresh_at is not None and day.refreshes_failed:
        title = language.ngettext(
            "Refreshing failed %(count)s time", "Refreshing failed %(count)s times", day.refreshes_failed
        ) % {"count": f"{day.refreshes_failed:,}"}
        moments.append(Moment(day.last_refresh_at, title, _reason(pages, request, day), kind="bad"))
    return moments


def _reason(pages: Pages, request: Request, day: AccountDay) -> str:
    code, say = day.last_error or "", pages.say(request)
    if code in _REASONS:
        return say(_REASONS[code])
    return say(ADVICE[code][0]) if code in ADVICE else code
