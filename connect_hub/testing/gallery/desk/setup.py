"""Samples of keys, the audit log and settings."""

from datetime import timedelta

from connect_hub.message import Message
from connect_hub.testing.gallery.desk.connectors import SCOPES, long_named
from connect_hub.testing.gallery.desk.desk import AWKWARD, LONG, NOW, PROJECTS, Desk
from connect_hub.web.contexts import Form, OptionView
from connect_hub.web.dashboard.contexts import (
    AuditList,
    AuditRow,
    Changed,
    ChangedValue,
    Fact,
    KeyList,
    KeyRow,
    Pager,
    SettingsPage,
)
from connect_hub.web.dashboard.labels import ACTIONS
from connect_hub.web.dashboard.states import KEY_STATES
from connect_hub.web.untrusted import Untrusted

__all__ = ["audit", "keys", "settings"]


def keys(desk: Desk, rows: int, *, refused: bool = False) -> KeyList:
    names = ["payroll", "nightly export", "a key with quite a long name for what it does"]
    if desk.crowded:
        names += [name for name, _ in AWKWARD]
    unseen = Message("There is a character in it that is not seen, such as a line break. Type it anew.")
    return KeyList(
        frame=desk.frame("keys"),
        url="/d/keys",
        rows=tuple(
            KeyRow(
                id=f"key_{n}",
                name=Untrusted(names[n % len(names)]),
                created_at=NOW - timedelta(days=n),
                last_used_at=None if n % 3 == 1 else NOW,
                state=desk.state(KEY_STATES["revoked" if n % 4 == 3 else "active"]),
                revoke_url=None if n % 4 == 3 else "/d/revoke",
            )
            for n in range(rows)
        ),
        form=Form("/d/keys"),
        name=AWKWARD[1][0][:80] if refused else "",
        error=desk.say(unseen) if refused else None,
    )


def audit(desk: Desk, rows: int) -> AuditList:
    names = tuple(ACTIONS)
    logs = (("", Message("This project")), ("operators", Message("Operators and sign-ins")))
    return AuditList(
        frame=desk.frame("audit"),
        url="/d/audit",
        logs=tuple(OptionView(value, desk.say(text)) for value, text in logs) if desk.crowded else (),
        rows=tuple(
            AuditRow(
                at=NOW - timedelta(minutes=33 * n),
                action=desk.action(names[n % len(names)]),
                subject_url="/d/subject" if n % 3 else None,
                subject=desk.customer(n)[1] if desk.crowded else Untrusted("3sJq8WnVb2kX0dYtR5mZ1A"),
                actor=(desk.operator, Untrusted("payroll"))[n % 2],
                actor_url="/d/audit?actor=1",
                kind=desk.say((Message("Dashboard"), Message("API key"))[n % 2]),
                source=Untrusted("2001:db8:4:1::/64" if n % 3 else "192.0.2.44"),
                changes=_changes(desk, n),
            )
            for n in range(rows)
        ),
        actions=tuple(OptionView(name, desk.action(name)) for name in names if name.is_of_projects),
        export_url="/d/audit.csv",
        pager=Pager(None, "/d/audit?cursor=x") if desk.crowded else Pager(),
    )


def _changes(desk: Desk, number: int) -> tuple[Changed, ...]:
    if number % 2:
        return (
            Changed(
                desk.say(Message("Status")),
                ChangedValue(text=desk.say(Message("Active"))),
                ChangedValue(text=desk.say(Message("Suspended"))),
            ),
        )
    label = Changed(desk.say(Message("Label")), None, ChangedValue(quoted=Untrusted(LONG[0])))
    if not desk.crowded:
        return (label,)
    before, after = (
        ChangedValue(quoted=Untrusted(AWKWARD[(number + n) // 2 % len(AWKWARD)][0], limit=200))
        for n in (0, 2)
    )
    return (
        label,
        Changed(desk.say(Message("Origin owner name")), before, after),
        Changed(desk.say(Message("Scopes")), ChangedValue(quoted=Untrusted(SCOPES, limit=200)), None),
        Changed(desk.say(Message("Expires")), None, ChangedValue(at=NOW)),
    )


def settings(desk: Desk) -> SettingsPage:
    product, domain, project = "Acme HR", "acme-hr", "default"
    if desk.crowded:
        product, domain, project = (
            f"{desk.operator}",
            f"{'a-long-name.' * 12}acme-hr",
            PROJECTS[-1],
        )
    return SettingsPage(
        frame=desk.frame("settings"),
        facts=(
            Fact(desk.say(Message("Product name")), quoted=Untrusted(product)),
            Fact(desk.say(Message("Accent colour")), code="#2557d6"),
            Fact(desk.say(Message("Support address")), f"help@{domain}.example"),
            Fact(desk.say(Message("Privacy policy")), f"https://{domain}.example/privacy"),
        ),
        link_facts=(
            Fact(desk.say(Message("Address of the hub")), code=f"https://app.{domain}.example/connect"),
            Fact(desk.say(Message("Project ID")), code=project),
            Fact(desk.say(Message("Links expire after")), desk.say(Message("%(days)s days", days=5))),
        ),
        preview=long_named(desk, "hubspot"),
    )
