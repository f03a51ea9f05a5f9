"""Samples of connectors, and of what is asked before something is done."""

from dataclasses import replace
from datetime import timedelta

from connect_hub.message import Message
from connect_hub.testing.gallery.desk.desk import KEYS, NOW, Desk
from connect_hub.testing.gallery.product import provider
from connect_hub.web.contexts import FieldView, Form, ProviderView
from connect_hub.web.dashboard.contexts import (
    Action,
    Affected,
    AffectedAccount,
    ClientForm,
    Confirm,
    ConnectorDetail,
    ConnectorList,
    ConnectorRow,
    Fact,
)
from connect_hub.web.dashboard.states import CONNECTOR_STATES
from connect_hub.web.untrusted import Untrusted

__all__ = ["SCOPES", "client", "confirm", "connector", "connectors", "long_named"]

SCOPES = " ".join(
    f"https://www.provider.example/auth/{area}.{right}"
    for area in ("employees", "payroll.statements", "time-off.balances", "documents", "organisation.units")
    for right in ("readonly", "write", "administration")
)


def connectors(desk: Desk, rows: int) -> ConnectorList:
    states = tuple(CONNECTOR_STATES)
    sign_in, more = desk.say(Message("Sign in")), [desk.say(Message("API key"))]
    if desk.crowded:
        more += [desk.say(Message("User name and password")), desk.say(Message("Client ID and secret"))]
    return ConnectorList(
        frame=desk.frame("connectors"),
        rows=tuple(
            ConnectorRow(
                url="/d/connector",
                provider=long_named(desk, key),
                state=desk.state(CONNECTOR_STATES[states[n % 4]]),
                category=desk.say(Message("HR")),
                methods=(sign_in, *more) if n % 2 else (sign_in,),
                client_id="" if n % 4 == 1 else _client_id(desk, n),
                has_oauth=n % 5 != 4,
                has_secret=n % 2 == 0,
                in_code=n % 3 == 0,
                accounts=f"{n * 137:,}",
                accounts_url="/d/accounts",
            )
            for n, key in enumerate(KEYS[:rows])
        ),
    )


def connector(desk: Desk) -> ConnectorDetail:
    actions: tuple[Action, ...] = (
        Action(desk.say(Message("Set OAuth client")), "/d/client", "primary"),
        Action(desk.say(Message("Disable")), "/d/disable", "danger"),
    )
    notes = [
        Message("Customers cannot connect it before it has an OAuth client: register one, and enter it."),
    ]
    client_facts: tuple[Fact, ...] = ()
    if desk.crowded:
        actions = (
            Action(desk.say(Message("Change OAuth client")), "/d/client"),
            Action(desk.say(Message("Remove client")), "/d/remove", "danger"),
            actions[-1],
        )
        notes = [
            Message("The OAuth client is set in code, and changed there."),
            Message(
                "The client %(id)s, which was set here, is without effect as long as code has one.",
                id=_client_id(desk, 1),
            ),
            Message(
                "The client secret cannot be opened: the key that sealed it is not in the key ring. Put "
                "the key back, or enter the secret again."
            ),
        ]
        client_facts = (
            Fact(desk.say(Message("Client ID")), code=_client_id(desk, 0)),
            Fact(desk.say(Message("Client secret set")), at=NOW - timedelta(days=9)),
            Fact(desk.say(Message("Set by")), quoted=desk.operator),
            Fact(desk.say(Message("Scopes")), SCOPES),
        )
    return ConnectorDetail(
        frame=desk.frame("connectors"),
        provider=long_named(desk, "salesforce"),
        state=desk.state(CONNECTOR_STATES["active" if desk.crowded else "no_client"]),
        facts=(
            Fact(desk.say(Message("Connector")), code="salesforce"),
            Fact(desk.say(Message("Accounts")), code="3,000+" if desk.crowded else "12", url="/d/accounts"),
        ),
        redirect_uri="https://app.acme-hr.example/connect/oauth/callback/salesforce",
        register_url="https://login.salesforce.example/apps",
        client_facts=client_facts,
        notes=tuple(desk.say(note) for note in notes),
        actions=actions,
        list_url="/d/connectors",
    )


def client(desk: Desk, *, refused: bool = False) -> ClientForm:
    cut = desk.say(Message("There is a space in it, or a character that cannot be there. Copy it again."))
    unconfirmed = Message("Say that these accounts may have to connect again, or keep the client ID.")
    missing = Message("Enter the secret of this client ID, unless it is a public client.")
    return ClientForm(
        frame=desk.frame("connectors"),
        form=Form("/d/client"),
        fields=(
            FieldView(
                name="client_id",
                label=desk.say(Message("Client ID")),
                value=f"{_client_id(desk, 0)} {_client_id(desk, 1)}" if refused else "3MVG9lKcPoNINVB",
                error=cut if refused else None,
            ),
            FieldView(
                name="client_secret",
                label=desk.say(Message("Client secret")),
                secret=True,
                required=False,
                stored=True,
                help=desk.say(Message("Sealed with your keys, and never shown again.")),
                error=desk.say(missing) if refused else None,
            ),
            FieldView(
                name="scopes",
                label=desk.say(Message("Scopes")),
                required=False,
                value=SCOPES if refused else "",
                placeholder="api refresh_token",
                help=desk.say(Message("Separated by spaces. Empty: those that the connector needs.")),
            ),
        ),
        back_url="/d/connector",
        provider=long_named(desk, "salesforce"),
        redirect_uri="https://app.acme-hr.example/connect/oauth/callback/salesforce",
        register_url="https://login.salesforce.example/apps",
        public=False,
        affected=_affected(
            desk,
            "%(count)s account would have to connect again once its access runs out. The newest:",
            "%(count)s accounts would have to connect again once their access runs out. The newest:",
        ),
        confirmed=False,
        unconfirmed=desk.say(unconfirmed) if refused else "",
    )


def confirm(desk: Desk, danger: bool) -> Confirm:
    return Confirm(
        frame=desk.frame("connectors" if danger else "accounts"),
        title=desk.say(Message("Disable this connector?") if danger else Message("Resume this account?")),
        text=desk.say(
            Message(
                "From the next request on, customers cannot connect it, and its accounts are inactive until "
                "it is enabled again. Their credentials are kept."
            )
            if danger
            else Message("Its credentials may be used again from now on.")
        ),
        about=Untrusted(f"{desk.customer(3 if desk.crowded else 0)[0]} · HubSpot"),
        form=Form("/d/act"),
        button=desk.say(Message("Disable") if danger else Message("Resume")),
        danger=danger,
        back_url="/d/back",
        affected=_affected(
            desk,
            "%(count)s account would be inactive. The newest:",
            "%(count)s accounts would be inactive. The newest:",
        )
        if danger
        else None,
    )


def long_named(desk: Desk, key: str) -> ProviderView:
    """On a crowded desk one of them has a long name."""
    view = provider(key)
    if desk.crowded and key in {"hubspot", "salesforce"}:
        return replace(view, name=f"{view.name} for wholesalers and their suppliers in Central Europe")
    return view


def _client_id(desk: Desk, number: int) -> str:
    return f"3MVG9lKcPoNINVB{number}{'0f3c9ab277d14b5e' * 14 if desk.crowded else ''}"


def _affected(desk: Desk, one: str, more: str) -> Affected:
    text = desk.language.ngettext(one, more, 12)
    rows = (desk.customer(n) for n in range(4 if desk.crowded else 3))
    return Affected(
        text=text % {"count": 12},
        accounts=tuple(AffectedAccount(name, owner_id, "/d/account") for name, owner_id in rows),
        url="/d/accounts",
    )
