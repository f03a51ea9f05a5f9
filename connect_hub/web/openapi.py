"""The OpenAPI 3.1 document of the REST API: made of the table of operations and of pydantic models."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response

from connect_hub._version import __version__
from connect_hub.config import PublicUrl
from connect_hub.flows.requests import CreateSession
from connect_hub.web.site import Site

if TYPE_CHECKING:  # imported when the document is asked for
    from connect_hub.web.operations import Node, Operation

__all__ = ["OpenApi", "openapi_document"]

_INTRODUCTION = """\
Create connect sessions, and read and manage the accounts that your customers linked.

Authenticate with HTTP Basic: your API key is the user name, the password stays empty. Every refusal has the
same shape; `errorCode` is stable. Lists are newest first; follow the `Link` header (`rel="next"`) to page."""


_REFUSALS = {
    400: "Something in the request is not valid; `details` says what, field by field.",
    401: "The API key, or the token in the body, is not valid.",
    403: "The API is not called from web pages.",
    404: "There is nothing with this name in your project.",
    409: "It contradicts something that is there, or another request under way.",
    412: "The connector is not enabled on your project.",
    413: "The body is larger than 64 KiB.",
    415: "The body is not `application/json`.",
    422: "The Idempotency-Key was used with another body.",
    429: "Too many requests; wait for as long as `Retry-After` says.",
    500: "Something went wrong on our side.",
    503: "The hub cannot work right now, such as without its database.",
}


class OpenApi:
    """Handler of `/openapi.json`."""

    def __init__(self, site: Site) -> None:
        self._public_url = site.core.public_url
        self._longest = int(site.core.config.links.max_lifetime.total_seconds())
        self._body: bytes | None = None

    async def document(self, request: Request) -> Response:
        """The document, which needs no key and is made once."""
        if self._body is None:
            document = openapi_document(self._public_url, longest_session=self._longest)
            self._body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
        return Response(self._body, media_type="application/json")


def openapi_document(public_url: PublicUrl, *, longest_session: int) -> "Node":
    """The document of a hub at `public_url`; `longest_session` is the most that `expires_in` can be, in
    seconds."""
    from connect_hub.web.operations import OPERATIONS

    schemas = _schemas(OPERATIONS)
    _limit_expiry(schemas, longest_session)
    paths: dict[str, dict[str, object]] = {}
    for operation in OPERATIONS:
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "connect_hub", "version": __version__, "description": _INTRODUCTION},
        "servers": [{"url": str(public_url)}],
        "security": [{"apiKey": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "apiKey": {
                    "type": "http",
                    "scheme": "basic",
                    "description": "The API key as the user name, and an empty password.",
                }
            },
            "schemas": schemas,
            "responses": {str(status): _refusal(status) for status in _REFUSALS},
        },
    }


def _schemas(operations: "Sequence[Operation]") -> "dict[str, Node]":
    from pydantic.json_schema import models_json_schema

    from connect_hub.web import schemas

    bodies = [operation.body for operation in operations if operation.body is not None]
    answers = [getattr(schemas, name) for name in schemas.__all__]
    _, definitions = models_json_schema(
        [*((model, "validation") for model in bodies), *((model, "serialization") for model in answers)],
        by_alias=True,
        ref_template="#/components/schemas/{model}",
    )
    found: dict[str, Node] = definitions["$defs"]
    return found


def _limit_expiry(schemas: "dict[str, Node]", longest: int) -> None:
    properties = schemas[CreateSession.__name__]["properties"]
    assert isinstance(properties, dict)
    properties["expires_in"]["anyOf"][0] |= {"minimum": 60, "maximum": longest}


def _operation(operation: "Operation") -> "Node":
    refusals = {500, 503, *operation.refusals}
    if not operation.open:
        refusals |= {400, 401, 403, 429}
    if operation.body is not None:
        refusals |= {413, 415}
    node: Node = {
        "operationId": operation.id,
        "summary": operation.summary,
        "tags": [operation.tag],
        "responses": {
            str(operation.status): _answer(operation),
            **{str(status): {"$ref": f"#/components/responses/{status}"} for status in sorted(refusals)},
        },
    }
    if operation.parameters:
        node["parameters"] = list(operation.parameters)
    if operation.body is not None:
        content: Node = {"schema": _ref(operation.body.__name__)}
        if operation.example is not None:
            content["example"] = operation.example
        node["requestBody"] = {
            "required": not operation.optional_body,
            "content": {"application/json": content},
        }
    if operation.open:
        node["security"] = []
    return node


def _answer(operation: "Operation") -> "Node":
    if operation.answer is None:
        return {"description": "Taken."}
    name = operation.answer.strip("[]")
    schema: Node = {"type": "object"} if name == "object" else _ref(name)
    answer: Node = {"description": "Created." if operation.status == 201 else "As asked."}
    if operation.answer.startswith("["):
        schema = {"type": "array", "items": schema}
        answer["headers"] = {
            "Link": {
                "description": 'The next page, `rel="next"`, if there is one.',
                "schema": {"type": "string"},
            }
        }
    return {**answer, "content": {"application/json": {"schema": schema}}}


def _refusal(status: int) -> "Node":
    answer: Node = {
        "description": _REFUSALS[status],
        "content": {"application/json": {"schema": _ref("Error")}},
    }
    if status == 401:
        answer["headers"] = {"WWW-Authenticate": {"required": True, "schema": {"type": "string"}}}
    if status in {429, 503}:
        answer["headers"] = {
            "Retry-After": {"required": True, "description": "In seconds.", "schema": {"type": "integer"}}
        }
    return answer


def _ref(name: str) -> "Node":
    return {"$ref": f"#/components/schemas/{name}"}
