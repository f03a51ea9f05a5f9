"""What may be asked about webhook endpoints, over HTTP and in Python alike."""

import difflib
from collections.abc import Mapping
from typing import Annotated, TypedDict

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, Field, WithJsonSchema

from connect_hub.events import DEFAULT_EVENTS, EVENT_NAMES, TEST_EVENT
from connect_hub.flows.fields import Id, Name, Url, whole
from connect_hub.flows.requests import Request
from connect_hub.secret import Secret
from connect_hub.webhooks.fields import NAME_PATTERN, VALUE_PATTERN, header_problem

__all__ = [
    "ChangeEndpoint",
    "CreateEndpoint",
    "EnableEndpoint",
    "EndpointChange",
    "EndpointFields",
    "ReplayEvents",
    "RotateSecret",
    "TestEndpoint",
]

MAX_HEADERS = 20
LONGEST_OVERLAP = 7 * 86400


def _event(name: str) -> str:
    if name in EVENT_NAMES:
        return name
    near = difflib.get_close_matches(name[:64], EVENT_NAMES, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"choose from {', '.join(sorted(EVENT_NAMES))}"
    raise ValueError(f"there is no such event; {hint}")


def _test_event(name: str) -> str:
    return name if name == TEST_EVENT else _event(name)


def _headers(headers: dict[str, str]) -> dict[str, str]:
    if len(headers) > MAX_HEADERS:
        raise ValueError(f"must have at most {MAX_HEADERS} header fields")
    if len({name.lower() for name in headers}) != len(headers):
        raise ValueError("has the same header field twice")
    for name, value in headers.items():
        problem = header_problem(name, Secret(value))
        if problem is not None:
            raise ValueError(f"{name[:100]!r} {problem}")
    return headers


EventName = Annotated[
    str, AfterValidator(_event), WithJsonSchema({"type": "string", "enum": sorted(EVENT_NAMES)})
]
TestEventName = Annotated[
    str,
    AfterValidator(_test_event),
    WithJsonSchema({"type": "string", "enum": [*sorted(EVENT_NAMES), TEST_EVENT]}),
]
EventNames = Annotated[list[EventName], Field(min_length=1, max_length=50)]
Providers = Annotated[list[Id], Field(min_length=1, max_length=500)]
Headers = Annotated[
    dict[str, str],
    AfterValidator(_headers),
    WithJsonSchema(
        {
            "type": "object",
            "maxProperties": MAX_HEADERS,
            "propertyNames": {"pattern": f"^{NAME_PATTERN}$"},
            "additionalProperties": {"type": "string", "maxLength": 1000, "pattern": f"^{VALUE_PATTERN}$"},
        }
    ),
]
Overlap = Annotated[int, Field(strict=True, ge=0, le=LONGEST_OVERLAP), BeforeValidator(whole)]


class _EndpointFields(Request):
    description: Name | None = Field(None, description="For people.")
    events: EventNames | None = Field(
        None, description=f"What to send; null: {', '.join(sorted(DEFAULT_EVENTS))}."
    )
    providers: Providers | None = Field(
        None, description="Send only what is about these connectors; null: everything."
    )
    headers: Headers | None = Field(
        None, description="Header fields to send along. They are kept sealed and never shown again."
    )


class CreateEndpoint(_EndpointFields):
    """Where to send events."""

    url: Url = Field(description="https, on the public internet.")


class ChangeEndpoint(_EndpointFields):
    """What to change of an endpoint; a field left out stays as it is."""

    url: Url | None = Field(None, description="Null is ignored.")
    headers: Headers | None = Field(None, description="Replaces all of them; null removes them.")


class RotateSecret(Request):
    """How long the secrets that there are go on to sign."""

    overlap: Overlap | None = Field(None, description="In seconds, 7 days at most. Default: 86400, a day.")


class EnableEndpoint(Request):
    """What to send besides what was held."""

    replay_since: AwareDatetime | None = Field(
        None, description="Also send what happened since this instant and was not delivered."
    )


class TestEndpoint(Request):
    """Which event to send as a test."""

    __test__ = False  # no test of ours: pytest would collect it by its name

    event: TestEventName | None = Field(None, description=f"Default: `{TEST_EVENT}`.")


class ReplayEvents(Request):
    """Which events to send again."""

    since: AwareDatetime = Field(description="From this instant on; at most 30 days ago.")
    until: AwareDatetime | None = Field(None, description="Before this instant. Default: now.")
    include_delivered: bool | None = Field(
        None, strict=True, description="Also those that the endpoint took already."
    )


class EndpointFields(TypedDict, total=False):
    """The keyword arguments of `hub.endpoints.create`, besides `url`; see `CreateEndpoint`."""

    description: str | None
    events: list[str] | None
    providers: list[str] | None
    headers: Mapping[str, str] | None


class EndpointChange(EndpointFields, total=False):
    """The keyword arguments of `hub.endpoints.change`: a field left out stays as it is."""

    url: str
