"""Samples of links."""

from datetime import timedelta

from connect_hub.message import Message
from connect_hub.models import Category, SessionStatus, StepKind
from connect_hub.testing.gallery.desk.desk import AWKWARD, KEYS, LONGEST_ID, NOW, Desk
from connect_hub.testing.gallery.product import TOOLS
from connect_hub.web.contexts import FieldView, Form
from connect_hub.web.dashboard.contexts import (
    Action,
    Fact,
    LinkDetail,
    LinkList,
    LinkMade,
    LinkRow,
    Moment,
    NewLink,
    Pager,
    Question,
)
from connect_hub.web.dashboard.labels import ADVICE
from connect_hub.web.dashboard.link_fields import link_fields
from connect_hub.web.dashboard.link_history import step_title
from connect_hub.web.dashboard.made import qr_code
from connect_hub.web.dashboard.states import LINK_STATES
from connect_hub.web.untrusted import clean

__all__ = ["link", "link_made", "links", "new_link"]

STEPS = (StepKind.FAILED, StepKind.RETURNED, StepKind.REDIRECTED, StepKind.PICKED, StepKind.OPENED)
"""What one try leaves behind, the newest first."""


def links(desk: Desk, rows: int) -> LinkList:
    return LinkList(
        frame=desk.frame("links"),
        url="/d/links",
        rows=tuple(
            LinkRow(
                url="/d/link",
                owner_name=desk.customer(n)[0],
                owner_id=desk.customer(n)[1],
                provider="" if n % 3 else TOOLS[KEYS[n % len(KEYS)]][0],
                state=desk.state(LINK_STATES[tuple(LINK_STATES)[n % 4]]),
                opens=n * 3 % 7,
                connects=n % 2,
                created_at=NOW - timedelta(hours=5 * n),
                expires_at=NOW + timedelta(days=5) - timedelta(hours=5 * n),
            )
            for n in range(rows)
        ),
        statuses=desk.options(LINK_STATES),
        new_link_url="/d/new",
        pager=Pager(None, "/d/links?cursor=x") if desk.crowded else Pager(),
    )


def link(desk: Desk, moments: int) -> LinkDetail:
    name, owner_id = desk.customer(5 if desk.crowded else 0, limit=255)
    made = Moment(NOW, desk.action("link.created"), who=desk.operator)
    return LinkDetail(
        frame=desk.frame("links"),
        owner_name=name,
        state=desk.state(LINK_STATES[SessionStatus.USED if desk.crowded else SessionStatus.OPEN]),
        live_url="/d/state",
        live_key="" if desk.crowded else "1",
        url="/d/link",
        opens=moments * 33 if desk.crowded else min(moments, 2),
        notes=(),
        connects=moments * 12 if desk.crowded else 0,
        facts=(
            Fact(desk.say(Message("Origin owner ID")), quoted=owner_id),
            Fact(desk.say(Message("Origin owner name")), quoted=name),
            Fact(desk.say(Message("Link ID")), code="4503599627370497"),
            Fact(desk.say(Message("Expires")), at=NOW + timedelta(days=5)),
        ),
        history=(*(_moment(desk, n) for n in range(moments)), made),
        actions=(
            Action(desk.say(Message("Renew")), "/d/renew"),
            Action(desk.say(Message("Revoke")), "/d/revoke", "danger"),
        ),
        list_url="/d/links",
    )


def _moment(desk: Desk, number: int) -> Moment:
    """Step by step from the newest on, each try with another end."""
    name = TOOLS[KEYS[(number // len(STEPS) + 4) % len(KEYS)]][0]
    step, at = STEPS[number % len(STEPS)], NOW - timedelta(minutes=7 * number)
    title = desk.say(step_title(step, name))
    if step is not StepKind.FAILED:
        return Moment(at, title)
    codes = ("provider_refused", *ADVICE)
    code = codes[number // len(STEPS) % len(codes)]
    why, advice = map(desk.say, ADVICE[code])
    return Moment(at, title, why, kind="bad", code=code, advice=advice)


def new_link(desk: Desk, *, asking: bool = False, refused: bool = False) -> NewLink:
    owner_id = AWKWARD[1][1][:LONGEST_ID] if desk.crowded else "42"
    question = Question(
        text=desk.say(
            Message(
                "The origin owner ID has spaces at its ends. It has to match your system precisely: do "
                "you mean “%(trimmed)s”?",
                trimmed=owner_id,
            )
        ),
        yes=desk.say(Message("Use “%(trimmed)s”", trimmed=clean(owner_id, 40))),
        yes_form=Form("/d/new"),
        no=desk.say(Message("Keep the spaces")),
        no_form=Form("/d/new"),
        change_form=Form("/d/new"),
    )
    typed = {"days": "5", "origin_owner_id": f" {owner_id} " if asking else ""}
    errors: dict[str, str] = {}
    if refused:
        too_long = Message("This is too long: write at most %(count)s characters.", count=LONGEST_ID)
        typed |= {"origin_owner_id": AWKWARD[1][1] * 40, "origin_owner_name": ""}
        errors["origin_owner_id"] = desk.say(too_long)
    if refused or asking:
        errors["origin_owner_name"] = desk.say(Message("Fill this in."))
    return NewLink(
        frame=desk.frame("links"),
        form=Form("/d/new"),
        fields=_fields(desk, typed, errors),
        back_url="/d/accounts",
        question=question if asking else None,
    )


def link_made(desk: Desk) -> LinkMade:
    link = (
        "https://app.acme-hr.example/connect/link#t=eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIn0.eyJqdGkiOiJ4In0.c2ln"
    )
    return LinkMade(
        frame=desk.frame("links"),
        link=link,
        owner_name=desk.customer(3)[0],
        expires_at=NOW + timedelta(days=5),
        qr=qr_code(link),
        mail_url="mailto:jane.doe@globex.example",
        detail_url="/d/link",
        another_url="/d/new",
        list_url="/d/links",
    )


def _fields(desk: Desk, typed: dict[str, str], errors: dict[str, str]) -> tuple[FieldView, ...]:
    return link_fields(
        desk.language,
        [(key, TOOLS[key][0]) for key in KEYS],
        {Category(category) for _, category, _ in TOOLS.values()},
        (1, 3, 5, 7, 14, 30),
        typed,
        errors,
    )
