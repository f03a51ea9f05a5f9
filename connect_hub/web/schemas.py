"""The answers of the REST API as schemas: what `/openapi.json` says of the documents of `web.documents`.

Imported when that document is asked for; answers themselves are made without them. A test holds the two
equal, name by name.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from connect_hub.models import (
    AccountStatus,
    AccountType,
    AttemptStatus,
    Binding,
    Category,
    SessionStatus,
    StepKind,
)
from connect_hub.storage.protocol import DeliveryState

__all__ = [
    "Account",
    "AccountMeta",
    "ConnectSession",
    "ConnectSessionDetails",
    "Connector",
    "Delivery",
    "DeliveryDetails",
    "Erased",
    "Error",
    "Event",
    "EventDetails",
    "Health",
    "IssuedConnectSession",
    "IssuedWebhookEndpoint",
    "Replayed",
    "Trigger",
    "WebhookEndpoint",
]

Metadata = dict[str, JsonValue]
LogoUrl = Annotated[str, Field(json_schema_extra={"format": "uri"})]


class _Answer(BaseModel):
    model_config = ConfigDict(defer_build=True)


class ConnectSession(_Answer):
    """What one customer may connect, and until when."""

    id: int = Field(ge=0, le=2**53 - 1, description="Names the session; never a secret.")
    organization_id: int
    project_id: str
    categories: list[Category] | None
    provider: str | None
    origin_owner_id: str
    origin_owner_name: str
    origin_username: str | None
    account_id: str | None
    label: str | None
    created_at: datetime
    metadata: Metadata | None
    external_trigger_token: str | None = Field(
        description="Of the account that the session renews; in the answer to its creation alone."
    )
    type: AccountType
    expires_at: datetime
    status: SessionStatus
    multiple: bool
    providers: list[str] | None
    setup_information: dict[str, str] | None
    return_url: str | None
    state: str | None
    max_connects: int | None
    binding: Binding
    manage: bool
    locale: str | None
    opens: int = Field(description="How often a person opened the link and pressed Continue.")
    connects: int = Field(description="How many connections succeeded.")


class IssuedConnectSession(ConnectSession):
    """A connect session with its token and link, which are shown in the answer to its creation alone."""

    token: str = Field(description="Hand it to an embedded hub.")
    auth_link_url: str = Field(description="Hand it to the customer.", json_schema_extra={"format": "uri"})


class Trigger(_Answer):
    """Where a provider's own webhook can be pointed at."""

    external_trigger_token: str
    url: str = Field(description="Enter it at the provider.", json_schema_extra={"format": "uri"})


class SecretLife(_Answer):
    """How long a signing secret signs; never the secret."""

    created_at: datetime | None
    expires_at: datetime | None


class WebhookEndpoint(_Answer):
    """Where events are posted to. Neither its secrets nor the values of its header fields are shown."""

    id: str
    project_id: str
    source: Literal["database", "config"] = Field(description="One of `config` is changed there alone.")
    url: str
    description: str | None
    events: list[str]
    providers: list[str] | None
    header_names: list[str]
    secrets: list[SecretLife] = Field(description="Those that sign now, newest first.")
    enabled: bool
    disabled_at: datetime | None
    disabled_reason: Literal["manual", "failing", "gone"] | None
    failing_since: datetime | None = Field(description="The first failure since which nothing succeeded.")
    created_at: datetime | None
    updated_at: datetime | None


class IssuedWebhookEndpoint(WebhookEndpoint):
    """An endpoint and its new secret, which is shown this once."""

    secret: str = Field(description="`whsec_…`, as Standard Webhooks has it.")


class Event(_Answer):
    """What happened."""

    id: str = Field(description="The `webhook-id` of every delivery.")
    type: str
    project_id: str
    record_id: str
    provider: str | None
    sequence: int
    created_at: datetime
    data: dict[str, JsonValue] = Field(description="The body that is delivered.")


class Delivery(_Answer):
    """One event on its way to one target, or at its end."""

    id: str
    event_id: str
    event_type: str
    record_id: str
    target: str
    endpoint_id: str | None
    state: DeliveryState
    attempts: int
    last_error: str | None
    next_attempt_at: datetime | None
    created_at: datetime
    settled_at: datetime | None


class EventDetails(Event):
    """An event and where it went: its newest 200 deliveries."""

    deliveries: list[Delivery]


class DeliveryAttempt(_Answer):
    """One try. What is secret in the request is left out."""

    started_at: datetime
    duration_ms: int
    status: int | None
    error: str | None
    request_headers: dict[str, str]
    response_headers: dict[str, str]
    response_body: str = Field(description="The first 16 KiB.")


class DeliveryDetails(Delivery):
    """A delivery and each of its tries."""

    log: list[DeliveryAttempt]


class Replayed(_Answer):
    """How much is sent again."""

    deliveries: int


class ConnectionAttempt(_Answer):
    """One try of a customer at one provider."""

    id: str
    provider: str
    status: AttemptStatus
    error_code: str | None
    error_description: str | None
    account_id: str | None
    created_at: datetime
    updated_at: datetime


class Step(_Answer):
    """One step of the customer."""

    step: StepKind
    at: datetime
    provider: str | None
    method: str | None
    connection_attempt_id: str | None
    error_code: str | None


class ConnectSessionDetails(ConnectSession):
    """A connect session and the newest try of the customer: why it stopped."""

    latest_connection_attempt: ConnectionAttempt | None
    timeline: list[Step] = Field(description="The newest steps of the customer, oldest first; at most 50.")


class StatusReason(_Answer):
    """Why an account is not active."""

    code: str
    description: str
    timestamp: datetime


class Identity(_Answer):
    """Who an account is at the provider."""

    id: str
    name: str | None
    email: str | None


class Account(_Answer):
    """One customer's connection to one provider. Credentials are never returned."""

    id: str
    provider: str
    provider_name: str
    status: AccountStatus
    status_reasons: list[StatusReason]
    origin_owner_id: str
    origin_owner_name: str
    origin_username: str | None
    setup_information: dict[str, str] = Field(description="The fields of the form that are not secret.")
    type: AccountType
    label: str | None
    metadata: Metadata
    categories: list[Category]
    created_at: datetime
    updated_at: datetime
    identity: Identity | None


class AccountMeta(_Answer):
    """What kind of provider an account is at."""

    provider: str
    category: Category
    models: dict[str, JsonValue]


class Images(_Answer):
    """Pictures of a connector."""

    logo_url: LogoUrl


class Resources(_Answer):
    """What goes with a connector."""

    images: Images


class Connector(_Answer):
    """A provider that customers can connect to."""

    provider: str
    provider_name: str
    category: Category
    models: dict[str, JsonValue]
    active: bool = Field(description="Whether it is enabled on your project.")
    resources: Resources


class Erased(_Answer):
    """How much there was of an owner."""

    accounts: int
    connect_sessions: int


class Health(_Answer):
    """The hub can work."""

    status: str


class ErrorDetail(_Answer):
    """One thing that is wrong with one field."""

    field: str
    message: str


class Error(_Answer):
    """Why a request was refused."""

    status_code: int = Field(alias="statusCode")
    message: str = Field(description="For people; it may change.")
    timestamp: datetime
    error_code: str = Field(alias="errorCode", description="For programs; it does not change.")
    error: str = Field(description="The name of the status.")
    details: list[ErrorDetail] | None = Field(None, description="With `validation_error`: field by field.")
