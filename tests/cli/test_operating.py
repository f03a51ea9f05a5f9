"""The command line's twins of the pages."""

import json

import pytest

from tests.cli.conftest import Run

OWNER = ("--origin-owner-id", "42", "--origin-owner-name", "Example Ltd")


def test_operators_are_added_listed_and_revoked(run: Run) -> None:
    """The token is printed once and is in no list; who made the operator is in the log."""
    token = run(
        "operators", "add", "--name", "Ada", "--role", "admin", "--role", "default=viewer"
    ).stdout.strip()
    assert token.startswith("cho_")
    secret, operator_id = token.split("_", 2)[2], token.split("_")[1]
    listed = json.loads(run("operators", "list", "--json").stdout)
    assert (listed["name"], listed["roles"]) == ("Ada", {"*": "admin", "default": "viewer"})
    assert run("operators", "revoke", operator_id).stdout == f"revoked {operator_id} (Ada)\n"
    log = [json.loads(line) for line in run("audit", "--operators", "--json").stdout.splitlines()]
    assert [entry["action"] for entry in log] == ["operator.revoked", "operator.added"]
    assert {entry["actor_kind"] for entry in log} == {"command_line"}
    for arguments in (("operators", "list"), ("audit", "--operators")):
        assert secret not in run(*arguments).output


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
    assert len(run("audit", "--limit", "2").stdout.splitlines()) == 3


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("operators", "add", "--name", "Ada", "--role", "chief"), "not a role"),
        (("operators", "add", "--name", "Ada", "--role", "=admin"), "names no project"),
        (("operators", "add", "--name", "Ada", "--role", "nowhere=admin"), "no project"),
        (("operators", "add", "--name", " ", "--role", "admin"), "name"),
        (("operators", "revoke", "0123"), "no operator"),
        (("accounts", "show", "nothing"), "account"),
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
