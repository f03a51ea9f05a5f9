"""The OpenAPI document: complete, true, and readable by anybody."""

import re
from datetime import datetime
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from starlette.routing import Route

from connect_hub.web import schemas
from connect_hub.web.app import HubApp, routes
from connect_hub.web.endpoint import Endpoint
from connect_hub.web.operations import OPERATIONS
from tests.customer import Customer
from tests.hubs import make_hub
from tests.web.api import Caller, linked

NOT_THE_API = {"script", "static"}
"""Names of routes that answer data and are not the REST API: files, and the surface of the hub's pages."""


async def document(tmp_path: Path) -> dict[str, Any]:
    answer = await Caller(make_hub(tmp_path).hub, key=None).get("openapi.json")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    found: dict[str, Any] = answer.json()
    return found


async def test_every_route_and_method_of_the_api_is_in_it_and_nothing_else(tmp_path: Path) -> None:
    """The route table and the document name the same methods of the same addresses."""
    hub = make_hub(tmp_path).hub
    app = getattr(hub, "_web", hub.app)
    assert isinstance(app, HubApp)
    served = set()
    for route in routes(app._site):
        assert isinstance(route, Route)
        endpoint = route.endpoint
        assert isinstance(endpoint, Endpoint)
        if endpoint._page or route.name in NOT_THE_API or route.path.startswith("/hub/"):
            continue
        path = re.sub(r":path}", "}", route.path)
        served |= {(path, method.lower()) for method in endpoint.methods - {"HEAD"}}
    paths = (await document(tmp_path))["paths"]
    assert {(path, method) for path, methods in paths.items() for method in methods} == served


async def test_it_says_where_and_how_to_call(tmp_path: Path) -> None:
    """`servers` is public_url; every operation takes the API key by Basic but for the open ones."""
    found = await document(tmp_path)
    assert found["openapi"].startswith("3.1")
    assert found["servers"] == [{"url": "https://hub.test/connect"}]
    assert found["components"]["securitySchemes"]["apiKey"]["scheme"] == "basic"
    assert found["security"] == [{"apiKey": []}]
    opened = {
        op["operationId"] for path in found["paths"].values() for op in path.values() if "security" in op
    }
    assert opened == {"getHealth", "getOpenApi", "pullTrigger"}
    assert len({operation.id for operation in OPERATIONS}) == len(OPERATIONS)


async def test_every_body_has_an_example_that_the_hub_would_read(tmp_path: Path) -> None:
    """Examples are valid for the model that reads the request."""
    models = {operation.body.__name__: operation.body for operation in OPERATIONS if operation.body}
    seen = set()
    for path in (await document(tmp_path))["paths"].values():
        for operation in path.values():
            if "requestBody" in operation:
                content = operation["requestBody"]["content"]["application/json"]
                name = content["schema"]["$ref"].rpartition("/")[2]
                models[name].model_validate(content["example"])
                seen.add(name)
    assert seen == models.keys()


async def test_limits_of_the_configuration_are_in_it(tmp_path: Path) -> None:
    """`expires_in` is bounded as this hub bounds it."""
    schema = (await document(tmp_path))["components"]["schemas"]["CreateSession"]["properties"]["expires_in"]
    assert schema["anyOf"][0].items() >= {"minimum": 60, "maximum": 604_800}.items()


def conforms(model: type[BaseModel], answer: Any) -> None:
    """The answer has the fields of the model, no more and no fewer, with values that it takes."""
    assert answer.keys() == {f.alias or name for name, f in model.model_fields.items()}
    model.model_validate(answer)


async def test_answers_have_exactly_the_fields_that_it_promises(tmp_path: Path) -> None:
    """Each kind of answer, compared with its schema name by name."""
    made = make_hub(tmp_path)
    api = Caller(made.hub)
    account = await linked(made)
    await made.hub.accounts.suspend(account)
    session = await api.created(provider="simulated-key")
    customer = Customer(made.hub)
    form = await customer.enter(session["auth_link_url"])
    await customer.press(form, "Connect Acme Key", {"f.api_key": "wrong-key-0123456789"})
    conforms(schemas.IssuedConnectSession, session)
    details = (await api.get(f"connect_sessions/{session['id']}")).json()
    conforms(schemas.ConnectSessionDetails, details)
    conforms(schemas.ConnectionAttempt, details["latest_connection_attempt"])
    conforms(schemas.Step, details["timeline"][-1])
    conforms(schemas.ConnectSession, (await api.get("connect_sessions")).json()[0])
    read = (await api.get(f"accounts/{account}")).json()
    conforms(schemas.Account, read)
    conforms(schemas.StatusReason, read["status_reasons"][0])
    conforms(schemas.Identity, read["identity"])
    conforms(schemas.AccountMeta, (await api.get(f"accounts/{account}/meta")).json())
    conforms(schemas.Trigger, (await api.get(f"accounts/{account}/trigger")).json())
    conforms(schemas.Connector, (await api.get("connectors/meta")).json()[0])
    conforms(schemas.Health, (await api.get("healthz")).json())
    conforms(schemas.Erased, (await api.delete("owners/none")).json())
    refusal = (await api.post("connect_sessions", {})).json()
    conforms(schemas.Error, refusal)
    conforms(schemas.ErrorDetail, refusal["details"][0])
    datetime.fromisoformat(refusal["timestamp"])
