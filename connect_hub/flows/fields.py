"""The types of the fields of requests: what each accepts, and how the OpenAPI document says so."""

import json
import unicodedata
from collections.abc import Iterator
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, JsonValue, WithJsonSchema

from connect_hub.models import AccountType, Category

__all__ = [
    "CategoryName",
    "Count",
    "Id",
    "Label",
    "Metadata",
    "Name",
    "PlainValues",
    "Reason",
    "Seconds",
    "Text",
    "TypeName",
    "Url",
    "has_no_text",
    "whole",
]

MAX_METADATA_KEYS = 50
MAX_METADATA_VALUE = 500

# What the validators below ask for, as a pattern for the OpenAPI document: no control characters, not blank.
_VISIBLE = "[^\\u0000-\\u001f\\u007f-\\u009f]"
_PLAIN: dict[str, JsonValue] = {"pattern": f"^{_VISIBLE}*[^\\s\\u0000-\\u001f\\u007f-\\u009f]{_VISIBLE}*$"}


def _no_control_characters(text: str) -> str:
    if any(unicodedata.category(character) in {"Cc", "Cs"} for character in text):
        raise ValueError("must not contain control characters")
    return text


def _plain_text(text: str) -> str:
    if not _no_control_characters(text).strip():
        raise ValueError("must not be empty")
    return text


def _spelling(value: object) -> object:
    """The published contract spells two values both ways; `hris-legacy` and `stackone` are canonical."""
    if isinstance(value, str):
        return {"hrisLegacy": "hris-legacy", "stackOne": "stackone"}.get(value, value)
    return value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def whole(value: object) -> object:
    """JSON has one kind of number: 60.0 is 60."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def has_no_text(value: object) -> bool:
    """Whether this is what a client sends that types the label as an object: one without a text in it."""
    return isinstance(value, dict) and not any(isinstance(v, str) for v in value.values())


def _label(value: object) -> object:
    return None if has_no_text(value) else value


def _metadata(value: dict[str, JsonValue]) -> dict[str, JsonValue]:
    if len(value) > MAX_METADATA_KEYS:
        raise ValueError(f"must have at most {MAX_METADATA_KEYS} keys")
    for key, item in value.items():
        if not 0 < len(key) <= 100 or any(unicodedata.category(c) in {"Cc", "Cs"} for c in key):
            raise ValueError("its keys must be plain text of 1 to 100 characters")
        if not all(_is_storable(text) for text in _texts(item)):
            raise ValueError(f"the value of {key!r} must be valid Unicode without NUL")
        try:
            text = item if isinstance(item, str) else json.dumps(item, ensure_ascii=False, allow_nan=False)
        except (ValueError, RecursionError):
            raise ValueError(
                f"the value of {key!r} has a number that is not finite, or is too deep"
            ) from None
        if len(text) > MAX_METADATA_VALUE:
            raise ValueError(f"the value of {key!r} must have at most {MAX_METADATA_VALUE} characters")
    return value


def _texts(value: JsonValue) -> Iterator[str]:
    """Every text in a JSON value, names of members included."""
    left = [value]
    while left:
        item = left.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, list):
            left.extend(item)
        elif isinstance(item, dict):
            yield from item
            left.extend(item.values())


def _is_storable(text: str) -> bool:
    return "\x00" not in text and not any("\ud800" <= character <= "\udfff" for character in text)


Id = Annotated[
    str, Field(min_length=1, max_length=255, json_schema_extra=_PLAIN), AfterValidator(_plain_text)
]
Name = Annotated[
    str, Field(min_length=1, max_length=500, json_schema_extra=_PLAIN), AfterValidator(_plain_text)
]
Text = Annotated[
    str, Field(json_schema_extra={"pattern": f"^{_VISIBLE}*$"}), AfterValidator(_no_control_characters)
]
Reason = Annotated[str, Field(max_length=200), AfterValidator(_no_control_characters)]
Label = Annotated[
    Name | None,
    BeforeValidator(_label),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "minLength": 1, "maxLength": 500, **_PLAIN},
                {"type": "null"},
                {"type": "object", "additionalProperties": {"not": {"type": "string"}}},
            ]
        }
    ),
]
Metadata = Annotated[
    dict[str, JsonValue],
    AfterValidator(_metadata),
    WithJsonSchema(
        {
            "type": "object",
            "maxProperties": MAX_METADATA_KEYS,
            "propertyNames": {"minLength": 1, "maxLength": 100, "pattern": f"^{_VISIBLE}*$"},
            "additionalProperties": {
                "description": f"As JSON at most {MAX_METADATA_VALUE} characters.",
                "maxLength": MAX_METADATA_VALUE,
                "pattern": "^[^\\u0000]*$",
            },
        }
    ),
]
PlainValues = Annotated[
    dict[Id, Annotated[Text, Field(max_length=1000)]],
    Field(max_length=50),
    WithJsonSchema(
        {
            "type": "object",
            "maxProperties": 50,
            "propertyNames": {"minLength": 1, "maxLength": 255, **_PLAIN},
            "additionalProperties": {"type": "string", "maxLength": 1000, "pattern": f"^{_VISIBLE}*$"},
        }
    ),
]
Seconds = Annotated[int, Field(strict=True), BeforeValidator(whole)]
Count = Annotated[int, Field(strict=True, ge=1, le=10_000), BeforeValidator(whole)]
CategoryName = Annotated[
    Category,
    BeforeValidator(_spelling),
    WithJsonSchema({"type": "string", "enum": [*(c.value for c in Category), "hrisLegacy", "stackOne"]}),
]
TypeName = Annotated[AccountType, BeforeValidator(_lower)]
Url = Annotated[
    str,
    Field(
        min_length=1,
        max_length=2000,
        json_schema_extra={"format": "uri", "pattern": "^https?://[!-~]+$"},
    ),
]
