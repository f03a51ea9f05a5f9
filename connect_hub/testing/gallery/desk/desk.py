"""What all sample pages of operators are made of."""

from collections.abc import Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import TypeVar

from connect_hub.audit import AuditAction
from connect_hub.message import Message
from connect_hub.testing.gallery.product import TOOLS
from connect_hub.web.contexts import Form, OptionView
from connect_hub.web.dashboard.contexts import Action, Frame, NavItem, ProjectItem, StateView
from connect_hub.web.dashboard.frame import NAV
from connect_hub.web.dashboard.labels import ACTIONS, EVENTS, ROLES
from connect_hub.web.dashboard.states import State, state_options, state_view
from connect_hub.web.languages import Language
from connect_hub.web.untrusted import Untrusted

__all__ = ["AWKWARD", "KEYS", "LONG", "LONGEST_ID", "NOW", "PROJECTS", "Desk"]

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
AWKWARD = (
    LONG,
    ("MCMXCVIII_AG_" * 39, "0f3c9ab277d14b5e9d552f1f4f1d9a10" * 8),
    ("مجموعة شركات المستقبل للتجارة والمقاولات العامة (1998) " * 9, "شركة-المستقبل-1998-" * 13),
    ("🏗️ Müller & Söhne 👷🏽‍♀️🇩🇪 " * 22, "emoji-🦊🦊🦊-4412-" * 16),
)
"""Long, without a space, from right to left, and of pictures; but for the first all as long as can be."""
PROJECTS = (
    "default",
    "staging",
    *(f"region-{n:02}.of-a-company-with-a-long-name.production.the-newest" for n in range(48)),
)
LONGEST_NAME, LONGEST_ID = 500, 255
KEYS = tuple(TOOLS)


_Value = TypeVar("_Value", bound=StrEnum)


class Desk:
    """Ada's, in one language. A `crowded` one has as many projects and as long names as there may be."""

    def __init__(self, language: Language, *, crowded: bool = False) -> None:
        self.language = language
        self.say = language.text
        self.crowded = crowded

    @property
    def operator(self) -> Untrusted:
        name = "Augusta Ada Byron King, Countess of Lovelace"
        return Untrusted(f"{name}, {name}" if self.crowded else "Ada Lovelace")

    def frame(self, current: str) -> Frame:
        projects = PROJECTS if self.crowded else PROJECTS[1::-1]
        return Frame(
            operator=self.operator,
            role=self.say(ROLES["admin"]),
            project=projects[-1],
            projects=tuple(ProjectItem(name, "/d/project", name == projects[-1]) for name in projects),
            nav=tuple(
                NavItem(self.say(label), f"/d/{route}", icon, route == f"dashboard_{current}")
                for route, label, icon, _ in NAV
            ),
            sign_out=Form("/d/sign-out"),
            home_url="/d",
            host_url="/app",
        )

    def customer(self, number: int, *, limit: int = 80) -> tuple[Untrusted, Untrusted]:
        """Name and id, of this `limit`. On a crowded desk every other one is awkward."""
        name, owner_id = CUSTOMERS[number % len(CUSTOMERS)]
        if self.crowded and number % 2:
            name, owner_id = AWKWARD[number // 2 % len(AWKWARD)]
        return Untrusted(name[:LONGEST_NAME]), Untrusted(owner_id[:LONGEST_ID], limit=limit)

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

    def state(self, state: State) -> StateView:
        return state_view(state, self.say)

    def options(self, states: Mapping[_Value, State]) -> tuple[OptionView, ...]:
        return state_options(states, self.say)

    def action(self, name: str) -> str:
        return self.say(EVENTS.get(name) or ACTIONS[AuditAction(name)])
