"""Words: nothing that the dashboard can show lacks them, and they are the same wherever it is shown."""

from typing import Any, get_args, get_type_hints

from connect_hub.cli.connectors import _WORDS
from connect_hub.flows.connector_settings import ConnectorState
from connect_hub.models import AccountStatus
from connect_hub.storage.protocol import DeliveryState
from connect_hub.testing.gallery.product import templating
from connect_hub.web.dashboard.labels import ACCOUNT_STATES, DELIVERY_STATES, DONE, Done


def test_whatever_was_done_is_said() -> None:
    """Every word that an address may have for what was done has its sentence."""
    assert set(DONE) == set(Done)


def test_a_state_has_one_word_and_one_colour() -> None:
    """In a list, which a template draws, as in a chart; a connector's on a page as on the command line."""
    draw: Any = templating().environment.get_template("dashboard/elements.html").module
    assert set(ACCOUNT_STATES) == set(AccountStatus)
    assert set(DELIVERY_STATES) == set(DeliveryState)
    for macro, states in (("account_status", ACCOUNT_STATES), ("delivery_state", DELIVERY_STATES)):
        for state, shown in states.items():
            drawn = str(getattr(draw, macro)(state.value)).strip()
            assert drawn == f'<span class="state {shown.kind}">{shown.text}</span>'
    assert set(_WORDS) == set(get_args(get_type_hints(vars(ConnectorState)["state"].fget)["return"]))
    for name, word in _WORDS.items():
        assert f">{word}</span>" in str(draw.connector_state(name))
