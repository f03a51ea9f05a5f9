"""What callers may ask for, over HTTP and in Python alike: one pydantic model a request.

Each refusal becomes a `ValidationFailed` that names the field and what to change.
"""

import difflib
import json
import unicodedata
from collections.abc import Mapping
from typing import Annotated, Literal, TypedDict, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, JsonValue, ValidationError
from pydantic_core import ErrorDetails

from connect_hub.errors import FieldError, ValidationFailed
from connect_hub.models import AccountType, Binding, Category, Json

__all__ = [
    "AuthenticateToken",
    "ChangeAccount",
    "ConvertAccount",
    "CreateSession",
    "SessionFields",
    "parse",
    "parse_json",
]

MAX_METADATA_KEYS = 50
MAX_METADATA_VALUE = 500


def _plain_text(text: str) -> str:
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        raise ValueError("must not contain control characters")
    if not text.strip():
        raise ValueError("must not be empty")
    return text


def _spelling(value: object) -> object:
    """The published contract spells two values both ways; `hris-legacy` and `stackone` are canonical."""
    if isinstance(value, str):
        return {"hrisLegacy": "hris-legacy", "stackOne": "stackone"}.get(value, value)
    return value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _label(value: object) -> object:
    """A client that types the label as an object sends one without a text in it: no label."""
    return None if isinstance(value, dict) and not any(isinstance(v, str) for v in value.values()) else value


def _metadata(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if len(value) > MAX_METADATA_KEYS:
        raise ValueError(f"must have at most {MAX_METADATA_KEYS} keys")
    for key, item in value.items():
        if not 0 < len(key) <= 100 or any(unicodedata.category(c) in {"Cc", "Cs"} for c in key):
            raise ValueError("its keys must be plain text of 1 to 100 characters")
        text = item if isinstance(item, str) else json.dumps(item, ensure_ascii=False)
        if len(text) > MAX_METADATA_VALUE:
            raise ValueError(f"the value of {key!r} must have at most {MAX_METADATA_VALUE} characters")
        if "\x00" in text or any(unicodedata.category(c) == "Cs" for c in text):
            raise ValueError(f"the value of {key!r} must be valid Unicode without NUL")
    return value


Id = Annotated[str, Field(min_length=1, max_length=255), AfterValidator(_plain_text)]
Name = Annotated[str, Field(min_length=1, max_length=500), AfterValidator(_plain_text)]
Label = Annotated[Name | None, BeforeValidator(_label)]
Metadata = Annotated[dict[str, JsonValue], AfterValidator(_metadata)]
CategoryName = Annotated[Category, BeforeValidator(_spelling)]
TypeName = Annotated[AccountType, BeforeValidator(_lower)]


class _Request(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)


class CreateSession(_Request):
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
    expires_in: int | None = Field(
        None, strict=True, description="Seconds until the token expires. Default: 1800."
    )
    providers: list[Id] | None = Field(
        None,
        min_length=1,
        max_length=500,
        description="Offer only these providers. Default: all enabled ones.",
    )
    setup_information: dict[str, Annotated[str, Field(max_length=1000)]] | None = Field(
        None,
        max_length=50,
        description="Plain field values that are known already, by field key; shown filled in.",
    )
    return_url: Annotated[str, Field(max_length=2000)] | None = Field(
        None, description="Where the browser goes in the end; one of the configured addresses."
    )
    state: Annotated[str, Field(max_length=512)] | None = Field(
        None, description="Handed back to `return_url`."
    )
    max_connects: Annotated[int, Field(ge=1, le=10000, strict=True)] | None = Field(
        None,
        description="How many connections may succeed. Default: 1 with `provider` or `account_id`.",
    )
    binding: Binding | None = Field(None, description="May only be stronger than the hub's own.")
    manage: bool | None = Field(
        None, strict=True, description="Let the visitor manage all the owner's accounts; needs host_identity."
    )
    locale: Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35)] | None = (
        Field(None, description="The language of the pages. Default: the browser's.")
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


class AuthenticateToken(_Request):
    """A connect session's token."""

    token: Annotated[str, Field(max_length=10_000)] = Field(description="The token of a connect session.")


class ChangeAccount(_Request):
    """What to change of an account; a field left out stays as it is."""

    origin_owner_id: Id | None = None
    origin_owner_name: Name | None = None
    origin_username: Name | None = None
    label: Label = None
    metadata: Metadata | None = None
    type: TypeName | None = Field(
        None, description="`test` converts the account; `production` is ignored, as clients send it unasked."
    )
    provider: Id | None = Field(None, description="Must be the account's own.")
    credentials: dict[str, JsonValue] | None = Field(None, max_length=0, description="Must be empty.")
    secrets: dict[str, JsonValue] | None = Field(None, max_length=0, description="Must be empty.")
    setup_information: dict[str, JsonValue] | None = Field(None, max_length=0, description="Must be empty.")
    authentication_config_key: JsonValue = Field(None, description="Accepted and ignored.")
    environment: JsonValue = Field(None, description="Accepted and ignored.")
    integration_id: JsonValue = Field(None, description="Accepted and ignored.")
    shared: JsonValue = Field(None, description="Accepted and ignored.")


class ConvertAccount(_Request):
    """The type an account is to have."""

    type: TypeName = Field(description="`production` or `test`.")


RequestT = TypeVar("RequestT", bound=BaseModel)


def parse(model: type[RequestT], fields: Mapping[str, object]) -> RequestT:
    """`fields` as a `model`; raises ValidationFailed with a detail for each field that is wrong."""
    try:
        return model.model_validate(dict(fields))
    except ValidationError as error:
        raise _refusal(model, error) from None


def parse_json(model: type[RequestT], body: bytes) -> RequestT:
    """The JSON text `body` as a `model`; raises ValidationFailed."""
    try:
        return model.model_validate_json(body)
    except ValidationError as error:
        raise _refusal(model, error) from None


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
    if path in {"credentials", "secrets", "setup_information"} and kind == "too_long":
        return FieldError(path, "cannot be changed here; let the customer reconnect with a connect session")
    message = detail["msg"].removeprefix("Value error, ")
    return FieldError(path[:200], message[:1].lower() + message[1:])
