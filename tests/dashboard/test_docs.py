"""The examples of docs/dashboard.md run."""

import asyncio
import re
from pathlib import Path
from typing import Any

from connect_hub.audit import AuditAction
from connect_hub.identity import SignIn, Visitor
from connect_hub.operators import EVERY_PROJECT, NoOperator, Operator, Role
from tests.dashboard.desk import make_desk

PAGE = (Path(__file__).parents[2] / "docs" / "dashboard.md").read_text("utf-8")


def block(name: str) -> str:
    (found,) = re.findall(rf"```python\n# example: {name}\n(.*?)```", PAGE, re.DOTALL)
    return str(found)


def test_the_page_names_every_action_of_the_log() -> None:
    """The table is the vocabulary, in its order, and nothing else is written into the log."""
    section = PAGE[PAGE.index("## The audit log") :]
    named = re.findall(r"`((?:\w+)\.(?:\w+))`(?=[,|] | \|)", section)
    assert named == [action.value for action in AuditAction]


def test_the_examples_configure_a_dashboard() -> None:
    """The function of the first example lets staff in, and nobody else; the second has the hub's own."""
    names: dict[str, object] = {"__name__": "the_host"}
    exec(compile(block("tokens"), "docs/dashboard.md", "exec"), names)  # noqa: S102  # our own page
    exec(compile(block("own sign-in"), "docs/dashboard.md", "exec"), names)  # noqa: S102  # our own page
    auth = names["operator"]
    assert callable(auth)

    def asked(**session: object) -> object:
        return auth(Visitor({}, {}, {"session": session}))

    assert asked() == SignIn("/login")
    user: dict[str, object] = {"id": "7", "name": "Ada"}
    assert asked(user={**user, "is_staff": False}) == NoOperator("/login")
    admin = asked(user={**user, "is_staff": True})
    assert admin == Operator("7", "Ada", {EVERY_PROJECT: Role.ADMIN})


async def test_flask_s_session_signs_in() -> None:
    """The example for Flask reads the session's cookie, and sends whoever has none to the sign-in."""
    names: dict[str, Any] = {"__name__": "the_host"}
    exec(compile(block("Flask session"), "docs/dashboard.md", "exec"), names)  # noqa: S102  # our own page
    app, auth = names["app"], names["config"].dashboard.auth
    app.secret_key = "x"
    assert await auth(Visitor({}, {}, {"type": "http"})) == SignIn("/login")
    serializer = app.session_interface.get_signing_serializer(app)
    cookie = f"session={serializer.dumps({'user_id': 7, 'name': 'Ada'})}"
    seen = await auth(Visitor({"cookie": cookie}, {}, {"type": "http"}))
    assert seen == Operator("7", "Ada", {EVERY_PROJECT: Role.ADMIN})


async def test_a_host_s_own_code_can_say_who_acts(tmp_path: Path) -> None:
    """What the example does stands in the log under the name that it gives."""
    staff = await make_desk(tmp_path)
    account_id = await staff.connected()
    names: dict[str, object] = {"__name__": "the_host", "hub": staff.made.hub, "account_id": account_id}
    code = compile(block("acting"), "docs/dashboard.md", "exec")
    await asyncio.to_thread(exec, code, names)  # our own page, of a host without an event loop
    [entry] = await staff.made.hub.audit.list(subject=account_id)
    assert (entry.actor.name, entry.action) == ("Ada", "account.suspended")
