"""The operations of the REST API, as its OpenAPI document describes them: one table."""

from collections.abc import Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from connect_hub.flows.requests import AuthenticateToken, ChangeAccount, ConvertAccount, CreateSession
from connect_hub.models import AccountStatus, SessionStatus

__all__ = ["OPERATIONS", "Node", "Operation"]

Node = dict[str, object]


def _parameter(name: str, where: str, schema: Node, description: str, **more: object) -> Node:
    return {"name": name, "in": where, "required": where == "path", "schema": schema, **more} | {
        "description": description
    }


def _texts(name: str, description: str, items: Node | None = None) -> Node:
    """A query parameter that can be repeated."""
    schema: Node = {
        "type": "array",
        "items": items or {"type": "string", "maxLength": 255, "pattern": "^[^\\u0000]*$"},
        "maxItems": 100,
    }
    return _parameter(name, "query", schema, description, style="form", explode=True)


_TEXT: Node = {"type": "string", "maxLength": 255, "pattern": "^[^\\u0000]*$"}
_ACCOUNT_ID = _parameter("account_id", "path", {"type": "string", "minLength": 1}, "The account's id.")
_SESSION_ID = _parameter(
    "session_id", "path", {"type": "integer", "minimum": 0, "maximum": 2**53 - 1}, "The session's id."
)
_PAGE_SIZE = _parameter(
    "page_size",
    "query",
    {"type": "integer", "minimum": 1, "maximum": 100, "default": 25},
    "How many to return at most.",
)
_PAGE = _parameter(
    "page",
    "query",
    {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 1},
    "Which page; reaches 10,000 rows deep. Past that, and for speed, follow the `Link` header.",
)
_CURSOR = _parameter(
    "cursor",
    "query",
    {"type": "string", "pattern": "^[0-9]{1,14}\\.[A-Za-z0-9_-]{1,64}$"},
    "Where the page before ended; taken from its `Link` header.",
)
_SESSION_CURSOR = {**_CURSOR, "schema": {"type": "string", "pattern": "^[0-9]{1,14}\\.[0-9]{1,16}$"}}
_IDEMPOTENCY_KEY = _parameter(
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

    @property
    def tag(self) -> str:
        return self.path.split("/")[1]


OPERATIONS = (
    Operation(
        "post",
        "/connect_sessions",
        "createConnectSession",
        "Create a connect session and its auth link",
        "IssuedConnectSession",
        status=201,
        body=CreateSession,
        parameters=(_IDEMPOTENCY_KEY,),
        refusals=(409, 412, 422),
        example={"origin_owner_id": "42", "origin_owner_name": "Acme", "categories": ["hris"]},
    ),
    Operation(
        "get",
        "/connect_sessions",
        "listConnectSessions",
        "List connect sessions, newest first",
        "[ConnectSession]",
        parameters=(
            _parameter("origin_owner_id", "query", _TEXT, "Only those of this customer."),
            _parameter("provider", "query", _TEXT, "Only those for this provider."),
            _texts(
                "status",
                "Only those in one of these.",
                {"type": "string", "enum": [*map(str, SessionStatus)]},
            ),
            _PAGE_SIZE,
            _SESSION_CURSOR,
        ),
    ),
    Operation(
        "post",
        "/connect_sessions/authenticate",
        "authenticateConnectSession",
        "Check a session's token and read the session",
        "ConnectSession",
        status=201,
        body=AuthenticateToken,
        example={"token": "eyJhbGciOiJIUzI1NiIs…"},
    ),
    Operation(
        "get",
        "/connect_sessions/{session_id}",
        "getConnectSession",
        "Read a session, and how its customer fared",
        "ConnectSessionDetails",
        parameters=(_SESSION_ID,),
        refusals=(404,),
    ),
    Operation(
        "delete",
        "/connect_sessions/{session_id}",
        "revokeConnectSession",
        "Withdraw a session: its link stops at once, accounts stay",
        "ConnectSession",
        parameters=(_SESSION_ID,),
        refusals=(404,),
    ),
    Operation(
        "delete",
        "/owners/{origin_owner_id}",
        "eraseOwner",
        "Erase everything of one customer",
        "Erased",
        parameters=(
            _parameter(
                "origin_owner_id",
                "path",
                {
                    "type": "string",
                    "minLength": 1,
                    "maxLength": 255,
                    "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]+$",
                },
                "The customer's id in your own system.",
            ),
        ),
        refusals=(404,),
    ),
    Operation(
        "get",
        "/accounts",
        "listLinkedAccounts",
        "List linked accounts, newest first",
        "[Account]",
        parameters=(
            _texts("account_ids", "Only these."),
            _texts("origin_owner_id", "Only those of this customer."),
            _texts("origin_owner_ids", "Only those of these customers."),
            _texts("provider", "Only those of this provider."),
            _texts("providers", "Only those of these providers."),
            _texts(
                "status",
                "Only those in one of these.",
                {"type": "string", "enum": [*map(str, AccountStatus)]},
            ),
            _PAGE,
            _PAGE_SIZE,
            _CURSOR,
        ),
    ),
    Operation(
        "get",
        "/accounts/{account_id}",
        "getAccount",
        "Read an account",
        "Account",
        parameters=(_ACCOUNT_ID,),
        refusals=(404,),
    ),
    Operation(
        "patch",
        "/accounts/{account_id}",
        "updateAccount",
        "Change what you call an account; fields left out stay",
        "Account",
        body=ChangeAccount,
        parameters=(_ACCOUNT_ID,),
        refusals=(404, 409),
        example={"label": "Payroll", "metadata": {"plan": "gold"}},
    ),
    Operation(
        "delete",
        "/accounts/{account_id}",
        "deleteAccount",
        "Delete an account and destroy its credentials",
        "Account",
        parameters=(_ACCOUNT_ID,),
        refusals=(404,),
    ),
    Operation(
        "get",
        "/accounts/{account_id}/meta",
        "getAccountMetaInfo",
        "Read what kind of provider an account is at",
        "AccountMeta",
        parameters=(_ACCOUNT_ID,),
        refusals=(404, 412),
    ),
    Operation(
        "post",
        "/accounts/{account_id}/convert",
        "convertAccount",
        "Make it a test or a production account",
        "Account",
        body=ConvertAccount,
        parameters=(_ACCOUNT_ID,),
        refusals=(404, 409),
        example={"type": "production"},
    ),
    Operation(
        "get",
        "/accounts/{account_id}/trigger",
        "getAccountTrigger",
        "Read where the provider's own webhook can be pointed at",
        "Trigger",
        parameters=(_ACCOUNT_ID,),
        refusals=(404, 409),
    ),
    Operation(
        "post",
        "/accounts/{account_id}/trigger/rotate",
        "rotateAccountTrigger",
        "Give the trigger another token; the one before stops at once",
        "Trigger",
        status=201,
        parameters=(_ACCOUNT_ID,),
        refusals=(404,),
    ),
    Operation(
        "post",
        "/triggers/{external_trigger_token}",
        "pullTrigger",
        "For a provider's own webhook: tells the host of it as `account.triggered`",
        None,
        status=202,
        parameters=(
            _parameter(
                "external_trigger_token", "path", {"type": "string", "minLength": 1}, "The trigger's token."
            ),
        ),
        refusals=(404, 413, 429),
        open=True,
    ),
    Operation(
        "get", "/connectors/meta", "listConnectorsMeta", "List the connectors of this hub", "[Connector]"
    ),
    Operation(
        "get",
        "/connectors/meta/{provider}",
        "getConnectorMeta",
        "Read a connector",
        "Connector",
        parameters=(_parameter("provider", "path", {"type": "string", "minLength": 1}, "Its key."),),
        refusals=(404,),
    ),
    Operation("get", "/healthz", "getHealth", "Whether the hub can work", "Health", open=True),
    Operation("get", "/openapi.json", "getOpenApi", "This document", "object", open=True),
)
