"""Keys of the REST API: made, listed, revoked. For administrators."""

from collections.abc import Mapping
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.errors import ValidationFailed
from connect_hub.message import Message
from connect_hub.models import ApiKey
from connect_hub.operators import Role
from connect_hub.web.dashboard.asking import AskingPages, Question
from connect_hub.web.dashboard.contexts import KeyList, KeyMade, KeyRow
from connect_hub.web.dashboard.frame import Pages
from connect_hub.web.dashboard.guard import Desk, Fields
from connect_hub.web.dashboard.labels import Done
from connect_hub.web.dashboard.listing import listed
from connect_hub.web.dashboard.states import state_of_key, state_view
from connect_hub.web.query import Query
from connect_hub.web.untrusted import Untrusted

__all__ = ["KeyActions", "KeyPages"]


_PAGE = 25


class KeyPages(Pages):
    """Handlers of `/dashboard/in/{project}/keys…`."""

    async def listing(self, request: Request, desk: Desk) -> Response:
        return await self._page(request, desk)

    async def _page(self, request: Request, desk: Desk, name: str = "", error: str | None = None) -> Response:
        url, query = self.path(desk, "dashboard_keys"), Query(request, "cursor done")
        before = query.cursor("[0-9a-f]{1,32}")

        async def load(limit: int) -> list[ApiKey]:
            return await self.flows.api_keys.list(project=desk.project, limit=limit, before=before)

        keys = await listed(self, request, query, url=url, size=_PAGE, load=load, place=_place)
        page = KeyList(
            frame=self.frame(request, desk, "dashboard_keys"),
            done=self.done(request),
            alert=keys.alert,
            rows=tuple(self._row(request, desk, key) for key in keys.rows),
            url=url,
            pager=keys.pager,
            form=self.guard.form(desk, url),
            name=name,
            error=error,
        )
        return self.show(request, page, keys.status if error is None else 422)

    def _row(self, request: Request, desk: Desk, key: ApiKey) -> KeyRow:
        revoke = self.path(desk, "dashboard_key_action", key_id=key.id, action="revoke")
        return KeyRow(
            id=key.id,
            name=Untrusted(key.name),
            created_at=key.created_at,
            last_used_at=key.last_used_at,
            state=state_view(state_of_key(key), self.say(request)),
            revoke_url=revoke if key.revoked_at is None else None,
        )

    async def create(self, request: Request, desk: Desk, values: Fields) -> Response:
        """A new key, shown this once; or the form again with what was typed."""
        typed = values.get("name", "")
        name = " ".join(typed.split())
        # A reload of the page that shows a key would make another one.
        if any(key.name == name for key in await self._active(desk)):
            error = Message("There is a key of this name. Revoke it first, or choose another name.")
            return await self._page(request, desk, typed, self.say(request)(error))
        try:
            issued = await self.flows.api_keys.create(name=name, project=desk.project)
        except ValidationFailed:
            error = Message("Say in 1 to 80 characters what the key is for.")
            return await self._page(request, desk, typed, self.say(request)(error))
        page = KeyMade(
            frame=self.frame(request, desk, "dashboard_keys"),
            name=Untrusted(name),
            key=issued.text,
            list_url=self.path(desk, "dashboard_keys"),
        )
        return self.show(request, page)

    async def _active(self, desk: Desk) -> list[ApiKey]:
        keys = await self.flows.api_keys.list(project=desk.project)
        return [key for key in keys if key.revoked_at is None]


class KeyActions(AskingPages[ApiKey]):
    """Handlers of `/dashboard/in/{project}/keys/{key_id}/{action}`."""

    route, param = "dashboard_key_action", "key_id"
    page = section = "dashboard_keys"

    def _questions(self) -> Mapping[str, Question[ApiKey]]:
        flow = self.flows.api_keys
        return {
            "revoke": Question(
                Role.ADMIN,
                Message("Revoke"),
                Message("Revoke this key?"),
                Message("Whatever uses it is refused from its next request on. This cannot be undone."),
                self._doing(flow.revoke, Done.KEY_REVOKED),
                danger=True,
            )
        }

    async def _row(self, request: Request, desk: Desk) -> ApiKey:
        return await self.flows.api_keys.get(request.path_params["key_id"], project=desk.project)

    def _about(self, row: ApiKey) -> Untrusted:
        return Untrusted(row.name)

    def _back(self, request: Request, desk: Desk) -> str:
        return self.path(desk, "dashboard_keys")


def _place(key: ApiKey) -> tuple[datetime, str]:
    return key.created_at, key.id
