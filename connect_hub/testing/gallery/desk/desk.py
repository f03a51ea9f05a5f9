"""What all sample pages of operators are made of."""

from datetime import UTC, datetime

from connect_hub.audit import AuditAction
from connect_hub.message import Message
from connect_hub.testing.gallery.product import TOOLS
from connect_hub.web.contexts import Form
from connect_hub.web.dashboard.contexts import Action, Frame, NavItem, ProjectItem
from connect_hub.web.dashboard.frame import NAV
from connect_hub.web.dashboard.labels import ACTIONS, EVENTS, ROLES
from connect_hub.web.languages import Language
from connect_hub.web.untrusted import Untrusted

__all__ = ["KEYS", "LONG", "NOW", "Desk"]

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
CUSTOMERS = (
    ("Globex Corporation", "globex-4412"),
    ("Initech", "1002"),
    ("شركة النور للتجارة", "noor"),
    ("株式会社サンプル商事", "3077"),
    ("Société Générale d’Équipements", "sge"),
)
LONG = (
    "Bundesvereinigung der mittelständischen Bauunternehmen und Zulieferer",
    "customer_0f3c9ab2-77d1-4b5e-9d55-2f1f4f1d9a10:eu-central-1:production",
)
KEYS = tuple(TOOLS)


class Desk:
    """Ada's, in one language."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self.say = language.text

    def frame(self, current: str) -> Frame:
        return Frame(
            operator=Untrusted("Ada Lovelace"),
            role=self.say(ROLES["admin"]),
            project="default",
            projects=(
                ProjectItem("default", "/d/default", True),
                ProjectItem("staging", "/d/staging", False),
            ),
            nav=tuple(
                NavItem(self.say(label), f"/d/{route}", icon, route == f"dashboard_{current}")
                for route, label, icon, _ in NAV
            ),
            sign_out=Form("/d/sign-out"),
            home_url="/d",
        )

    def customer(self, number: int, crowded: bool) -> tuple[Untrusted, Untrusted]:
        name, owner_id = LONG if crowded and number % 4 == 1 else CUSTOMERS[number % len(CUSTOMERS)]
        return Untrusted(name), Untrusted(owner_id)

    def actions(self, status: str, is_test: bool) -> tuple[Action, ...]:
        texts = (
            Message("Reconnect link"),
            Message("Resume") if status == "suspended" else Message("Suspend"),
            Message("Convert to production") if is_test else Message("Convert to test"),
            Message("Disconnect"),
        )
        last = len(texts) - 1
        return tuple(
            Action(self.say(text), f"/d/{n}", "danger" if n == last else "secondary")
            for n, text in enumerate(texts)
        )

    def action(self, name: str) -> str:
        return self.say(EVENTS.get(name) or ACTIONS[AuditAction(name)])
