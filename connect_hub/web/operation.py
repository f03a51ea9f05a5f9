"""What the OpenAPI document says of one operation, and the parameters that several have."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel

__all__ = [
    "ACCOUNT_ID",
    "CURSOR",
    "IDEMPOTENCY_KEY",
    "PAGE",
    "PAGE_SIZE",
    "SESSION_CURSOR",
    "SESSION_ID",
    "TEXT",
    "Node",
    "Operation",
    "parameter",
    "texts",
]

Node = dict[str, object]


def parameter(name: str, where: str, schema: Node, description: str, **more: object) -> Node:
    return {"name": name, "in": where, "required": where == "path", "schema": schema, **more} | {
        "description": description
    }


def texts(name: str, description: str, items: Node | None = None) -> Node:
    """A query parameter that can be repeated."""
    schema: Node = {
        "type": "array",
        "items": items or {"type": "string", "maxLength": 255, "pattern": "^[^\\u0000]*$"},
        "maxItems": 100,
    }
    return parameter(name, "query", schema, description, style="form", explode=True)


TEXT: Node = {"type": "string", "maxLength": 255, "pattern": "^[^\\u0000]*$"}
ACCOUNT_ID = parameter("account_id", "path", {"type": "string", "minLength": 1}, "The account's id.")
SESSION_ID = parameter(
    "session_id", "path", {"type": "integer", "minimum": 0, "maximum": 2**53 - 1}, "The session's id."
)
PAGE_SIZE = parameter(
    "page_size",
    "query",
    {"type": "integer", "minimum": 1, "maximum": 100, "default": 25},
    "How many to return at most.",
)
PAGE = parameter(
    "page",
    "query",
    {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 1},
    "Which page; reaches 10,000 rows deep. Past that, and for speed, follow the `Link` header.",
)
CURSOR = parameter(
    "cursor",
    "query",
    {"type": "string", "pattern": "^[0-9]{1,14}\\.[A-Za-z0-9_-]{1,64}$"},
    "Where the page before ended; taken from its `Link` header.",
)
SESSION_CURSOR = {**CURSOR, "schema": {"type": "string", "pattern": "^[0-9]{1,14}\\.[0-9]{1,16}$"}}
IDEMPOTENCY_KEY = parameter(
    "Idempotency-Key",
    "header",
    {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"},
    "Any text of your own. The same key with the same body within 24 hours gives the same session.",
)


@dataclass(frozen=True, slots=True)
class Operation:
    """One method of one address. `answer` names a model of `web.schemas`; `[…]` around it, an array; None:
    there is no body."""

    method: str
    path: str
    id: str
    summary: str
    answer: str | None
    status: int = 200
    body: type[BaseModel] | None = None
    parameters: tuple[Node, ...] = ()
    refusals: tuple[int, ...] = ()
    """Besides those that every operation with a key can answer."""
    example: Mapping[str, object] | None = None
    open: bool = False
    """It needs no API key."""
    optional_body: bool = False
    """The body may be left out."""

    @property
    def tag(self) -> str:
        return self.path.split("/")[1]
