"""What is asked on a terminal, and what is said where there is none."""

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
    """Nothing is made unless the answer is yes; the question is not in what a script would read."""
    refused = answered("links", "create", *OWNER, "\n")
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert "Keep them? [y/N]" in refused.stderr
    assert run("links", "list", "--json").stdout == ""
    kept = answered("links", "create", *OWNER, "y\n")
    assert kept.stdout.startswith("https://")
    assert len(kept.stdout.splitlines()) == 1
