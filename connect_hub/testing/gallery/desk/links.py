"""Samples of links."""

from datetime import timedelta

from connect_hub.message import Message
from connect_hub.models import Category
from connect_hub.testing.gallery.desk.desk import KEYS, NOW, Desk
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
from connect_hub.web.untrusted import Untrusted

__all__ = ["link", "link_made", "links", "new_link"]


def links(desk: Desk, rows: int, crowded: bool = False) -> LinkList:
    return LinkList(
        frame=desk.frame("links"),
        url="/d/links",
        rows=tuple(
            LinkRow(
                url="/d/link",
                owner_name=desk.customer(n, crowded)[0],
                owner_id=desk.customer(n, crowded)[1],
                provider="" if n % 3 else TOOLS[KEYS[n % len(KEYS)]][0],
                status=("open", "used", "expired", "revoked")[n % 4],
                opens=n * 3 % 7,
                connects=n % 2,
                created_at=NOW - timedelta(hours=5 * n),
                expires_at=NOW + timedelta(days=5) - timedelta(hours=5 * n),
            )
            for n in range(rows)
        ),
        new_link_url="/d/new",
        pager=Pager(None, "/d/links?cursor=x") if crowded else Pager(),
    )


def link(desk: Desk) -> LinkDetail:
    name, owner_id = desk.customer(0, False)
    return LinkDetail(
        frame=desk.frame("links"),
        owner_name=name,
        status="open",
        live_url="/d/state",
        live_key="1",
        url="/d/link",
        opens=2,
        connects=0,
        facts=(
            Fact(desk.say(Message("Origin owner ID")), quoted=owner_id),
            Fact(desk.say(Message("Link ID")), code="4503599627370497"),
            Fact(desk.say(Message("Expires")), at=NOW + timedelta(days=5)),
        ),
        history=(
            Moment(
                NOW,
                desk.say(Message("%(provider)s could not be connected", provider="HubSpot")),
                desk.say(ADVICE["provider_refused"][0]),
                kind="bad",
                code="provider_refused",
                advice=desk.say(ADVICE["provider_refused"][1]),
            ),
            Moment(NOW, desk.say(Message("Came back from %(provider)s", provider="HubSpot"))),
            Moment(NOW, desk.say(Message("Sent to %(provider)s to sign in", provider="HubSpot"))),
            Moment(NOW, desk.say(Message("%(provider)s was picked", provider="HubSpot"))),
            Moment(NOW, desk.action("link.opened")),
            Moment(NOW, desk.action("link.created"), who=Untrusted("Ada Lovelace")),
        ),
        actions=(
            Action(desk.say(Message("Renew")), "/d/renew"),
            Action(desk.say(Message("Revoke")), "/d/revoke", "danger"),
        ),
        list_url="/d/links",
    )


def new_link(desk: Desk, asking: bool = False) -> NewLink:
    question = Question(
        text=desk.say(
            Message(
                "The origin owner ID has spaces at its ends. It has to match your system precisely: do "
                "you mean “%(trimmed)s”?",
                trimmed="42",
            )
        ),
        yes=desk.say(Message("Use “%(trimmed)s”", trimmed="42")),
        yes_form=Form("/d/new"),
        no=desk.say(Message("Keep the spaces")),
        no_form=Form("/d/new"),
    )
    return NewLink(
        frame=desk.frame("links"),
        form=Form("/d/new"),
        fields=_fields(desk, asking),
        back_url="/d/accounts",
        question=question if asking else None,
    )


def link_made(desk: Desk) -> LinkMade:
    return LinkMade(
        frame=desk.frame("links"),
        link="https://app.acme-hr.example/connect/link#t=eyJhbGciOiJIUzI1NiIsImtpZCI6ImsxIn0.eyJqdGkiOiJ4In0.c2ln",
        owner_name=desk.customer(0, False)[0],
        expires_at=NOW + timedelta(days=5),
        qr="",
        mail_url="mailto:jane.doe@globex.example",
        detail_url="/d/link",
        another_url="/d/new",
    )


def _fields(desk: Desk, wrong: bool) -> tuple[FieldView, ...]:
    return link_fields(
        desk.language,
        [(key, TOOLS[key][0]) for key in KEYS],
        {Category(category) for _, category, _ in TOOLS.values()},
        (1, 3, 5, 7, 14, 30),
        {"days": "5", "origin_owner_id": " 42 " if wrong else ""},
        {"origin_owner_name": desk.say(Message("Fill this in."))} if wrong else {},
    )
