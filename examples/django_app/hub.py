"""The hub, and what this application does when a customer has connected a tool."""

import os
from pathlib import Path
from typing import Any

from django.conf import settings

from connect_hub import (
    Binding,
    Brand,
    ConnectHub,
    Event,
    HubConfig,
    KeyRing,
    LinkConfig,
    LinkRefused,
    PageConfig,
    Subject,
    Transaction,
)
from connect_hub.dashboard import DashboardConfig
from connect_hub.hosts.django.storage import DjangoStorage
from connect_hub.hosts.identities.django import django_identity
from connect_hub.hosts.operators.django_staff import django_operators
from examples.django_app.models import Connection, Member, Notice, Tenant
from examples.settings import connectors_from_env
from examples.simulation import reached_at

PREFIX = "/connect"


def owner(user: Any) -> Subject | None:
    """A user connects tools for their tenant; our own staff have none."""
    member = Member.objects.filter(user=user).first()
    return None if member is None else Subject(str(member.tenant_id))


_simulated = os.environ.get("SIMULATED")
_connectors, _network = reached_at(_simulated) if _simulated else connectors_from_env()

hub = ConnectHub(
    public_url=settings.ORIGIN + PREFIX,
    keys=KeyRing.from_env(),
    storage=DjangoStorage(),
    connectors=_connectors,
    brand=Brand(name="Roster"),
    config=HubConfig(
        links=LinkConfig(
            binding=Binding.HOST_IDENTITY, return_urls=frozenset({f"{settings.ORIGIN}/settings"})
        ),
        pages=PageConfig(
            identity=django_identity(owner, sign_in=f"{settings.ORIGIN}/login"),
            templates=[Path(__file__).parent / "connect_templates"],
        ),
        network=_network,
        dashboard=DashboardConfig(
            auth=django_operators(sign_in=f"{settings.ORIGIN}/admin/login/"), home_url="/admin/"
        ),
    ),
)


@hub.on("account.created", in_transaction=True)
def keep_connection(event: Event, tx: Transaction) -> None:
    """Commits with the account, or neither does: there is no connection without its account."""
    tenant = Tenant.objects.get(pk=event.data["origin_owner_id"])
    if tenant.suspended:
        raise LinkRefused(f"{tenant.name} is suspended. Pay the open invoice, then open the link again.")
    Connection.objects.create(
        account_id=event.account_id,
        tenant=tenant,
        provider=event.data["provider"],
        connected_as=_name_of(event),
    )


@hub.on("account.created", name="notify")
def notify(event: Event) -> None:
    """After the commit, in the background; called again until it returns, so it must not do it twice."""
    text = f"{event.data['provider']} was connected by {_name_of(event)}."
    Notice.objects.get_or_create(
        event_id=event.id, defaults={"tenant_id": event.data["origin_owner_id"], "text": text}
    )


@hub.on("account.deleted", name="forget")
def forget(event: Event) -> None:
    """Also when it was deleted elsewhere: over the hub's API, say."""
    Connection.objects.filter(account_id=event.account_id).delete()


def _name_of(event: Event) -> str:
    """Who the account is at the provider."""
    identity = event.data["identity"]
    name = identity.get("name") if isinstance(identity, dict) else None
    return str(name or "somebody")
