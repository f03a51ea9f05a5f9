"""The form of a connector's OAuth client: its secret goes in, and is never shown again."""

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.errors import ConnectorReadOnly, FieldError, NotFound, ValidationFailed
from connect_hub.flows.connector_settings import ConnectorState
from connect_hub.message import Message
from connect_hub.secret import Secret
from connect_hub.web.contexts import FieldView
from connect_hub.web.dashboard.connector_actions import Change, ConnectorActions
from connect_hub.web.dashboard.connectors import register_url_of
from connect_hub.web.dashboard.contexts import Affected, ClientForm
from connect_hub.web.dashboard.frame import Pages
from connect_hub.web.dashboard.guard import Desk, Fields, Guard
from connect_hub.web.dashboard.labels import CHANGED_MEANWHILE, Done
from connect_hub.web.site import Site

__all__ = ["ConnectorClientPages"]


class ConnectorClientPages(Pages):
    """Handlers of `/dashboard/in/{project}/connectors/{provider}/client`."""

    def __init__(self, site: Site, guard: Guard, actions: ConnectorActions) -> None:
        super().__init__(site, guard)
        self.actions = actions

    async def _connector(self, request: Request, desk: Desk) -> ConnectorState:
        one = await self.actions.state(request, desk)
        if not one.has_oauth:
            raise NotFound
        if one.client is not None and one.client.source == "code":
            raise ConnectorReadOnly
        return one

    async def form(self, request: Request, desk: Desk) -> Response:
        one = await self._connector(request, desk)
        client = one.client
        typed = {
            "client_id": "" if client is None else client.id,
            "scopes": " ".join(one.scopes or ()),
            "public": "1" if client is not None and client.is_readable and not client.has_secret else "",
        }
        return await self._page(request, desk, one, typed, [])

    async def configure(self, request: Request, desk: Desk, typed: Fields) -> Response:
        """Stores it; or shows the form again with what was typed."""
        one = await self._connector(request, desk)
        if typed.get("mark") != self._mark(one):
            return await self._page(request, desk, one, typed, [], alert=self.say(request)(CHANGED_MEANWHILE))
        problems: list[FieldError] = []
        before = one.client
        moves = before is not None and before.id != typed.get("client_id", "").strip()
        if moves and not typed.get("confirmed") and await self._affected(request, desk, one) is not None:
            said = Message("Say that these accounts may have to connect again, or keep the client ID.")
            problems.append(FieldError("confirmed", said))
        if not problems:
            try:
                await self.flows.connector_settings.configure(
                    one.key,
                    client_id=typed.get("client_id", ""),
                    client_secret=Secret(typed.get("client_secret", "")),
                    public=bool(typed.get("public")),
                    scopes=typed.get("scopes", "").split() if one.scopes_source != "code" else (),
                    project=desk.project,
                )
            except ValidationFailed as error:
                problems.extend(error.details)
        if problems:
            return await self._page(request, desk, one, typed, problems)
        return self.see(self.path(desk, "dashboard_connector", provider=one.key), Done.CONNECTOR_CONFIGURED)

    def _mark(self, one: ConnectorState) -> str:
        client = one.client
        return self.mark(one.scopes, client and (client.id, client.has_secret, client.secret_set_at))

    async def _affected(self, request: Request, desk: Desk, one: ConnectorState) -> Affected | None:
        if one.client is None:
            return None
        return await self.actions.affected(request, desk, one, Change.OTHER_CLIENT)

    async def _page(
        self,
        request: Request,
        desk: Desk,
        one: ConnectorState,
        typed: dict[str, str],
        problems: list[FieldError],
        *,
        alert: str = "",
    ) -> Response:
        say = self.say(request)
        wrong = {
            # A secret may be left empty; why it must not be here is told.
            **self.refusals(request, problems, {**typed, "client_secret": "typed"}),
            **{one.field: say(one.message) for one in problems if isinstance(one.message, Message)},
        }
        page = ClientForm(
            frame=self.frame(request, desk, "dashboard_connectors"),
            alert=alert,
            form=self.guard.form(
                desk,
                self.path(desk, "dashboard_connector_client", provider=one.key),
                ("mark", self._mark(one)),
            ),
            fields=self._fields(request, one, typed, wrong),
            back_url=self.path(desk, "dashboard_connector", provider=one.key),
            provider=self.site.provider_view(one.connector),
            redirect_uri=one.redirect_uri,
            register_url=register_url_of(one),
            public=bool(typed.get("public")),
            affected=await self._affected(request, desk, one),
            confirmed=bool(typed.get("confirmed")),
            unconfirmed=wrong.get("confirmed", ""),
        )
        return self.show(request, page, 422 if problems or alert else 200)

    def _fields(
        self, request: Request, one: ConnectorState, typed: dict[str, str], wrong: dict[str, str]
    ) -> tuple[FieldView, ...]:
        say, client = self.say(request), one.client
        secret = typed.get("client_secret", "")
        has_secret = client is not None and client.has_secret and client.is_readable
        # Only the client that it was given to has the stored one.
        moves = client is not None and client.id != typed.get("client_id", "").strip()
        help_text = Message("Sealed with your keys, and never shown again.")
        if has_secret and moves:
            help_text = Message("Another client ID has a secret of its own.")
        fields = [
            FieldView(
                name="client_id",
                label=say(Message("Client ID")),
                value=typed.get("client_id", ""),
                error=wrong.get("client_id"),
            ),
            FieldView(
                name="client_secret",
                label=say(Message("Client secret")),
                secret=True,
                required=False,
                is_marked=False,
                stored=has_secret and not moves,
                secret_value=Secret(secret) if secret else None,
                help=say(help_text),
                error=wrong.get("client_secret"),
            ),
        ]
        if one.scopes_source != "code":
            fields.append(
                FieldView(
                    name="scopes",
                    label=say(Message("Scopes")),
                    required=False,
                    value=typed.get("scopes", ""),
                    placeholder=" ".join(_default_scopes(one)),
                    help=say(Message("Separated by spaces. Empty: those that the connector needs.")),
                    error=wrong.get("scopes"),
                )
            )
        return tuple(fields)


def _default_scopes(one: ConnectorState) -> tuple[str, ...]:
    methods = one.connector.definition.methods
    return next((tuple(m.scopes) for m in methods if m.type == "oauth2"), ())
