"""The hub, and what this application does when a customer has connected a tool."""

from flask import Flask
from sqlalchemy import Engine, delete
from sqlalchemy.exc import IntegrityError

from connect_hub import (
    Brand,
    ConnectHub,
    Event,
    HubConfig,
    LinkConfig,
    LinkRefused,
    SQLStorage,
    Transaction,
)
from connect_hub.dashboard import DashboardConfig
from connect_hub.hosts.operators.flask_login import flask_login_operators
from connect_hub.operators import Role
from examples.flask_app.models import Connection, Notice, Tenant, User, db
from examples.settings import Settings

PREFIX = "/connect"


def make_hub(settings: Settings, engine: Engine, app: Flask) -> ConnectHub:
    """The hub in the application's own database, its dashboard for the application's own staff."""

    def roles(user: User) -> dict[str, Role] | None:
        return {"*": Role.ADMIN} if user.is_staff else None

    hub = ConnectHub(
        public_url=settings.origin + PREFIX,
        keys=settings.keys,
        storage=SQLStorage(engine),
        connectors=settings.connectors,
        brand=Brand(name="Roster"),
        config=HubConfig(
            links=LinkConfig(return_urls=frozenset({f"{settings.origin}/settings"})),
            network=settings.network,
            dashboard=DashboardConfig(
                auth=flask_login_operators(
                    app, roles, name=lambda user: str(user.email), sign_in=f"{settings.origin}/login"
                ),
                home_url="/settings",
            ),
        ),
    )

    @hub.on("account.created", in_transaction=True)
    def keep_connection(event: Event, tx: Transaction) -> None:
        """Commits with the account, or neither does: there is no connection without its account."""
        session = tx.session()
        tenant = session.get_one(Tenant, event.data["origin_owner_id"])
        if tenant.suspended:
            raise LinkRefused(f"{tenant.name} is suspended. Pay the open invoice, then open the link again.")
        session.add(
            Connection(
                account_id=event.account_id,
                tenant_id=tenant.id,
                provider=event.data["provider"],
                connected_as=_name_of(event),
            )
        )

    @hub.on("account.created", name="notify")
    def notify(event: Event) -> None:
        """After the commit, in the background; called again until it returns, so it must not do it twice."""
        text = f"{event.data['provider']} was connected by {_name_of(event)}."
        tenant_id = str(event.data["origin_owner_id"])
        db.session.add(Notice(event_id=event.id, tenant_id=tenant_id, text=text))
        try:
            db.session.commit()
        except IntegrityError:
            db.session.rollback()  # told before, and crashed before it could say so; or the tenant is gone

    @hub.on("account.deleted", name="forget")
    def forget(event: Event) -> None:
        """Also when it was deleted elsewhere: over the hub's API, say."""
        db.session.execute(delete(Connection).where(Connection.account_id == event.account_id))
        db.session.commit()

    return hub


def _name_of(event: Event) -> str:
    """Who the account is at the provider."""
    identity = event.data["identity"]
    name = identity.get("name") if isinstance(identity, dict) else None
    return str(name or "somebody")
