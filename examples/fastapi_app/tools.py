"""The hub, and who may use its links."""

import logging
from pathlib import Path

from connect_hub import (
    Binding,
    Brand,
    ConnectHub,
    Event,
    HubConfig,
    LinkConfig,
    PageConfig,
    SignIn,
    SQLStorage,
    Subject,
    Visitor,
)
from connect_hub.dashboard import DashboardConfig
from connect_hub.operators import NoOperator, Operator, Role
from examples.settings import Settings

PREFIX = "/connect"
STAFF = {"sam@payday.example"}
log = logging.getLogger("examples.fastapi_app")


def make_hub(settings: Settings) -> ConnectHub:
    """A hub with a database file of its own, whose links only their own tenant can use."""

    def who_is_signed_in(visitor: Visitor) -> Subject | SignIn:
        """The application's own session, which its middleware has put into the scope."""
        session = visitor.scope["session"]
        tenant = session.get("tenant") if isinstance(session, dict) else None
        return SignIn(f"{settings.origin}/login") if tenant is None else Subject(tenant)

    def operator(visitor: Visitor) -> Operator | SignIn | NoOperator:
        """Staff see the dashboard; the session is the application's own, as above."""
        session = visitor.scope["session"]
        if not isinstance(session, dict) or "email" not in session:
            return SignIn(f"{settings.origin}/login")
        email = session["email"]
        if email not in STAFF:
            return NoOperator(sign_in=f"{settings.origin}/login")
        return Operator(email, email, {"*": Role.ADMIN})

    hub = ConnectHub(
        public_url=settings.origin + PREFIX,
        keys=settings.keys,
        storage=SQLStorage.sqlite(settings.database_url.removeprefix("sqlite:///")),
        connectors=settings.connectors,
        brand=Brand(name="Payday", accent="#0b6b53", support_email="help@payday.example"),
        config=HubConfig(
            links=LinkConfig(
                binding=Binding.HOST_IDENTITY, return_urls=frozenset({f"{settings.origin}/settings"})
            ),
            network=settings.network,
            dashboard=DashboardConfig(auth=operator, home_url="/settings"),
            pages=PageConfig(
                identity=who_is_signed_in, templates=[Path(__file__).parent / "connect_templates"]
            ),
        ),
    )

    @hub.on("account.created", name="greet")
    async def greet(event: Event) -> None:
        """After the commit. A coroutine runs on the hub's event loop, so it must not block."""
        log.info("%s has connected %s", event.data["origin_owner_name"], event.data["provider"])

    return hub
