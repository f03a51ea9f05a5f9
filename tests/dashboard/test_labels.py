"""Words: nothing that the dashboard can show lacks them, and they are the same wherever it is shown."""

from typing import get_args, get_type_hints

from connect_hub.flows.connector_settings import ConnectorState
from connect_hub.models import AccountStatus, SessionStatus
from connect_hub.storage.protocol import DeliveryState
from connect_hub.web.dashboard.labels import DONE, Done
from connect_hub.web.dashboard.states import ACCOUNT_STATES, CONNECTOR_STATES, DELIVERY_STATES, LINK_STATES


def test_whatever_was_done_is_said() -> None:
    """Every word that an address may have for what was done has its sentence."""
    assert set(DONE) == set(Done)


def test_every_state_has_a_word() -> None:
    """Whatever an account, a link, a delivery or a connector may be."""
    assert set(ACCOUNT_STATES) == set(AccountStatus)
    assert set(LINK_STATES) == set(SessionStatus)
    assert set(DELIVERY_STATES) == set(DeliveryState)
    assert set(CONNECTOR_STATES) == set(
        get_args(get_type_hints(vars(ConnectorState)["state"].fget)["return"])
    )
