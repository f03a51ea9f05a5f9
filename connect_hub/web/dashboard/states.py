"""States: each has one word and one colour, in lists, on pages, in filters and in charts."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import NamedTuple, TypeVar

from connect_hub.flows.connector_settings import ConnectorState
from connect_hub.flows.shown_endpoints import Endpoint
from connect_hub.message import Message
from connect_hub.models import Account, AccountStatus, ApiKey, SessionStatus
from connect_hub.storage.protocol import DeliveryState
from connect_hub.web.contexts import OptionView
from connect_hub.web.dashboard.contexts import StateView

__all__ = [
    "ACCOUNT_STATES",
    "CONNECTOR_STATES",
    "DELIVERY_STATES",
    "ENDPOINT_STATES",
    "KEY_STATES",
    "LINK_STATES",
    "State",
    "state_of_connector",
    "state_of_endpoint",
    "state_of_key",
    "state_options",
    "state_view",
    "states_of_account",
]


Say = Callable[[str], str]
"""Into the reader's language."""
_Value = TypeVar("_Value", bound=StrEnum)


class State(NamedTuple):
    """How a state is shown."""

    kind: str
    """Its colour: `good`, `open` (not settled), `calm` (meant so), `bad` or `fail`."""
    text: str


ACCOUNT_STATES: Mapping[AccountStatus, State] = {
    AccountStatus.ACTIVE: State("good", Message("Active")),
    AccountStatus.EXPIRED: State("bad", Message("Must reconnect")),
    AccountStatus.ERROR: State("fail", Message("Needs attention")),
    AccountStatus.SUSPENDED: State("calm", Message("Suspended")),
    AccountStatus.INACTIVE: State("calm", Message("Connector off")),
}
LINK_STATES: Mapping[SessionStatus, State] = {
    SessionStatus.OPEN: State("open", Message("Open")),
    SessionStatus.USED: State("good", Message("Used")),
    SessionStatus.EXPIRED: State("calm", Message("Expired")),
    SessionStatus.REVOKED: State("calm", Message("Revoked")),
}
DELIVERY_STATES: Mapping[DeliveryState, State] = {
    DeliveryState.DELIVERED: State("good", Message("Delivered")),
    DeliveryState.PENDING: State("open", Message("Waiting")),
    DeliveryState.HELD: State("calm", Message("Held back")),
    DeliveryState.DEAD: State("fail", Message("Given up")),
}
CONNECTOR_STATES: Mapping[str, State] = {
    "active": State("good", Message("Enabled")),
    "no_client": State("bad", Message("No OAuth client")),
    "disabled": State("calm", Message("Disabled")),
    "left_out": State("calm", Message("Left out in code")),
}
"""By `ConnectorState.state`."""
KEY_STATES: Mapping[str, State] = {
    "active": State("good", Message("Active")),
    "revoked": State("calm", Message("Revoked")),
}
ENDPOINT_STATES: Mapping[str, State] = {
    "enabled": State("good", Message("Enabled")),
    "failing": State("bad", Message("Failing")),
    "disabled": State("calm", Message("Disabled")),
}


def state_view(state: State, say: Say) -> StateView:
    """A state in the reader's words."""
    return StateView(state.kind, say(state.text))


def state_options(states: Mapping[_Value, State], say: Say) -> tuple[OptionView, ...]:
    """The choices of a filter by state."""
    return tuple(OptionView(value.value, say(state.text)) for value, state in states.items())


def states_of_account(account: Account) -> tuple[State, ...]:
    """One; two where it is suspended and its connector is off."""
    if account.is_suspended and account.status is AccountStatus.INACTIVE:
        return ACCOUNT_STATES[AccountStatus.SUSPENDED], ACCOUNT_STATES[AccountStatus.INACTIVE]
    return (ACCOUNT_STATES[account.status],)


def state_of_connector(connector: ConnectorState) -> State:
    """How it is on its project."""
    return CONNECTOR_STATES[connector.state]


def state_of_key(key: ApiKey) -> State:
    """Whether requests with it are let in."""
    return KEY_STATES["active" if key.revoked_at is None else "revoked"]


def state_of_endpoint(endpoint: Endpoint) -> State:
    """Whether it is sent to, and whether what is sent arrives."""
    if not endpoint.enabled:
        return ENDPOINT_STATES["disabled"]
    return ENDPOINT_STATES["enabled" if endpoint.failing_since is None else "failing"]
