"""Samples of connectors, keys, the audit log and settings."""

from datetime import timedelta

from connect_hub.message import Message
from connect_hub.testing.gallery.desk.desk import KEYS, LONG, NOW, Desk
from connect_hub.testing.gallery.product import provider
from connect_hub.web.contexts import FieldView, Form, OptionView
from connect_hub.web.dashboard.contexts import (
    Action,
    Affected,
    AffectedAccount,
    AuditList,
    AuditRow,
    Changed,
    ClientForm,
    Confirm,
    ConnectorDetail,
    ConnectorList,
    ConnectorRow,
    Fact,
    KeyList,
    KeyRow,
    Pager,
    SettingsPage,
)
from connect_hub.web.dashboard.labels import ACTIONS
from connect_hub.web.untrusted import Untrusted

__all__ = ["audit", "client", "confirm", "connector", "connectors", "keys", "settings"]


def connectors(desk: Desk, rows: int) -> ConnectorList:
    states = ("active", "no_client", "disabled", "left_out")
    return ConnectorList(
        frame=desk.frame("connectors"),
        rows=tuple(
            ConnectorRow(
                url="/d/connector",
                provider=provider(key),
                state=states[n % 4],
                category=desk.say(Message("HR")),
                methods=("OAuth 2", desk.say(Message("API key"))) if n % 2 else ("OAuth 2",),
                client_id="" if n % 4 == 1 else f"3MVG9lKcPoNINVB{n}",
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
    return ConnectorDetail(
        frame=desk.frame("connectors"),
        provider=provider("salesforce"),
        state="no_client",
        facts=(
            Fact(desk.say(Message("Connector")), code="salesforce"),
            Fact(desk.say(Message("Accounts")), code="12", url="/d/accounts"),
        ),
        redirect_uri="https://app.acme-hr.example/connect/oauth/callback/salesforce",
        register_url="https://login.salesforce.example/apps",
        client_facts=(),
        notes=(
            desk.say(
                Message(
                    "Customers cannot connect it before it has an OAuth client: register one, and enter it."
                )
            ),
        ),
        actions=(
            Action(desk.say(Message("Set OAuth client")), "/d/client", "primary"),
            Action(desk.say(Message("Disable")), "/d/disable", "danger"),
        ),
        list_url="/d/connectors",
    )


def client(desk: Desk) -> ClientForm:
    return ClientForm(
        frame=desk.frame("connectors"),
        form=Form("/d/client"),
        fields=(
            FieldView(name="client_id", label=desk.say(Message("Client ID")), value="3MVG9lKcPoNINVB"),
            FieldView(
                name="client_secret",
                label=desk.say(Message("Client secret")),
                secret=True,
                required=False,
                stored=True,
                help=desk.say(Message("Sealed with your keys, and never shown again.")),
            ),
        ),
        back_url="/d/connector",
        provider=provider("salesforce"),
        redirect_uri="https://app.acme-hr.example/connect/oauth/callback/salesforce",
        register_url="https://login.salesforce.example/apps",
        public=False,
        affected=_affected(
            desk,
            "%(count)s account would have to connect again once its access runs out. The newest:",
            "%(count)s accounts would have to connect again once their access runs out. The newest:",
        ),
        confirmed=False,
        unconfirmed="",
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
        about=Untrusted("Globex Corporation · HubSpot"),
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


def keys(desk: Desk, rows: int) -> KeyList:
    return KeyList(
        frame=desk.frame("keys"),
        rows=tuple(
            KeyRow(
                id=f"key_{n}",
                name=Untrusted(
                    ("payroll", "nightly export", "a key with quite a long name for what it does")[n % 3]
                ),
                created_at=NOW - timedelta(days=n),
                last_used_at=None if n % 3 == 1 else NOW,
                revoked_at=NOW if n % 4 == 3 else None,
                revoke_url=None if n % 4 == 3 else "/d/revoke",
            )
            for n in range(rows)
        ),
        form=Form("/d/keys"),
    )


def audit(desk: Desk, rows: int) -> AuditList:
    names = tuple(ACTIONS)
    return AuditList(
        frame=desk.frame("audit"),
        url="/d/audit",
        rows=tuple(
            AuditRow(
                at=NOW - timedelta(minutes=33 * n),
                action=desk.action(names[n % len(names)]),
                subject=Untrusted("3sJq8WnVb2kX0dYtR5mZ1A"),
                actor=Untrusted(("Ada Lovelace", "payroll")[n % 2]),
                actor_url="/d/audit?actor=1",
                kind=desk.say((Message("Dashboard"), Message("API key"))[n % 2]),
                source=Untrusted("2001:db8:4:1::/64" if n % 3 else "192.0.2.44"),
                changes=(
                    (Changed(desk.say(Message("Status")), Untrusted("active"), Untrusted("suspended")),)
                    if n % 2
                    else (Changed(desk.say(Message("Label")), None, Untrusted(LONG[0])),)
                ),
            )
            for n in range(rows)
        ),
        actions=tuple(OptionView(name, desk.action(name)) for name in names if name.is_of_projects),
        export_url="/d/audit.csv",
        pager=Pager(None, "/d/audit?cursor=x") if rows > 9 else Pager(),
    )


def settings(desk: Desk) -> SettingsPage:
    return SettingsPage(
        frame=desk.frame("settings"),
        facts=(
            Fact(desk.say(Message("Product name")), "Acme HR"),
            Fact(desk.say(Message("Accent colour")), code="#2557d6"),
        ),
        link_facts=(
            Fact(desk.say(Message("Address of the hub")), code="https://app.acme-hr.example/connect"),
            Fact(desk.say(Message("Links expire after")), desk.say(Message("%(days)s days", days=5))),
        ),
        preview=provider("hubspot"),
    )


def _affected(desk: Desk, one: str, more: str) -> Affected:
    text = desk.language.ngettext(one, more, 12)
    rows = (desk.customer(n, True) for n in range(3))
    return Affected(
        text=text % {"count": 12},
        accounts=tuple(AffectedAccount(name, owner_id, "/d/account") for name, owner_id in rows),
        url="/d/accounts",
    )
