"""The pages of a visit that may manage what its owner has connected."""

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from connect_hub.web import contexts
from connect_hub.web.pages.accounts import account_view
from connect_hub.web.pages.visit import VisitPages
from connect_hub.web.site import Site

__all__ = ["ManagePages"]


class ManagePages:
    """Handlers of `/visit/…/accounts/…`."""

    def __init__(self, site: Site, visits: VisitPages) -> None:
        self._site = site
        self._visits = visits

    async def account(self, request: Request) -> Response:
        """How one account is."""
        live = await self._visits.live(request)
        managed = await self._site.flows.managing.account(live, request.path_params["account"])
        urls, visit = self._site.urls, live.visit.name
        reconnect = self._visits.connect_path(live, managed.connector.key, managed.account.id)
        page = contexts.ManagedAccount(
            account=account_view(self._site, visit, managed),
            disconnect_url=urls.path("disconnect", visit=visit, account=managed.account.id),
            reconnect_url=reconnect if managed.renewable else None,
            back_url=urls.path("visit", visit=visit),
            exit_url=urls.path("exit", visit=visit),
        )
        return self._site.page(request, page)

    async def ask_disconnect(self, request: Request) -> Response:
        """Asks before anything is disconnected."""
        live = await self._visits.live(request)
        managing = self._site.flows.managing
        managed = await managing.account(live, request.path_params["account"])
        urls, visit, account_id = self._site.urls, live.visit.name, managed.account.id
        page = contexts.Disconnect(
            account=account_view(self._site, visit, managed),
            confirm=contexts.Form(
                urls.path("disconnect", visit=visit, account=account_id),
                (("nonce", managing.nonce(live, account_id)),),
            ),
            back_url=urls.path("managed", visit=visit, account=account_id),
            exit_url=urls.path("exit", visit=visit),
        )
        return self._site.page(request, page)

    async def disconnect(self, request: Request) -> Response:
        """Disconnects, and goes back to the list, which says so."""
        live, sent = await self._visits.live_post(request)
        account = await self._site.flows.managing.disconnect(
            live, request.path_params["account"], sent.get("nonce")
        )
        path = self._site.urls.path("visit", visit=live.visit.name)
        return RedirectResponse(f"{path}?disconnected={account.provider}", status_code=303)
