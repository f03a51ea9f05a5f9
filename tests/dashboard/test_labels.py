"""Words: nothing that the dashboard can show lacks them."""

from connect_hub.web.dashboard.labels import DONE, Done


def test_whatever_was_done_is_said() -> None:
    """Every word that an address may have for what was done has its sentence."""
    assert set(DONE) == set(Done)
