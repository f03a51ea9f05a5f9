"""Samples of webhooks."""

from datetime import timedelta

from connect_hub.message import Message
from connect_hub.testing.gallery.desk.desk import NOW, Desk
from connect_hub.web.contexts import FieldView, Form, OptionView
from connect_hub.web.dashboard.contexts import (
    Action,
    DeliveryDetail,
    DeliveryRow,
    EndpointDetail,
    EndpointList,
    EndpointRow,
    Fact,
    NewEndpoint,
    TryView,
)
from connect_hub.web.untrusted import Untrusted

__all__ = ["delivery", "endpoint", "endpoints", "new_endpoint"]


def endpoints(desk: Desk, rows: int) -> EndpointList:
    return EndpointList(
        frame=desk.frame("webhooks"),
        rows=tuple(
            EndpointRow(
                url="/d/webhook",
                address=Untrusted(
                    f"https://hooks-{n}.payroll.example/connect/{'events/' * (n % 4 * 3)}", limit=120
                ),
                description=Untrusted(("Payroll", "", "Data warehouse, nightly")[n % 3]),
                events=3 + n % 9,
                enabled=n % 4 != 2,
                failing=n % 4 == 1,
                configured=n % 3 == 1,
            )
            for n in range(rows)
        ),
        new_url="/d/webhooks/new",
    )


def endpoint(desk: Desk, rows: int) -> EndpointDetail:
    return EndpointDetail(
        frame=desk.frame("webhooks"),
        url="/d/webhook",
        address=Untrusted("https://hooks.payroll.example", limit=120),
        enabled=True,
        reason="",
        configured=False,
        facts=(
            Fact(
                desk.say(Message("Address")),
                quoted=Untrusted("https://hooks.payroll.example/connect", limit=120),
            ),
            Fact(
                desk.say(Message("Gets")),
                f"{desk.action('account.created')}, {desk.action('account.expired')}",
            ),
            Fact(desk.say(Message("Created")), at=NOW - timedelta(days=40)),
        ),
        actions=(
            Action(desk.say(Message("Send a test")), "/d/test"),
            Action(desk.say(Message("Rotate the secret")), "/d/rotate"),
            Action(desk.say(Message("Delete")), "/d/delete", "danger"),
        ),
        state="",
        rows=tuple(
            DeliveryRow(
                url="/d/delivery",
                event=desk.action(("account.created", "account.updated", "account.expired")[n % 3]),
                state=("delivered", "delivered", "pending", "dead", "held")[n % 5],
                attempts=1 + n % 4,
                error=Untrusted("HTTP 503" if n % 5 == 3 else ""),
                at=NOW - timedelta(minutes=12 * n),
            )
            for n in range(rows)
        ),
        live_url="/d/state",
        live_key="",
        list_url="/d/webhooks",
    )


def new_endpoint(desk: Desk) -> NewEndpoint:
    names = ("account.created", "account.deleted", "account.expired", "account.updated", "link.failed")
    return NewEndpoint(
        frame=desk.frame("webhooks"),
        form=Form("/d/webhooks/new"),
        fields=(
            FieldView(name="url", label=desk.say(Message("Address")), kind="url", placeholder="https://"),
            FieldView(name="description", label=desk.say(Message("What is it for?")), required=False),
        ),
        events=tuple(OptionView(name, desk.action(name)) for name in names),
        chosen=frozenset(names[:2]),
        back_url="/d/webhooks",
    )


def delivery(desk: Desk) -> DeliveryDetail:
    body = '{\n  "event": "account.created",\n  "account_id": "3sJq8WnVb2kX0dYtR5mZ1A"\n}'
    return DeliveryDetail(
        frame=desk.frame("webhooks"),
        event=desk.action("account.created"),
        state="delivered",
        facts=(
            Fact(desk.say(Message("Event ID")), code="msg_2f9d8c1b"),
            Fact(desk.say(Message("Written")), at=NOW),
        ),
        body=body,
        tries=(
            TryView(
                NOW,
                30_000,
                "",
                Untrusted("no answer within 30 seconds", limit=300),
                "webhook-id: msg_2f9d8c1b",
                "",
                "",
            ),
            TryView(
                NOW,
                84,
                "200",
                Untrusted(""),
                "webhook-id: msg_2f9d8c1b",
                "content-type: application/json",
                "{}",
            ),
        ),
        resend_url="/d/resend",
        back_url="/d/webhook",
    )
