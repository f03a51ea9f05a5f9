"""What can be done with a link."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.errors import SessionNotFound, ValidationFailed
from connect_hub.flows.sessions import SessionDetails
from connect_hub.message import Message
from connect_hub.models import SessionStatus
from connect_hub.operators import Role
from connect_hub.web.dashboard.asking import Asked, AskingPages, Question
from connect_hub.web.dashboard.contexts import Action
from connect_hub.web.dashboard.guard import Desk
from connect_hub.web.dashboard.labels import Done
from connect_hub.web.dashboard.made import link_made
from connect_hub.web.untrusted import Untrusted

__all__ = ["LinkActions"]

_NOT_ANY_MORE = Message(
    "Nothing was done: what this link asks for is not possible any more. Make a new link instead."
)


class LinkActions(AskingPages[SessionDetails]):
    """Handlers of `/dashboard/in/{project}/links/{session_id}/{action}`."""

    route, param = "dashboard_link_action", "session_id"
    page, section = "dashboard_link", "dashboard_links"

    def _questions(self) -> Mapping[str, Question[SessionDetails]]:
        return {
            "renew": Question(
                Role.OPERATOR,
                Message("Renew"),
                Message("Make a new link for this customer?"),
                Message("The new link asks for the same, and is shown once. The old one stays as it is."),
                self._renew,
            ),
            "revoke": Question(
                Role.OPERATOR,
                Message("Revoke"),
                Message("Revoke this link?"),
                Message(
                    "Nobody can connect with it any more, and whoever is about to is stopped. Accounts that "
                    "were connected with it stay."
                ),
                self._doing(self._revoke, Done.REVOKED),
                danger=True,
            ),
        }

    async def details(self, request: Request, desk: Desk) -> SessionDetails:
        """The link of the address. Raises SessionNotFound."""
        session_id: str = request.path_params["session_id"]
        if not session_id.isascii() or not session_id.isdigit() or len(session_id) > 16:
            raise SessionNotFound
        return await self.flows.sessions.get(int(session_id), project=desk.project)

    _row = details

    def _about(self, row: SessionDetails) -> Untrusted:
        return Untrusted(row.session.origin_owner_name)

    async def _revoke(self, row_id: str, /, *, project: str) -> None:
        await self.flows.sessions.revoke(int(row_id), project=project)

    async def _renew(self, asked: Asked[SessionDetails]) -> Response:
        try:
            issued = await self.flows.links.renew(asked.row.session.id, project=asked.desk.project)
        except ValidationFailed:
            return await self._ask(asked, {}, refusal=_NOT_ANY_MORE)
        return link_made(self, asked.request, asked.desk, issued)

    def of(self, request: Request, desk: Desk, details: SessionDetails, *, gone: bool) -> tuple[Action, ...]:
        """What the operator may do with it now. `gone`: the account that it is to reconnect."""
        names = [*([] if gone else ["renew"]), *(["revoke"] if details.status is SessionStatus.OPEN else [])]
        return self._buttons(request, desk, names, str(details.session.id))
