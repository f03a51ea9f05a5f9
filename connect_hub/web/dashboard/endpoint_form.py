"""The form of a webhook endpoint: of a new one, whose signing secret is shown once, and of one to change."""

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.errors import EndpointReadOnly, LimitReached, ValidationFailed
from connect_hub.events import DEFAULT_EVENTS, EVENT_NAMES
from connect_hub.flows.endpoint_requests import EndpointChange
from connect_hub.flows.shown_endpoints import Endpoint, IssuedEndpoint
from connect_hub.message import Message
from connect_hub.web.contexts import FieldView, OptionView
from connect_hub.web.dashboard.contexts import EndpointForm, SecretMade
from connect_hub.web.dashboard.frame import Pages
from connect_hub.web.dashboard.guard import Desk, Fields
from connect_hub.web.dashboard.labels import CHANGED_MEANWHILE, Done
from connect_hub.web.untrusted import Untrusted

__all__ = ["EndpointForms", "secret_made"]

_THERE_ALREADY = Message(
    "There is an endpoint with this address. Change that one, or add this one in code or on the command line."
)
_NO_EVENT = Message("Choose at least one event.")
_HEADERS = Message(
    "This endpoint sends header fields of its own, which do not go to another address by themselves. Give "
    "them again with the address in your code or on the command line."
)


class EndpointForms(Pages):
    """Handlers of `/dashboard/in/{project}/webhooks/new` and `…/webhooks/{endpoint_id}/change`."""

    async def new(self, request: Request, desk: Desk) -> Response:
        return self._form(request, desk, {_box(name): "1" for name in DEFAULT_EVENTS})

    async def create(self, request: Request, desk: Desk, values: Fields) -> Response:
        """The endpoint's secret, shown this once; or the form again with what was typed."""
        chosen, url, description = _entered(values)
        if not chosen:  # which a program may leave out, for those that are usual
            return self._form(request, desk, values, alert=self.say(request)(_NO_EVENT))
        # A reload of the page that shows a secret would make another endpoint.
        if any(one.url == url for one in await self.flows.endpoints.list(project=desk.project)):
            return self._form(request, desk, values, wrong={"url": self.say(request)(_THERE_ALREADY)})
        try:
            issued = await self.flows.endpoints.create(
                url=url, description=description, events=chosen, project=desk.project
            )
        except ValidationFailed as error:
            return self._refused(request, desk, values, error)
        except LimitReached as error:
            return self._form(request, desk, values, alert=self.say(request)(error.message))
        return secret_made(self, request, desk, issued)

    async def stored(self, request: Request, desk: Desk) -> Response:
        """The form with what the endpoint is now."""
        one = await self._one(request, desk)
        values = {"url": one.url, "description": one.description or ""}
        return self._form(request, desk, values | {_box(name): "1" for name in one.events}, one=one)

    async def change(self, request: Request, desk: Desk, values: Fields) -> Response:
        """The endpoint, changed; or the form again with what was typed."""
        one, (chosen, url, description) = await self._one(request, desk), _entered(values)
        if values.get("mark") != self._mark(one):
            return self._form(request, desk, values, one=one, alert=self.say(request)(CHANGED_MEANWHILE))
        if not chosen:
            return self._form(request, desk, values, one=one, alert=self.say(request)(_NO_EVENT))
        fields: EndpointChange = {"url": url, "description": description}
        if set(chosen) != set(one.events):  # else it goes on with the usual ones, if it has those
            fields["events"] = chosen
        try:
            await self.flows.endpoints.change(one.id, project=desk.project, **fields)
        except ValidationFailed as error:
            if {detail.field for detail in error.details} == {"headers"}:
                return self._form(request, desk, values, one=one, alert=self.say(request)(_HEADERS))
            return self._refused(request, desk, values, error, one)
        url = self.path(desk, "dashboard_webhook", endpoint_id=one.id)
        return self.see(url, Done.ENDPOINT_CHANGED)

    async def _one(self, request: Request, desk: Desk) -> Endpoint:
        """Raises EndpointNotFound; EndpointReadOnly for one of the configuration."""
        one = await self.flows.endpoints.get(request.path_params["endpoint_id"], project=desk.project)
        if one.source != "database":
            raise EndpointReadOnly
        return one

    def _mark(self, one: Endpoint) -> str:
        return self.mark(one.url, one.description, one.events)

    def _refused(
        self,
        request: Request,
        desk: Desk,
        values: Fields,
        error: ValidationFailed,
        one: Endpoint | None = None,
    ) -> Response:
        wrong = self.refusals(request, error.details, values)
        rest = [text for name, text in wrong.items() if name not in {"url", "description"}]
        return self._form(request, desk, values, one=one, wrong=wrong, alert=" ".join(rest))

    def _form(
        self,
        request: Request,
        desk: Desk,
        values: Fields,
        *,
        one: Endpoint | None = None,
        wrong: dict[str, str] | None = None,
        alert: str = "",
    ) -> Response:
        say, wrong = self.say(request), wrong or {}
        url, back = self.path(desk, "dashboard_new_webhook"), self.path(desk, "dashboard_webhooks")
        if one is not None:
            url = self.path(desk, "dashboard_webhook_change", endpoint_id=one.id)
            back = self.path(desk, "dashboard_webhook", endpoint_id=one.id)
        page = EndpointForm(
            frame=self.frame(request, desk, "dashboard_webhooks"),
            form=self.guard.form(desk, url, *([] if one is None else [("mark", self._mark(one))])),
            is_new=one is None,
            fields=(
                FieldView(
                    name="url",
                    label=say(Message("Address")),
                    kind="url",
                    placeholder="https://",
                    help=say(Message("Events are posted to it, over https.")),
                    value=values.get("url", ""),
                    error=wrong.get("url"),
                ),
                FieldView(
                    name="description",
                    label=say(Message("What is it for?")),
                    required=False,
                    value=values.get("description", ""),
                    error=wrong.get("description"),
                ),
            ),
            events=tuple(OptionView(name, self.action(request, name)) for name in sorted(EVENT_NAMES)),
            chosen=frozenset(_chosen(values)),
            back_url=back,
            alert=alert,
        )
        return self.show(request, page, 422 if wrong or alert else 200)


def _box(event: str) -> str:
    """The name of its checkbox."""
    return f"event.{event}"


def _chosen(values: Fields) -> list[str]:
    return [name for name in sorted(EVENT_NAMES) if values.get(_box(name))]


def _entered(values: Fields) -> tuple[list[str], str, str | None]:
    """Events, address and description."""
    return _chosen(values), values.get("url", "").strip(), values.get("description", "").strip() or None


def secret_made(pages: Pages, request: Request, desk: Desk, issued: IssuedEndpoint) -> Response:
    """The page that shows a signing secret, this once."""
    page = SecretMade(
        frame=pages.frame(request, desk, "dashboard_webhooks"),
        about=Untrusted(issued.endpoint.url, limit=120),
        secret=issued.secret.reveal(),
        next_url=pages.path(desk, "dashboard_webhook", endpoint_id=issued.endpoint.id),
    )
    return pages.show(request, page)
