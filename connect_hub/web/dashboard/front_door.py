"""`/dashboard` itself, and every address under it that is none."""

import logging

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from connect_hub.errors import NotFound, OperatorRequired
from connect_hub.web.dashboard.frame import Pages
from connect_hub.web.guards import refuse_cross_site

__all__ = ["FrontDoor"]

log = logging.getLogger("connect_hub.dashboard")


class FrontDoor(Pages):
    """Handlers of addresses that belong to no project."""

    async def enter(self, request: Request) -> Response:
        """To the operator's first project."""
        operator, _ = await self.guard.operator(request)
        for project in self.core.config.projects:
            if operator.role(project) is not None:
                return RedirectResponse(
                    self.site.urls.path("dashboard_project", project=project), status_code=303
                )
        log.warning(
            "operator %r has no role in a project of the hub: its roles are in %r, the hub has %r",
            operator.id,
            sorted(operator.roles),
            sorted(self.core.config.projects),
        )
        raise OperatorRequired.of(self.site.urls.path("dashboard_sign_in") if self.guard.by_token else None)

    async def elsewhere(self, request: Request) -> Response:
        """An address that is none, or one of ours with a slash too many."""
        self.site.limiters.clients.spend(self.guard.address(request))
        if request.method in {"GET", "HEAD"} and request.scope["path"].endswith("/"):
            path, query = self.site.urls.of(request).rstrip("/"), request.url.query
            return RedirectResponse(f"{path}?{query}" if query else path, status_code=307)
        if request.method == "POST":
            refuse_cross_site(request, self.core.public_url)
        raise NotFound
