"""Samples of webhooks."""

import json
from datetime import timedelta

from connect_hub.events import DEFAULT_EVENTS, EVENT_NAMES
from connect_hub.message import Message
from connect_hub.storage.protocol import DeliveryState
from connect_hub.testing.gallery.desk.desk import AWKWARD, NOW, Desk
from connect_hub.web.contexts import FieldView, Form, OptionView
from connect_hub.web.dashboard.contexts import (
    Action,
    DeliveryDetail,
    DeliveryRow,
    EndpointDetail,
    EndpointForm,
    EndpointList,
    EndpointRow,
    Fact,
    Pager,
    TryView,
)
from connect_hub.web.dashboard.states import DELIVERY_STATES, ENDPOINT_STATES
from connect_hub.web.untrusted import Untrusted

__all__ = ["delivery", "endpoint", "endpoint_form", "endpoints"]

ADDRESS_END = f"/connect/{'0123456789abcdef' * 20}?of=eu-central-1"
REFUSED = f"could not connect to {'hooks-of-the-payroll.' * 20}example: no such host"


def endpoints(desk: Desk, rows: int) -> EndpointList:
    return EndpointList(
        frame=desk.frame("webhooks"),
        rows=tuple(
            EndpointRow(
                url="/d/webhook",
                address=Untrusted(
                    f"https://hooks-{n}.payroll.example/connect/{'events/' * (n % 4 * 3)}"
                    + ADDRESS_END * (desk.crowded and n % 4 == 2),
                    limit=120,
                ),
                description=_description(desk, n),
                events=3 + n % 9,
                state=desk.state(ENDPOINT_STATES[("enabled", "failing", "disabled", "enabled")[n % 4]]),
                configured=n % 3 == 1,
            )
            for n in range(rows)
        ),
        new_url="/d/webhooks/new",
    )


def endpoint(desk: Desk, rows: int, *, disabled: bool = False, state: str = "") -> EndpointDetail:
    origin, path = "https://hooks.payroll.example", "/connect"
    events = ["account.created", "account.expired"]
    if desk.crowded:
        origin = f"https://{'hooks-of-the-payroll.' * 4}eu-central-1.a-customer-with-a-long-name.example:8443"
        path, events = ADDRESS_END, sorted(EVENT_NAMES)
    return EndpointDetail(
        frame=desk.frame("webhooks"),
        url="/d/webhook",
        address=Untrusted(origin, limit=120),
        name=_description(desk, 0),
        state=desk.state(ENDPOINT_STATES["disabled" if disabled else "enabled"]),
        reason=desk.say(Message("Disabled, since it kept failing")) if disabled else "",
        configured=desk.crowded,
        facts=(
            Fact(desk.say(Message("Address")), quoted=Untrusted(origin + path, limit=300)),
            Fact(desk.say(Message("What it is for")), quoted=_description(desk, 0)),
            Fact(desk.say(Message("Gets")), ", ".join(map(desk.action, events))),
            Fact(desk.say(Message("Created")), at=NOW - timedelta(days=40)),
        ),
        actions=(
            Action(desk.say(Message("Send a test")), "/d/test"),
            Action(desk.say(Message("Rotate the secret")), "/d/rotate"),
            Action(desk.say(Message("Delete")), "/d/delete", "danger"),
        ),
        delivery_state=state,
        delivery_states=desk.options(DELIVERY_STATES),
        rows=tuple(
            DeliveryRow(
                url="/d/delivery",
                event=desk.action(("account.created", "account.updated", "account.expired")[n % 3]),
                state=desk.state(DELIVERY_STATES[tuple(DELIVERY_STATES)[n % 4]]),
                attempts=1 + n % 4,
                error=Untrusted(("HTTP 503", REFUSED)[desk.crowded] if n % 4 == 3 else "", limit=120),
                begun_anew=n == 7,
                at=NOW - timedelta(minutes=12 * n),
            )
            for n in range(rows)
        ),
        live_url="/d/state",
        live_key="" if desk.crowded or state else "1",
        list_url="/d/webhooks",
        pager=Pager("/d/webhook", "/d/webhook?cursor=x") if desk.crowded else Pager(),
    )


def endpoint_form(desk: Desk, *, refused: bool = False, is_new: bool = True) -> EndpointForm:
    events = sorted(EVENT_NAMES)
    full = Message("A project has %(count)s webhook endpoints at most. Delete one first.", count=50)
    wrong = desk.say(Message("Leave out the # and what follows it."))
    return EndpointForm(
        frame=desk.frame("webhooks"),
        form=Form("/d/webhooks/new"),
        is_new=is_new,
        fields=(
            FieldView(
                name="url",
                label=desk.say(Message("Address")),
                kind="url",
                placeholder="https://",
                help=desk.say(Message("Events are posted to it, over https.")),
                value=f"https://hooks.payroll.example{ADDRESS_END}#" if refused or not is_new else "",
                error=wrong if refused else None,
            ),
            FieldView(
                name="description",
                label=desk.say(Message("What is it for?")),
                required=False,
                value=str(_description(desk, 3)) if refused else "",
            ),
        ),
        events=tuple(OptionView(name, desk.action(name)) for name in events),
        chosen=frozenset(events if refused else DEFAULT_EVENTS),
        back_url="/d/webhooks",
        alert=desk.say(full) if refused else "",
    )


def delivery(desk: Desk, tries: int) -> DeliveryDetail:
    later = NOW + timedelta(minutes=5)
    state = (
        DeliveryState.DEAD if desk.crowded else DeliveryState.DELIVERED if tries else DeliveryState.PENDING
    )
    return DeliveryDetail(
        frame=desk.frame("webhooks"),
        event=desk.action("account.created"),
        state=desk.state(DELIVERY_STATES[state]),
        facts=(
            Fact(desk.say(Message("Event ID")), code="msg_2f9d8c1b"),
            Fact(desk.say(Message("Delivery ID")), code="dlv_0f3c9ab277d14b5e9d552f1f4f1d9a10"),
            Fact(desk.say(Message("Written")), at=NOW),
            Fact(desk.say(Message("Settled") if tries else Message("Next try")), at=later),
        ),
        body=_body(desk),
        tries=tuple(_try(desk, n, last=n == tries - 1) for n in range(tries)),
        url="/d/delivery",
        live_url="/d/state",
        live_key="" if tries else "1",
        resend_url="/d/resend",
        back=Action(f"https://hooks.payroll.example · {_description(desk, 0)}", "/d/webhook"),
    )


def _try(desk: Desk, number: int, *, last: bool) -> TryView:
    """Only the last of a delivery that is not crowded is taken."""
    request = [
        "webhook-id: msg_2f9d8c1b",
        f"webhook-signature: v1,{'c2ln' * 11}",
    ]
    response = ["content-type: application/json"]
    if desk.crowded:
        request += [f"x-of-the-host-{n}: {'0123456789abcdef' * 8}" for n in range(20)]
        response += [f"set-cookie: {'session' * 60}", "server: gateway"]
    at = NOW + timedelta(minutes=2**number)
    if last and not desk.crowded:
        return TryView(at, 84, "200", Untrusted(""), "\n".join(request), "\n".join(response), "{}")
    if number % 2:
        return TryView(
            at, 1_204, "503", Untrusted("HTTP 503"), "\n".join(request), "\n".join(response), _body(desk)
        )
    why = REFUSED if desk.crowded else "no answer within 30 seconds"
    return TryView(at, 30_000, "", Untrusted(why, limit=300), "\n".join(request), "", "")


def _body(desk: Desk) -> str:
    body: dict[str, object] = {"event": "account.created", "account_id": "3sJq8WnVb2kX0dYtR5mZ1A"}
    if desk.crowded:
        body |= {f"field_{n}": ["Bundesvereinigung", "a" * 90, "شركة المستقبل"] for n in range(40)}
    text = json.dumps(body, indent=2, ensure_ascii=False)
    return f"{text[:4000]}…" if desk.crowded else text


def _description(desk: Desk, number: int) -> Untrusted:
    if desk.crowded and number % 3 == 0:
        return Untrusted(AWKWARD[1][0])
    return Untrusted(("Payroll", "", "Data warehouse, nightly")[number % 3])
