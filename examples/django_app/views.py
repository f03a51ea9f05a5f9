"""The application's own pages."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import connection, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from connect_hub.errors import ConnectHubError
from examples.django_app.hub import hub
from examples.django_app.models import Connection, Member, Notice, Tenant


def _tenant(request: HttpRequest) -> Tenant:
    tenant: Tenant = get_object_or_404(Member, user=request.user).tenant
    return tenant


@login_required
def show_settings(request: HttpRequest) -> HttpResponse:
    """What the tenant has connected."""
    tenant = _tenant(request)
    shown = {
        "tenant": tenant,
        "connections": Connection.objects.filter(tenant=tenant),
        "notices": Notice.objects.filter(tenant=tenant),
    }
    return render(request, "roster/settings.html", shown)


@login_required
@require_POST
def connect(request: HttpRequest) -> HttpResponse:
    """Send the customer to the hub. The session is made in this view's own transaction."""
    tenant = _tenant(request)
    with transaction.atomic():
        issued = hub.sync.sessions.create(
            origin_owner_id=str(tenant.pk),
            origin_owner_name=tenant.name,
            origin_username=request.user.get_username(),
            return_url=f"{settings.ORIGIN}/settings",
            connection=connection,
        )
    return HttpResponse(status=303, headers={"Location": issued.url})


@login_required
def employees(request: HttpRequest, account_id: str) -> HttpResponse:
    """What the connected tool knows, fetched with the customer's own credentials."""
    found = get_object_or_404(Connection, account_id=account_id, tenant=_tenant(request))
    try:
        with hub.sync.client(found.account_id) as http:
            answer = http.get("employees")
            answer.raise_for_status()
    except ConnectHubError as error:
        messages.error(request, error.message)
        return redirect("settings")
    return render(request, "roster/employees.html", {"employees": answer.json()})


@login_required
@require_POST
def disconnect(request: HttpRequest, account_id: str) -> HttpResponse:
    """Delete the account; `forget` hears of it, and the row is gone at once all the same."""
    found = get_object_or_404(Connection, account_id=account_id, tenant=_tenant(request))
    hub.sync.accounts.delete(found.account_id)
    found.delete()
    return redirect("settings")
