"""The web side of a hub, put together: the flows that pages and the API call, and the application."""

from typing import TYPE_CHECKING

from connect_hub.flows.activity import Activity
from connect_hub.flows.connecting import Connecting
from connect_hub.flows.core import Core
from connect_hub.flows.embedding import Embedding
from connect_hub.flows.linking import Linking
from connect_hub.flows.managing import Managing
from connect_hub.flows.popups import Popups
from connect_hub.flows.revocation import Revocation
from connect_hub.flows.visits import Visits
from connect_hub.web.app import HubApp, build_app
from connect_hub.web.site import Flows

if TYPE_CHECKING:
    from connect_hub.hub import ConnectHub

__all__ = ["assembled"]


def assembled(hub: "ConnectHub", core: Core, revocation: Revocation, activity: Activity) -> HubApp:
    """The application over the flows that `hub` has, and those that it alone calls."""
    visits, linking = Visits(core), Linking(core, revocation)
    connecting = Connecting(core, visits, linking)
    flows = Flows(
        sessions=hub.sessions,
        links=hub.links,
        api_keys=hub.api_keys,
        attempts=hub.attempts,
        audit=hub.audit,
        operators=hub.operators,
        accounts=hub.accounts,
        activity=activity,
        owners=hub.owners,
        triggers=hub.triggers,
        connector_settings=hub.connector_settings,
        endpoints=hub.endpoints,
        events=hub.events,
        visits=visits,
        connecting=connecting,
        embedding=Embedding(core, visits, connecting, linking),
        popups=Popups(core, visits, connecting),
        managing=Managing(core, connecting.choosing, hub.accounts),
    )
    return build_app(core, flows, hub.brand)
