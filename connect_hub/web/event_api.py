"""Webhook endpoints, events and deliveries over HTTP."""

from collections.abc import Sequence
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from connect_hub.events import EVENT_NAMES, TEST_EVENT
from connect_hub.flows.endpoint_requests import (
    ChangeEndpoint,
    CreateEndpoint,
    EnableEndpoint,
    ReplayEvents,
    RotateSecret,
    TestEndpoint,
)
from connect_hub.flows.requests import parse_json
from connect_hub.storage.protocol import DeliveryState
from connect_hub.web.body import read_json, read_options
from connect_hub.web.callers import Callers
from connect_hub.web.documents import Document, cursor_text, json_response, next_link
from connect_hub.web.event_documents import (
    delivery_details_json,
    delivery_json,
    endpoint_json,
    event_details_json,
    event_json,
    issued_endpoint_json,
)
from connect_hub.web.query import Query
from connect_hub.web.site import Site

__all__ = ["EventApi"]

_PAGE_SIZE = 25
_LARGEST_PAGE = 100
_ID = "[A-Za-z0-9_-]{1,64}"


class EventApi:
    """Handlers about what is delivered to whom. Each asks for the API key itself."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._callers = Callers(site)
        self._endpoints = site.flows.endpoints
        self._events = site.flows.events

    async def _project(self, request: Request) -> str:
        return (await self._callers.identify(request)).project_id

    # --- endpoints ---

    async def list_endpoints(self, request: Request) -> Response:
        project = await self._project(request)
        Query(request, "").refuse_problems()
        return json_response([endpoint_json(one) for one in await self._endpoints.list(project=project)])

    async def create_endpoint(self, request: Request) -> Response:
        project = await self._project(request)
        wanted = parse_json(CreateEndpoint, await read_json(request))
        return json_response(
            issued_endpoint_json(await self._endpoints.create_from(wanted, project=project)), 201
        )

    async def get_endpoint(self, request: Request) -> Response:
        project = await self._project(request)
        return json_response(endpoint_json(await self._endpoints.get(_endpoint(request), project=project)))

    async def change_endpoint(self, request: Request) -> Response:
        project = await self._project(request)
        change = parse_json(ChangeEndpoint, await read_json(request))
        after = await self._endpoints.change_from(_endpoint(request), change, project=project)
        return json_response(endpoint_json(after))

    async def delete_endpoint(self, request: Request) -> Response:
        project = await self._project(request)
        return json_response(endpoint_json(await self._endpoints.delete(_endpoint(request), project=project)))

    async def rotate_secret(self, request: Request) -> Response:
        project = await self._project(request)
        wanted = parse_json(RotateSecret, await read_options(request))
        issued = await self._endpoints.rotate_from(_endpoint(request), wanted, project=project)
        return json_response(issued_endpoint_json(issued), 201)

    async def disable_endpoint(self, request: Request) -> Response:
        project = await self._project(request)
        return json_response(
            endpoint_json(await self._endpoints.disable(_endpoint(request), project=project))
        )

    async def enable_endpoint(self, request: Request) -> Response:
        project = await self._project(request)
        wanted = parse_json(EnableEndpoint, await read_options(request))
        since = wanted.replay_since
        if since is not None:
            await self._endpoints.get(_endpoint(request), project=project)  # is it there at all?
            self._events.check_span(since)
        enabled = await self._endpoints.enable(_endpoint(request), project=project)
        if since is not None:
            await self._events.replay(enabled.id, since=since, project=project)
        return json_response(endpoint_json(enabled))

    async def test_endpoint(self, request: Request) -> Response:
        project = await self._project(request)
        wanted = parse_json(TestEndpoint, await read_options(request))
        sent = await self._endpoints.test(_endpoint(request), event=wanted.event, project=project)
        return json_response(delivery_json(sent), 202)

    async def replay(self, request: Request) -> Response:
        project = await self._project(request)
        wanted = parse_json(ReplayEvents, await read_json(request))
        made = await self._events.replay(
            _endpoint(request),
            since=wanted.since,
            until=wanted.until,
            include_delivered=bool(wanted.include_delivered),
            project=project,
        )
        return json_response({"deliveries": made}, 202)

    # --- events and deliveries ---

    async def list_events(self, request: Request) -> Response:
        project = await self._project(request)
        query = Query(request, "page_size cursor type account_id origin_owner_id since until")
        limit, before = query.number("page_size", _PAGE_SIZE, 1, _LARGEST_PAGE), query.cursor(_ID)
        names = query.all("type")
        if not {*names} <= {*EVENT_NAMES, TEST_EVENT}:
            query.problem("type", f"must be one of {', '.join(sorted(EVENT_NAMES))}, {TEST_EVENT}")
        account_id, owner_id = query.one("account_id"), query.one("origin_owner_id")
        since, until = query.instant("since"), query.instant("until")
        query.refuse_problems()
        found = await self._events.list(
            project=project,
            names=names,
            account_id=account_id,
            origin_owner_id=owner_id,
            since=since,
            until=until,
            limit=limit + 1,
            before=before,
        )
        documents = [event_json(one) for one in found[:limit]]
        ends = [(one.created_at, one.id) for one in found]
        return self._page(request, "events", documents, ends)

    async def get_event(self, request: Request) -> Response:
        project = await self._project(request)
        found = await self._events.get(request.path_params["event_id"], project=project)
        return json_response(event_details_json(found))

    async def list_deliveries(self, request: Request) -> Response:
        project = await self._project(request)
        query = Query(request, "page_size cursor endpoint_id state")
        limit, before = query.number("page_size", _PAGE_SIZE, 1, _LARGEST_PAGE), query.cursor(_ID)
        states, endpoint_id = query.choice("state", DeliveryState), query.one("endpoint_id")
        query.refuse_problems()
        found = await self._events.deliveries(
            project=project, endpoint_id=endpoint_id, states=states, limit=limit + 1, before=before
        )
        documents = [delivery_json(one) for one in found[:limit]]
        ends = [(one.created_at, one.id) for one in found]
        return self._page(request, "deliveries", documents, ends)

    async def get_delivery(self, request: Request) -> Response:
        project = await self._project(request)
        found = await self._events.delivery(request.path_params["delivery_id"], project=project)
        return json_response(delivery_details_json(found))

    async def resend(self, request: Request) -> Response:
        project = await self._project(request)
        again = await self._events.resend(request.path_params["delivery_id"], project=project)
        return json_response(delivery_json(again), 202)

    def _page(
        self,
        request: Request,
        route: str,
        documents: Sequence[Document],
        ends: Sequence[tuple[datetime, str]],
    ) -> Response:
        """`documents`, with where to go on if `ends` has one more row than they are."""
        response = json_response(documents)
        if documents and len(ends) > len(documents):
            cursor = cursor_text(*ends[len(documents) - 1])
            url = self._site.urls.absolute(route)
            response.headers["Link"] = next_link(url, request.query_params.multi_items(), cursor)
        return response


def _endpoint(request: Request) -> str:
    endpoint_id: str = request.path_params["endpoint_id"]
    return endpoint_id
