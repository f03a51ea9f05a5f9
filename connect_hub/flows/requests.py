"""What callers may ask for, over HTTP and in Python alike: one pydantic model a request.

Each refusal becomes a `ValidationFailed` that names the field and what to change.
"""

import difflib
import re
from collections.abc import Mapping
from typing import Annotated, Literal, TypedDict, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    JsonValue,
    ValidationError,
    model_validator,
)
from pydantic_core import ErrorDetails

from connect_hub.errors import FieldError, ValidationFailed
from connect_hub.flows.fields import (
    CategoryName,
    Count,
    Id,
    Label,
    Metadata,
    Name,
    PlainValues,
    Reason,
    Seconds,
    Text,
    TypeName,
    Url,
    has_no_text,
)
from connect_hub.message import Message
from connect_hub.models import AccountType, Binding, Category, Json

__all__ = [
    "AccountChange",
    "AccountFields",
    "AuthenticateToken",
    "ChangeAccount",
    "ConvertAccount",
    "CreateSession",
    "OwnerName",
    "Request",
    "SessionFields",
    "SuspendAccount",
    "is_deep",
    "parse",
    "parse_json",
]

MAX_DEPTH = 32

_IN_SECONDS = {"expires_in", "overlap"}
_TYPES = {
    "bool_type": "true or false",
    "dict_type": "an object",
    "int_type": "a whole number",
    "list_type": "a list",
    "string_type": "a text",
}
_INSTANT = "must be an instant with a time zone, such as 2026-11-26T08:00:00Z"

# A text counts as one thing, up to the end of the body if it has none. Nothing in here backtracks.
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*+"?|([\[{])|([\]}])', re.S)


class Request(BaseModel):
    """What every request has: no field that is not known."""

    # Built when the first request comes, not when the package is imported.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False, defer_build=True)


class CreateSession(Request):
    """Whom to let connect what, and for how long."""

    origin_owner_id: Id = Field(description="The customer's id in your own system.")
    origin_owner_name: Name = Field(description="The customer's name.")
    origin_username: Name | None = Field(
        None, description="The customer's user who will connect, such as an email address."
    )
    categories: list[CategoryName] | None = Field(
        None,
        min_length=1,
        max_length=20,
        description="Offer only connectors of these categories. Default: all.",
    )
    provider: Id | None = Field(None, description="Open the hub on this provider and hide the list.")
    account_id: Id | None = Field(None, description="Open the hub to reconnect this account.")
    label: Label = Field(None, description="Put on the account.")
    metadata: Metadata | None = Field(None, description="Put on the account as its tags; at most 50 keys.")
    multiple: bool | None = Field(
        None,
        strict=True,
        description="True: always a new account. False: update the owner's account of this provider.",
    )
    type: TypeName | None = Field(None, description="`production` or `test`. Default: production.")
    expires_in: Seconds | None = Field(None, description="Seconds until the token expires. Default: 1800.")
    providers: list[Id] | None = Field(
        None,
        min_length=1,
        max_length=500,
        description="Offer only these providers. Default: all enabled ones.",
    )
    setup_information: PlainValues | None = Field(
        None,
        description="Plain field values that are known already, by field key; shown filled in.",
    )
    return_url: Annotated[Text, Field(max_length=2000)] | None = Field(
        None, description="Where the browser goes in the end; one of the configured addresses."
    )
    state: Annotated[Text, Field(max_length=512)] | None = Field(
        None, description="Handed back to `return_url`."
    )
    max_connects: Count | None = Field(
        None,
        description="How many connections may succeed. Default: 1 with `provider` or `account_id`.",
    )
    binding: Binding | None = Field(None, description="May only be stronger than the hub's own.")
    manage: bool | None = Field(
        None, strict=True, description="Let the visitor manage all the owner's accounts; needs host_identity."
    )
    locale: Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)] | None = (
        Field(
            None,
            description="The language of the pages, such as `de` or `en-US`. Default, also where there is no "
            "catalogue for it: the visitor's choice, or the browser's.",
        )
    )
    webhook_url: Url | None = Field(
        None,
        description="For development, where the project allows it: events of this session, and of accounts "
        "that were last connected through it, are posted here as well.",
    )
    provider_version: JsonValue = Field(None, description="Accepted and ignored.")
    integration_id: JsonValue = Field(None, description="Accepted and ignored.")
    connector_profile_id: JsonValue = Field(None, description="Accepted and ignored.")
    shared: JsonValue = Field(None, description="Accepted and ignored.")
    relink: JsonValue = Field(None, description="Accepted and ignored.")
    scopes: JsonValue = Field(None, description="Accepted and ignored.")


class SessionFields(TypedDict, total=False):
    """The keyword arguments of `hub.sessions.create` and `hub.links.create`; see `CreateSession`."""

    origin_owner_id: str
    origin_owner_name: str
    origin_username: str | None
    categories: list[str] | list[Category] | None
    provider: str | None
    account_id: str | None
    label: str | None
    metadata: Mapping[str, Json] | None
    multiple: bool | None
    type: Literal["production", "test"] | AccountType | None
    expires_in: int | None
    providers: list[str] | None
    setup_information: Mapping[str, str] | None
    return_url: str | None
    state: str | None
    max_connects: int | None
    binding: Literal["confirm", "host_identity"] | Binding | None
    manage: bool | None
    locale: str | None
    webhook_url: str | None


class AuthenticateToken(Request):
    """A connect session's token."""

    token: Annotated[str, Field(max_length=10_000)] = Field(description="The token of a connect session.")


class AccountChange(Request):
    """What `hub.accounts.change` may change; only what was given counts, so the defaults say nothing."""

    origin_owner_id: Id = ""
    origin_owner_name: Name = ""
    origin_username: Name | None = None
    label: Name | None = None
    metadata: Metadata | None = None


class SuspendAccount(Request):
    """What `hub.accounts.suspend` takes."""

    reason: Reason = ""


class AccountFields(TypedDict, total=False):
    """The keyword arguments of `hub.accounts.change`: a field left out stays as it is, None removes it."""

    origin_owner_id: str
    """Moves it to another customer."""
    origin_owner_name: str
    origin_username: str | None
    label: str | None
    metadata: Mapping[str, Json] | None
    """Replaces all of it."""


def _refuse_values(values: object) -> object:
    if values:
        raise ValueError("cannot be changed here; let the customer reconnect with a connect session")
    return values


_NotHere = Annotated[dict[str, JsonValue] | None, BeforeValidator(_refuse_values)]


class ChangeAccount(Request):
    """What to change of an account; a field left out stays as it is."""

    origin_owner_id: Id | None = Field(None, description="Moves it to another customer; null is ignored.")
    origin_owner_name: Name | None = Field(None, description="Null is ignored.")
    origin_username: Name | None = Field(None, description="Null removes it.")
    label: Label = Field(None, description="Null removes it.")
    metadata: Metadata | None = Field(
        None, description="Replaces all of it; null removes it, `{}` is ignored."
    )
    type: TypeName | None = Field(
        None, description="`test` converts the account; `production` is ignored, as clients send it unasked."
    )
    provider: Id | None = Field(None, description="Must be the account's own.")
    credentials: _NotHere = Field(None, max_length=0, description="Must be empty.")
    secrets: _NotHere = Field(None, max_length=0, description="Must be empty.")
    setup_information: _NotHere = Field(None, max_length=0, description="Must be empty.")
    authentication_config_key: JsonValue = Field(None, description="Accepted and ignored.")
    environment: JsonValue = Field(None, description="Accepted and ignored.")
    integration_id: JsonValue = Field(None, description="Accepted and ignored.")
    shared: JsonValue = Field(None, description="Accepted and ignored.")

    @model_validator(mode="before")
    @classmethod
    def _leave_out(cls, fields: object) -> object:
        """Leave out what a client sends that cannot say a label or metadata: it must not remove them."""
        if not isinstance(fields, dict):
            return fields
        return {
            name: value
            for name, value in fields.items()
            if not (name == "label" and has_no_text(value)) and not (name == "metadata" and value == {})
        }


class ConvertAccount(Request):
    """The type an account is to have."""

    type: TypeName = Field(description="`production` or `test`.")


class OwnerName(Request):
    """The customer whose data is to be erased."""

    origin_owner_id: Id


RequestT = TypeVar("RequestT", bound=BaseModel)


def parse(model: type[RequestT], fields: Mapping[str, object]) -> RequestT:
    """`fields` as a `model`; raises ValidationFailed with a detail for each field that is wrong."""
    try:
        return model.model_validate(dict(fields))
    except ValidationError as error:
        raise _refusal(model, error) from None


def parse_json(model: type[RequestT], body: bytes) -> RequestT:
    """The JSON text `body` as a `model`; raises ValidationFailed."""
    if is_deep(body):
        raise ValidationFailed(FieldError("body", f"is nested deeper than {MAX_DEPTH} levels"))
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise _refusal(model, error) from None


def is_deep(body: bytes) -> bool:
    """Whether JSON is nested deeper than MAX_DEPTH; most bodies have fewer brackets than they may be deep."""
    if body.count(b"{") + body.count(b"[") <= MAX_DEPTH:
        return False
    depth = 0
    for found in _BRACKETS.finditer(body):
        depth += (found[1] is not None) - (found[2] is not None)
        if depth > MAX_DEPTH:
            return True
    return False


def _refusal(model: type[BaseModel], error: ValidationError) -> ValidationFailed:
    details = error.errors(include_url=False, include_context=True, include_input=False)
    return ValidationFailed(*(_detail(model, detail) for detail in details[:20]))


def _detail(model: type[BaseModel], detail: ErrorDetails) -> FieldError:
    path = ".".join(str(part) for part in detail["loc"]) or "body"
    kind = detail["type"]
    if kind == "extra_forbidden":
        near = difflib.get_close_matches(path, model.model_fields, n=1)
        return FieldError(path[:100], "unknown field" + (f"; did you mean '{near[0]}'?" if near else ""))
    if kind == "missing":
        return FieldError(path, "is required")
    if kind == "json_invalid":
        return FieldError("body", "is not valid JSON")
    if kind == "model_type":
        return FieldError("body", "must be a JSON object")
    if path == "locale" and kind == "string_pattern_mismatch":
        return FieldError(path, "must be a language such as de or en-US, written with a hyphen")
    context = detail.get("ctx", {})
    return FieldError(path[:200], _words(path, kind, context, detail["msg"]))


def _words(path: str, kind: str, context: Mapping[str, object], text: str) -> str:
    """What is wrong with a value; of what pydantic alone would say, in words that fit those of the hub."""
    unit = " seconds" if path in _IN_SECONDS else ""
    match kind:
        case "less_than_equal":
            return f"must be at most {context['le']}{unit}"
        case "greater_than_equal":
            return f"must be at least {context['ge']}{unit}"
        case "too_short" | "too_long":
            bound = "at least" if kind == "too_short" else "at most"
            number = context["min_length" if kind == "too_short" else "max_length"]
            if context["field_type"] == "Value":  # a text that a validator was asked about before its length
                return f"must have {bound} {number} characters"
            return f"must have {bound} {number} {'entry' if number == 1 else 'entries'}"
        case "string_too_short":
            return Message("must not be empty")
        case "string_too_long":
            return Message("must have at most %(count)s characters", count=context["max_length"])
    if kind.startswith(("datetime_", "timezone_")):
        return _INSTANT
    if kind in _TYPES:
        return f"must be {_TYPES[kind]}"
    message = text.removeprefix("Value error, ").removeprefix("Input should ")
    return f"must {message}" if message.startswith(("be ", "have ")) else message[:1].lower() + message[1:]
