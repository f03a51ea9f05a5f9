"""The project at a glance."""

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.operators import Role
from connect_hub.web.dashboard.contexts import Home
from connect_hub.web.dashboard.frame import Pages

__all__ = ["HomePages"]


class HomePages(Pages):
    """Handlers of `/dashboard/{project}`."""

    async def page(self, request: Request) -> Response:
        desk = await self.guard.enter(request, Role.VIEWER)
        page = Home(
            frame=self.frame(request, desk, "dashboard_project"),
            done=self.done(request),
            new_link_url=self.path(desk, "dashboard_new_link") if desk.may(Role.OPERATOR) else None,
        )
        return self.show(request, page)
