"""What became of a link: each step that a customer took with it, and who made and revoked it."""

import hashlib

from starlette.requests import Request

from connect_hub.clock import iso
from connect_hub.flows.sessions import SessionDetails
from connect_hub.message import Message
from connect_hub.models import Step, StepKind
from connect_hub.web.dashboard.contexts import Moment
from connect_hub.web.dashboard.frame import Pages
from connect_hub.web.dashboard.guard import Desk
from connect_hub.web.dashboard.labels import ADVICE, UNKNOWN_ADVICE
from connect_hub.web.untrusted import Untrusted

__all__ = ["link_history", "live_key", "step_title"]

_MOST = 25
"""Entries of the audit log; the flow says how many steps."""
_KINDS = {StepKind.CONNECTED: "good", StepKind.FAILED: "bad"}


async def link_history(
    pages: Pages, request: Request, desk: Desk, details: SessionDetails
) -> tuple[Moment, ...]:
    """The newest first; of steps at the same instant the later one."""
    session = details.session
    entries = await pages.flows.audit.list(project=desk.project, subject=str(session.id), limit=_MOST)
    moments = [
        Moment(entry.at, pages.action(request, entry.action), who=Untrusted(entry.actor.name))
        for entry in reversed(entries)
    ]
    if not any(entry.action == "link.created" for entry in entries):
        moments.insert(0, Moment(session.created_at, pages.action(request, "link.created")))
    moments += [_step(pages, request, step) for step in details.steps]
    moments.sort(key=lambda moment: moment.at)
    return tuple(reversed(moments))


def live_key(details: SessionDetails) -> str:
    """Changes with how far the link's customer came: opened, tried, connected."""
    session, last = details.session, details.steps[-1] if details.steps else None
    told = [details.status.value, session.opens, session.connects]
    if last is not None:
        told += [iso(last.at), last.kind.value]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:16]


def _step(pages: Pages, request: Request, step: Step) -> Moment:
    say = pages.say(request)
    title = say(step_title(step.kind, pages.provider(step.provider or "").name))
    kind = _KINDS.get(step.kind, "")
    if step.kind is not StepKind.FAILED:
        return Moment(step.at, title, kind=kind)
    why, advice = ADVICE.get(step.error_code or "", UNKNOWN_ADVICE)
    return Moment(step.at, title, say(why), kind=kind, code=step.error_code or "", advice=say(advice))


def step_title(kind: StepKind, provider: str) -> Message:
    """What a step is called; `provider`: whose it is, by name."""
    match kind:
        case StepKind.OPENED:
            return Message("Link opened")
        case StepKind.PICKED:
            return Message("%(provider)s was picked", provider=provider)
        case StepKind.SUBMITTED:
            return Message("The form of %(provider)s was sent", provider=provider)
        case StepKind.REDIRECTED:
            return Message("Sent to %(provider)s to sign in", provider=provider)
        case StepKind.RETURNED:
            return Message("Came back from %(provider)s", provider=provider)
        case StepKind.FAILED:
            return Message("%(provider)s could not be connected", provider=provider)
        case StepKind.CONNECTED:
            return Message("%(provider)s was connected", provider=provider)
        case StepKind.ABANDONED:
            return Message("Left without a connection")
