"""What is asked on a terminal, and what is said where there is none."""

import json

import pytest
from click.testing import CliRunner, Result

from connect_hub.cli import main
from tests.cli.conftest import Run

OWNER = ("--origin-owner-id", " 42 ", "--origin-owner-name", "Example Ltd")


@pytest.fixture
def answered(run: Run, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs `connect-hub` as on a terminal on which somebody types the last of the arguments."""

    def invoke(*arguments: str) -> Result:
        *command, typed = arguments
        with monkeypatch.context() as patch:
            patch.setattr("connect_hub.cli.asking._on_terminal", lambda: True)
            return CliRunner().invoke(main, command, input=typed, catch_exceptions=False)

    return invoke


def test_a_doubtful_owner_is_asked_about_on_a_terminal(run: Run, answered: Run) -> None:
    """Nothing is made before an answer, which may take the spaces away; the question is not in what a script
    would read."""
    refused = answered("links", "create", *OWNER, "\n")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "Trim it to '42', or keep it? (trim, keep):" in refused.stderr
    assert run("links", "list", "--json").stdout == ""
    for typed, owner_id in (("keep\n", " 42 "), ("trim\n", "42")):
        made = answered("links", "create", *OWNER, typed)
        assert made.stdout.startswith("https://")
        assert len(made.stdout.splitlines()) == 1
        newest = json.loads(run("links", "list", "--limit", "1", "--json").stdout)
        assert newest["origin_owner_id"] == owner_id


def test_a_trimmed_id_may_be_known_under_another_name(run: Run, answered: Run) -> None:
    """Whoever takes the spaces away is asked of the id that is left."""
    run("links", "create", "--origin-owner-id", "42", "--origin-owner-name", "Globex")
    asked = answered("links", "create", *OWNER, "trim\nn\n")
    assert (asked.exit_code, asked.stdout) == (1, "")
    assert "The owner's id '42' is known under the name 'Globex'." in asked.stderr


CONFIGURE = ("connectors", "configure", "slack", "--client-id", "def")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (CONFIGURE, "add --client-secret-file FILE"),
        (("accounts", "delete", "acc_1"), "add --yes"),
        (("webhooks", "delete", "ep_1"), "add --yes"),
        (("api-keys", "revoke", "0123456789abcdef"), "add --yes"),
        (("owners", "erase", "42"), "add --yes"),
    ],
    ids=["secret", "delete", "endpoint", "key", "erase"],
)
def test_without_a_terminal_nothing_is_asked(run: Run, arguments: tuple[str, ...], said: str) -> None:
    """One line that names what to write instead, and exit code 2; what is piped in is no answer."""
    for typed in (None, "y\n"):
        result = CliRunner().invoke(main, arguments, input=typed, catch_exceptions=False)
        assert (result.exit_code, result.stdout) == (2, "")
        assert len(result.stderr.splitlines()) == 1
        assert said in result.stderr


def test_a_client_secret_is_typed_unseen(run: Run, answered: Run, environment: pytest.MonkeyPatch) -> None:
    """It is asked for after the connector was found, and is in no output; accounts that would have to connect
    again are what comes before it."""
    environment.setenv("CONNECT_HUB_DASHBOARD", "1")
    environment.setenv("CONNECT_HUB_CONNECTORS", "salesforce")
    typed = answered("connectors", "configure", "salesforce", "--client-id", "def", "canary-secret\n")
    assert (typed.exit_code, typed.stdout) == (0, "configured salesforce\n")
    assert "canary" not in typed.output
    assert (
        "Client secret" not in answered("connectors", "configure", "slak", "--client-id", "x", "y\n").output
    )
