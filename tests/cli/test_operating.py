"""The command line's twins of the pages."""

import asyncio
import getpass
import json
import sys
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace

import pytest

from connect_hub.cli.words import changes_in_words
from connect_hub.models import Json
from connect_hub.web.dashboard.labels import ADVICE
from tests.cli.conftest import Run
from tests.customer import Customer
from tests.hubs import GOOD_KEY, Hub, make_hub
from tests.web.api import linked

OWNER = ("--origin-owner-id", "42", "--origin-owner-name", "Example Ltd")


def test_operators_are_added_listed_and_revoked(run: Run) -> None:
    """The token is printed once and is in no list; who made the operator is in the log."""
    added = run("operators", "add", "--name", "Ada", "--role", "admin", "--role", "default=viewer")
    token = added.stdout.strip()
    assert token.startswith("cho_")
    assert "this hub has no dashboard" in added.stderr
    secret, operator_id = token.split("_", 2)[2], token.split("_")[1]
    listed = json.loads(run("operators", "list", "--json").stdout)
    assert (listed["name"], listed["roles"]) == ("Ada", {"*": "admin", "default": "viewer"})
    assert run("operators", "revoke", operator_id).stdout == f"revoked {operator_id} (Ada)\n"
    log = [json.loads(line) for line in run("audit", "--operators", "--json").stdout.splitlines()]
    assert [entry["action"] for entry in log] == ["operator.revoked", "operator.added"]
    assert {entry["actor_kind"] for entry in log} == {"command_line"}
    for arguments in (("operators", "list"), ("audit", "--operators")):
        assert secret not in run(*arguments).output
    assert "admin of every project, viewer of default" in run("operators", "list").stdout
    told = run("audit", "list", "--operators").stdout
    assert told == run("audit", "--operators").stdout
    assert "name: Ada; roles: admin of every project, viewer of default" in told
    assert "{" not in told


def test_an_added_operator_is_told_where_to_sign_in(run: Run, environment: pytest.MonkeyPatch) -> None:
    """On standard error: standard output has the token alone."""
    environment.setenv("CONNECT_HUB_DASHBOARD", "1")
    added = run("operators", "add", "--name", "Ada", "--role", "admin")
    assert len(added.stdout.split()) == 1
    assert "shown this once" in added.stderr
    assert added.stderr.endswith("at https://connect.example.com/hub/dashboard\n")


def test_a_change_is_told_in_words() -> None:
    """Each field that was or became something; what could be taken for more than that is quoted."""
    status: dict[str, Json] = {"status": "active", "label": None}
    assert changes_in_words(status, {"status": "suspended", "label": None}) == "status: active → suspended"
    assert changes_in_words(None, {"name": "x; status: y", "on": True}) == 'name: "x; status: y"; on: yes'
    assert changes_in_words({"events": ["a.b", "c.d"]}, {"events": []}) == "events: a.b, c.d → nothing"
    assert changes_in_words(status, None) == "status was active"
    assert changes_in_words(None, None) == ""


def test_links_are_listed_and_revoked(run: Run) -> None:
    """Newest first, filtered, as a table and as JSON; never the link itself."""
    link = run("links", "create", *OWNER).stdout.strip()
    run("links", "create", "--origin-owner-id", "43", "--origin-owner-name", "Other")
    rows = [json.loads(line) for line in run("links", "list", "--json").stdout.splitlines()]
    assert [(row["origin_owner_id"], row["status"]) for row in rows] == [("43", "open"), ("42", "open")]
    link_id = str(rows[1]["id"])
    assert run("links", "revoke", link_id).stdout == f"revoked {link_id}\n"
    [row] = run("links", "list", "--status", "revoked", "--limit", "5", "--json").stdout.splitlines()
    assert json.loads(row)["id"] == rows[1]["id"]
    assert link.partition("#t=")[2] not in run("links", "list").output
    log = run("audit", "--subject", link_id).stdout
    assert "link.revoked" in log
    assert "link.created" in log
    assert run("audit", "--subject", f" {link_id} ").stdout == log
    assert len(run("audit", "--limit", "2").stdout.splitlines()) == 3


def test_connectors_are_configured_and_switched(
    run: Run, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The twin of the Connectors page: the secret comes from a file or is asked for, and is in no output;
    with the dashboard on, a connector that has OAuth alone starts without a client."""
    environment.setenv("CONNECT_HUB_CONNECTORS", "bamboohr, salesforce")
    assert "CONNECT_HUB_DASHBOARD=1" in run("connectors", "list", "--project", "default").output
    environment.setenv("CONNECT_HUB_DASHBOARD", "1")

    def states() -> dict[str, dict[str, object]]:
        lines = run("connectors", "list", "--project", "default", "--json").stdout.splitlines()
        return {row["key"]: row for row in map(json.loads, lines)}

    assert {key: row["active"] for key, row in states().items()} == {"bamboohr": True, "salesforce": False}
    (tmp_path / "secret").write_text("canary-secret-0123\n", "utf-8")
    configured = run(
        *("connectors", "configure", "salesforce", "--client-id", "abc"),
        *("--client-secret-file", "secret", "--scope", "api", "--scope", "refresh_token", "--json"),
    )
    assert json.loads(configured.stdout)["active"] is True
    row = states()["salesforce"]
    assert (row["client_id"], row["client_source"], row["has_secret"]) == ("abc", "database", True)
    assert (row["scopes"], row["enabled"]) == ("api refresh_token", True)
    kept = run("connectors", "configure", "salesforce", "--client-id", "abc", "--keep-secret")
    assert kept.stdout == "configured salesforce\n"
    assert run("connectors", "disable", "salesforce").stdout == "disabled salesforce\n"
    assert states()["salesforce"]["active"] is False
    assert run("connectors", "enable", "salesforce").stdout == "enabled salesforce\n"
    assert run("connectors", "remove-client", "salesforce").exit_code == 0
    log = run("audit", "--subject", "salesforce", "--json")
    assert [json.loads(line)["action"] for line in log.stdout.splitlines()] == [
        "connector.client_removed",
        "connector.enabled",
        "connector.disabled",
        "connector.configured",
        "connector.configured",
    ]
    assert (
        "canary"
        not in log.output + configured.output + run("connectors", "list", "--project", "default").output
    )


async def _with_an_account(made: Hub) -> str:
    """An account, and a try that failed before it."""
    link = await made.hub.links.create(
        origin_owner_id="42", origin_owner_name="Acme", provider="simulated-key"
    )
    customer = Customer(made.hub)
    await customer.press(await customer.enter(link.url), "Connect Acme Key", {"f.api_key": "wrong" * 4})
    made.clock.advance(timedelta(minutes=1))
    account_id = await linked(made)
    await made.hub.aclose()
    return account_id


def test_a_customers_account_from_its_tries_to_its_end(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the pages of accounts, links and attempts show and do; never the credentials."""
    made = make_hub(tmp_path)
    account_id = asyncio.run(_with_an_account(made))
    made.clock.advance(timedelta(minutes=1))
    monkeypatch.setitem(sys.modules, "own_operating", SimpleNamespace(hub=made.hub, __name__="own_operating"))

    def said(line: str) -> str:
        result = run(*line.split(), "--app", "own_operating:hub")
        assert result.exit_code == 0, result.output
        assert GOOD_KEY not in result.output
        return result.stdout

    # Without a terminal nobody is asked whether its account is to become inactive.
    asked = run("connectors", "disable", "simulated-key", "--app", "own_operating:hub")
    assert (asked.exit_code, asked.stdout) == (2, "")
    assert account_id in asked.stderr
    assert "add --yes" in asked.stderr
    assert json.loads(said("accounts list --json"))["status"] == "active"

    change = f"accounts change {account_id}"
    spaced = run(*change.split(), "--origin-owner-id", " 43 ", "--app", "own_operating:hub")
    assert (spaced.exit_code, "write '43', or add --keep-spaces" in spaced.stderr) == (2, True)
    changed = json.loads(said(f"{change} --label main --metadata a=b --origin-owner-id 43 --json"))
    assert (changed["label"], changed["metadata"], changed["origin_owner_id"]) == ("main", {"a": "b"}, "43")
    said(f"{change} --clear label --clear metadata --origin-owner-name New")
    shown = json.loads(said(f"accounts show {account_id} --json"))
    assert (shown["label"], shown["metadata"], shown["origin_owner_name"]) == (None, {}, "New")
    assert ["origin_owner_id", "43"] in [
        line.split() for line in said(f"accounts show {account_id}").splitlines()
    ]
    assert said("events list --origin-owner-id none --json") == ""
    assert said("events list --until 2020-01-01 --json") == ""

    for listed, name in (("accounts list", "New"), ("links list", "Acme")):
        assert name in said(f"{listed} --name {name[:3].upper()}")
        assert said(f"{listed} --name nobody --json") == ""

    newest, oldest = [json.loads(line) for line in said("links list --json").splitlines()]
    steps = json.loads(said(f"links show {oldest['id']} --json"))["steps"]
    assert [step["kind"] for step in steps] == ["opened", "picked", "submitted", "failed"]
    assert "connected" in said(f"links show {newest['id']}")
    assert said("links list --provider simulated --json") == ""
    assert json.loads(said(f"links show {newest['id']} --json"))["account_is_gone"] is False
    again = json.loads(said(f"links renew {oldest['id']} --json"))
    assert again["origin_owner_id"] == oldest["origin_owner_id"]
    assert said(f"links renew {oldest['id']}").startswith("https://")
    said("connectors disable simulated-key --yes")
    assert said(f"accounts suspend {account_id}") == f"suspended {account_id}\n"
    assert json.loads(said(f"accounts show {account_id} --json"))["is_suspended"] is True
    assert said(f"accounts resume {account_id}") == f"resumed {account_id}\n"
    refused = run("links", "renew", str(newest["id"]), "--app", "own_operating:hub")
    assert (refused.exit_code, "Make a new link instead" in refused.stderr) == (2, True)
    said("connectors enable simulated-key")
    said(f"links revoke {again['id']}")
    revoked = json.loads(said(f"links show {again['id']} --json"))
    assert revoked["created_by"] == revoked["revoked_by"] == getpass.getuser()
    assert json.loads(said(f"links show {oldest['id']} --json"))["created_by"] is None  # by code

    what, to_do = ADVICE[steps[-1]["error_code"]]
    assert (steps[-1]["problem"], steps[-1]["advice"], steps[0]["advice"]) == (what, to_do, None)
    [failure] = map(json.loads, said("attempts failures --json").splitlines())
    assert failure["advice"] == to_do
    for command in ("attempts failures", f"links show {oldest['id']}"):
        assert said(command).count(to_do) == 1
    assert (failure["link_id"], failure["error_code"]) == (oldest["id"], steps[-1]["error_code"])
    funnel = json.loads(said("attempts funnel --days 1 --json"))
    assert (funnel["provider"], funnel["picked"], funnel["connected"]) == ("simulated-key", 2, 1)

    made.clock.advance(timedelta(minutes=1))
    said(f"accounts suspend {account_id} --reason unpaid")
    shown = json.loads(said(f"accounts show {account_id} --json"))
    assert (shown["status_reasons"], shown["link_id"]) == (["unpaid"], newest["id"])
    newest_first = [(one["what"], one["by"], one["reason"]) for one in shown["history"]]
    assert newest_first[:2] == [
        ("account.suspended", getpass.getuser(), "unpaid"),
        ("account.updated", None, None),
    ]
    assert newest_first[-1] == ("account.created", None, None)
    assert said(f"accounts show {account_id}").splitlines()[-len(newest_first)].endswith("unpaid")
    said(f"accounts resume {account_id}")
    [counted] = [
        row
        for row in map(json.loads, said("connectors list --project default --json").splitlines())
        if row["key"] == "simulated-key"
    ]
    assert counted["accounts"] == 1

    asked = run("owners", "erase", "43", "--app", "own_operating:hub")  # nobody says yes
    assert asked.exit_code == 2
    assert said("owners erase 43 --yes").splitlines() == ["accounts: 1 removed", "sessions: 0 removed"]
    assert said("accounts list --json") == ""
    assert "owner.erased" in said("audit")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("operators", "add", "--name", "Ada", "--role", "chief"), "not a role"),
        (("operators", "add", "--name", "Ada", "--role", "=admin"), "names no project"),
        (("operators", "add", "--name", "Ada", "--role", "nowhere=admin"), "no project"),
        (("operators", "add", "--name", " ", "--role", "admin"), "name"),
        (("operators", "revoke", "0123"), "no operator"),
        (("connectors", "disable", "slak"), "Did you mean 'slack'?"),
        (
            ("connectors", "disable", "hubspot"),
            "offers bamboohr, slack. It comes with the package; add it to",
        ),
        (("connectors", "enable", "hubspot"), "add it to CONNECT_HUB_CONNECTORS"),
        (("connectors", "configure", "bamboohr", "--client-id", "x y", "--public"), "client_id"),
        (("connectors", "list", "--project", "nowhere"), "no project"),
        (("accounts", "list", "--provider", "slak"), "Did you mean 'slack'?"),
        (("links", "list", "--provider", "hubspot"), "Known are: bamboohr, slack."),
        (("attempts", "failures", "--provider", "slak"), "Did you mean 'slack'?"),
        (("attempts", "funnel", "--provider", "slak"), "Did you mean 'slack'?"),
        (("accounts", "list", "--status", "bogus"), "bogus"),
        (("attempts", "list"), "there are: failures, funnel."),
        (("audit", "show"), "there are: list."),
        (("audit", "--project", "nowhere"), "no project"),
        (("links", "list", "--project", "nowhere"), "there are: default"),
        (("attempts", "funnel", "--project", "nowhere"), "no project"),
        (("api-keys", "list", "--project", "nowhere"), "no project"),
        (("accounts", "show", "x", "--project", "nowhere"), "no project"),
        (("audit", "--action", "account.bogus"), "account.bogus"),
        (("accounts", "show", "nothing"), "account"),
        (("accounts", "change", "nothing", "--label", "x"), "account"),
        (("accounts", "change", "nothing"), "Nothing to change"),
        (("accounts", "change", "nothing", "--metadata", "x"), "KEY=VALUE"),
        (("links", "show", "1"), "session"),
        (("events", "show", "msg_none"), "event"),
        (("events", "list", "--since", "yesterday"), "Write 2026-11-26 or 2026-11-26T08:00:00Z"),
        (("webhooks", "show", "ep_none"), "endpoint"),
        (("owners", "erase", "", "--yes"), "origin_owner_id: must not be empty"),
        (("accounts", "suspend", "nothing"), "account"),
        (("links", "revoke", "1"), "session"),
        (("links", "list", "--status", "closed"), "closed"),
    ],
)
def test_what_cannot_be_done_is_one_line(run: Run, arguments: tuple[str, ...], said: str) -> None:
    """Exit code 2, the reason, no traceback."""
    result = run(*arguments)
    assert (result.exit_code, said in result.output) == (2, True)
    assert "Traceback" not in result.output


def test_no_accounts_is_an_empty_table(run: Run) -> None:
    """The head alone; nothing in JSON."""
    assert run("accounts", "list").stdout.splitlines()[0].split()[:2] == ["id", "provider"]
    assert run("accounts", "list", "--json").stdout == ""


@pytest.mark.parametrize(
    ("owner_id", "name", "flag", "said"),
    [(" 42 ", "Example Ltd", "--keep-spaces", "write '42'"), ("42", "Globex", "--new-name", "'Example Ltd'")],
    ids=["spaces", "name"],
)
def test_a_doubtful_owner_is_refused_without_a_terminal(
    run: Run, owner_id: str, name: str, flag: str, said: str
) -> None:
    """As on the page nothing is made before somebody says that it is meant; a script says so by a flag, and
    has the link alone on standard output."""
    run("links", "create", *OWNER)
    asked = ("links", "create", "--origin-owner-id", owner_id, "--origin-owner-name", name)
    refused = run(*asked, "--json")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert said in refused.stderr
    assert flag in refused.stderr
    assert len(run("links", "list", "--json").stdout.splitlines()) == 1
    assert run(*asked, flag).stdout.startswith("https://")
    meant = run(*asked, flag, "--json")
    assert json.loads(meant.stdout)["origin_owner_id"] == owner_id
    assert meant.stderr == ""


@pytest.mark.parametrize(
    ("command", "said"),
    [
        ("accounts list", "No accounts yet. A customer connects one with a link."),
        ("accounts list --status active", "No accounts match these options."),
        ("api-keys list", "Make one: connect-hub api-keys create"),
        ("attempts failures", "No failed tries yet."),
        ("attempts funnel", "No tries in these days yet."),
        ("audit", "No entries yet."),
        ("events deliveries", "connect-hub webhooks create"),
        ("events list --origin-owner-id 42", "No events match these options."),
        ("links list --limit 5", "No links yet."),
        ("operators list", "connect-hub operators add"),
        ("webhooks list", "No endpoints yet."),
    ],
)
def test_an_empty_list_says_what_is_empty(run: Run, command: str, said: str) -> None:
    """To people, on standard error below the head; programs get no line."""
    shown = run(*command.split())
    assert (shown.exit_code, said in shown.stderr, len(shown.stdout.splitlines())) == (0, True, 1)
    assert run(*command.split(), "--json").output == ""


def test_a_connectors_state_has_the_words_of_the_page(run: Run, environment: pytest.MonkeyPatch) -> None:
    """One column, as the dashboard has it; programs get its parts."""
    environment.setenv("CONNECT_HUB_DASHBOARD", "1")
    environment.setenv("CONNECT_HUB_CONNECTORS", "bamboohr,salesforce,slack")
    run("connectors", "disable", "slack")
    lines = run("connectors", "list", "--project", "default").stdout.splitlines()
    assert lines[0].split()[:3] == ["key", "state", "accounts"]
    assert lines[2].endswith("https://connect.example.com/hub/oauth/callback/salesforce")
    assert ["Enabled" in lines[1], "No OAuth client" in lines[2], "Disabled" in lines[3]] == [True] * 3
