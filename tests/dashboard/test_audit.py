"""The audit log's page: whose log an operator reads, and how it tells what was done."""

import csv
import io
import json
import re
from pathlib import Path

from connect_hub import Project
from connect_hub.audit import Actor, ActorKind, AuditAction, acting_as
from connect_hub.clock import iso
from connect_hub.models import AccountType
from connect_hub.operators import Role
from connect_hub.web.dashboard.labels import ACTIONS
from tests.dashboard.desk import DESK, PROJECTS, TESTER, Staff, make_desk
from tests.hubs import API_KEY, GOOD_KEY
from tests.web.api import Caller


async def test_the_log_of_operators_is_for_who_runs_all_projects(tmp_path: Path) -> None:
    """T41: who was made an operator, and who signed in, belongs to no project; an administrator of one
    project cannot read it, on the page or as an export."""
    staff = await make_desk(tmp_path)
    with acting_as(TESTER):
        await staff.made.hub.operators.add(name="Grace", roles={"*": Role.VIEWER})
    chief, admin = await staff.browser("chief"), await staff.browser("admin")
    log = await chief.get(f"{DESK}/audit?log=operators")
    assert "Operator added" in log.text
    assert "Operator signed in" in log.text
    assert "Operator signed in" not in (await chief.get(f"{DESK}/audit")).text.partition("<tbody>")[2]
    exported = await chief.get(f"{DESK}/audit.csv?log=operators&action=%20operator.added%20")
    assert [row["action"] for row in csv.DictReader(io.StringIO(exported.text))] == ["operator.added"]
    [noted] = await staff.made.hub.audit.list(action="audit.exported")
    assert noted.subject == "operators-audit.csv"
    assert "Operators and sign-ins" not in (await admin.get(f"{DESK}/audit")).text
    for page in ("audit", "audit.csv"):
        refused = await admin.get(f"{DESK}/{page}?log=operators")
        assert (refused.status, refused.heading) == (404, "There is no such page")
        assert "Grace" not in refused.text
    assert (await chief.get(f"{DESK}/audit.csv?action=bogus")).status == 400


async def test_an_operator_s_name_and_roles_are_told_apart(tmp_path: Path) -> None:
    """A project may be called as a field of the log is."""
    staff = await make_desk(tmp_path, projects={**PROJECTS, "name": Project()})
    with acting_as(TESTER):
        await staff.made.hub.operators.add(name="Grace", roles={"name": Role.VIEWER, "*": Role.OPERATOR})
    log = await (await staff.browser("chief")).get(f"{DESK}/audit?log=operators&action=operator.added")
    assert "“Grace”" in log.text
    assert "“name: Viewer, Every project: Operator”" in log.text


async def test_no_name_breaks_the_log(tmp_path: Path) -> None:
    """T2: a customer who is called like an instant that there is none is shown as they are called."""
    staff = await make_desk(tmp_path)
    for name in ("2026-99-99T99:99:99Z", "set 2026-13-01T00:00:00Z", "٢٠٢٦-01-01T00:00:00Z"):
        account_id = await staff.connected(name, name)
        with acting_as(TESTER):
            await staff.made.hub.accounts.delete(account_id)
    log = await (await staff.browser("admin")).get(f"{DESK}/audit")
    assert log.status == 200
    assert "“2026-99-99T99:99:99Z”" in log.text


async def test_the_log_tells_in_words(tmp_path: Path) -> None:
    """States, yes and no, lists and instants are told as other pages tell them, and what was changed is a way
    to it, but for an entry that it was deleted."""
    staff = await make_desk(tmp_path)
    hub, account_id = staff.made.hub, await staff.connected()
    with acting_as(TESTER):
        link = await hub.links.create(origin_owner_id="9", origin_owner_name="Nine")
        await hub.accounts.suspend(account_id)
        await hub.accounts.convert(account_id, AccountType.TEST)
        await hub.connector_settings.disable("simulated")
        await hub.endpoints.create(
            url="https://hooks.example/x", events=["account.created", "link.failed"], providers=["simulated"]
        )
    log = await (await staff.browser("admin")).get(f"{DESK}/audit")
    assert '<del>Active</del> <span class="turns">→</span> <ins>Suspended</ins>' in log.text
    assert '<del>Production</del> <span class="turns">→</span> <ins>Test</ins>' in log.text
    assert "<ins>No</ins>" in log.text
    assert "<ins>Account connected, Attempt failed</ins>" in log.text
    assert ('<bdi class="quote">“simulated”</bdi>' in log.text, "[" in log.text.partition("<tbody>")[2]) == (
        True,
        False,
    )
    assert f'<ins><time datetime="{link.session.expires_at:%Y-%m-%dT%H:%M:%SZ}"' in log.text
    for address in (f"accounts/{account_id}", f"links/{link.session.id}", "connectors/simulated"):
        assert f'href="{DESK}/{address}"' in log.text
    with acting_as(TESTER):
        await hub.accounts.delete(account_id)
    gone = await (await staff.browser("admin")).get(f"{DESK}/audit?action=account.deleted")
    assert account_id in gone.text
    assert f"accounts/{account_id}" not in gone.text


async def test_the_log_says_whose_it_shows(tmp_path: Path) -> None:
    """Who is filtered by stands in the form, by name, or by id where nothing of theirs is shown; so do
    those who acted in what is shown, and everybody."""
    staff = await make_desk(tmp_path)
    with acting_as(TESTER):
        await staff.made.hub.accounts.suspend(await staff.connected())
    with acting_as(Actor(ActorKind.API_KEY, "key_2", "CI", "127.0.0.1")):
        await staff.made.hub.links.create(origin_owner_id="9", origin_owner_name="Nine")
    browser = await staff.browser("admin")
    every = (await browser.get(f"{DESK}/audit")).text
    assert '<option value="">Everybody</option>' in every
    assert f'<option value="{TESTER.id}">{TESTER.name}</option>' in every
    assert '<option value="key_2">CI</option>' in every
    theirs = (await browser.get(f"{DESK}/audit?actor=key_2")).text
    assert '<option value="key_2" selected>CI</option>' in theirs
    assert "Link created" in theirs.partition("<tbody>")[2]
    assert "Account suspended" not in theirs.partition("<tbody>")[2]
    nobody = (await browser.get(f"{DESK}/audit?actor=key_3")).text
    assert '<option value="key_3" selected>key_3</option>' in nobody


async def test_everybody_stands_in_the_log(staff: Staff) -> None:
    """Operators, API keys and the command line: who, when, what, from where, before and after; T46: no secret
    among it."""
    hub, account_id = staff.made.hub, await staff.connected()
    browser = await staff.browser("admin")
    await browser.press(await browser.get(f"{DESK}/accounts/{account_id}/suspend"), "Suspend")
    await Caller(hub).patch(f"/accounts/{account_id}", json={"label": "=HQ()"})
    with acting_as(TESTER):
        link = await hub.links.create(origin_owner_id="9", origin_owner_name="Nine")
    log = await browser.get(f"{DESK}/audit")
    for told in (
        "Account suspended",
        "Account changed",
        "Link created",
        "Dashboard",
        "API key",
        "Command line",
    ):
        assert told in log.text
    assert "<del>" in log.text
    only = await browser.get(f"{DESK}/audit?action=account.suspended&subject={account_id}")
    rows = re.findall(r'<th scope="row">(.*?)<', only.text)
    assert rows == ["Account suspended"]
    for query in ("action=x", "cursor=y", "who=z"):
        assert (await browser.get(f"{DESK}/audit?{query}")).status == 400
    answer = await browser.get(f"{DESK}/audit.csv")
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    changed = next(row for row in rows if row["action"] == "account.changed")
    assert (json.loads(changed["before"]), json.loads(changed["after"])) == (
        {"label": None},
        {"label": "=HQ()"},
    )
    assert changed["at"] == iso(staff.made.clock.now())
    for secret in (link.url.partition("#t=")[2], GOOD_KEY, API_KEY, *staff.tokens.values()):
        assert secret not in answer.text + log.text


async def test_the_log_is_filtered_by_what_it_can_tell(staff: Staff) -> None:
    """Every action has words, and each that a project's log may have is a filter; an event is none."""
    assert set(ACTIONS) == set(AuditAction)
    assert all(text != action.value for action, text in ACTIONS.items())
    with acting_as(TESTER):
        await staff.made.hub.links.create(origin_owner_id="9", origin_owner_name="Nine")
    browser = await staff.browser("admin")
    text = (await browser.get(f"{DESK}/audit")).text
    chosen = text[text.index('<select name="action"') :]
    offered = re.findall(r'<option value="([a-z_.]+)"', chosen[: chosen.index("</select>")])
    assert offered == [action.value for action in AuditAction if action.is_of_projects]
    for name in offered:
        assert (await browser.get(f"{DESK}/audit?action={name}")).status == 200, name
    for name in ("account.created", "link.opened", "account.expiring"):
        assert (await browser.get(f"{DESK}/audit?action={name}")).status == 400, name
