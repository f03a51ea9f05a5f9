"""What a log may say of a path."""

import pytest

from connect_hub.secret_paths import without_secrets


@pytest.mark.parametrize(
    ("path", "logged"),
    [
        ("/connect/accounts/acc_1/trigger/rotate", "/connect/accounts/acc_1/trigger/rotate"),
        ("/connect/triggers/", "/connect/triggers/"),
        ("/connect/%E2%82%AC", "/connect/%E2%82%AC"),
        ("/connect/triggers/trg_x", "/connect/triggers/***"),
        ("/triggers/trg_x/triggers/trg_y", "/triggers/***"),
        ("/a%0Ab%2F%74riggers%2Ftrg_x", "/a%0Ab/triggers/***"),
        ("/a\nb/triggers/trg_x", "/a%0Ab/triggers/***"),
        ("/%ff/triggers/trg_x", "/%EF%BF%BD/triggers/***"),
    ],
)
def test_the_token_of_a_trigger_is_left_out(path: str, logged: str) -> None:
    """T5: behind any mount and however it was encoded, and nothing in it begins a line of its own."""
    assert without_secrets(path) == logged
