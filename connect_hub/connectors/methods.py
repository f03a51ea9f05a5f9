"""The auth methods of a connector: one model each, told apart by `type`."""

from typing import Annotated, Literal

import pydantic
from pydantic import StringConstraints

from connect_hub.connectors.answers import Identity, JsonPath, Probe, Revoke
from connect_hub.connectors.fields import Definition, Field, HttpsUrl, Key, Slug, Text
from connect_hub.connectors.formats import Format

__all__ = [
    "ApiKeyMethod",
    "BasicAuth",
    "BasicMethod",
    "ClientCredentialsMethod",
    "CustomMethod",
    "Failure",
    "Method",
    "OAuth2Method",
    "Refresh",
    "RequestAuth",
    "TokenAnswer",
    "TokenRequest",
    "TokenVariable",
]

Scope = Annotated[str, StringConstraints(pattern=r"^[\x21\x23-\x5B\x5D-\x7E]+$", max_length=300)]
"""A scope token (RFC 6749, 3.3)."""
ParamName = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class BasicAuth(Definition):
    """HTTP Basic (RFC 7617). Templates; a user name may not contain a colon."""

    username: str
    password: str = ""


class RequestAuth(Definition):
    """How a call to the provider's API is authenticated. Templates over fields and tokens; there is no
    place for a secret in an address."""

    headers: dict[str, str] = pydantic.Field(default_factory=dict)
    basic: BasicAuth | None = None


class TokenVariable(Definition):
    """A fact of the token answer, kept with the credentials and usable in templates as `{name}`."""

    path: JsonPath
    format: Format = Format.TEXT
    """Where an address uses it: `origin` for `https://host`, `host`, `dns_label` or `path_segment`."""
    pattern: str | None = None
    required: bool = True
    """True: a token answer without it is refused."""


class Failure(Definition):
    """How a provider says no under status 200 (RFC 6749 says 400)."""

    path: JsonPath
    """Slack: `ok`."""
    equals: bool | str | None = None
    """The value that means failure; None: any value there does."""


class TokenAnswer(Definition):
    """Where the token endpoint's answer holds what."""

    access_token: JsonPath = "access_token"  # noqa: S105  # a path, not a token
    refresh_token: JsonPath = "refresh_token"  # noqa: S105  # a path, not a token
    id_token: JsonPath | None = None
    """Kept only when given."""
    expires_in: JsonPath = "expires_in"
    """Seconds, as a number or its text."""
    scope: JsonPath = "scope"
    """A text, split at spaces and commas, or a list."""
    default_lifetime: Annotated[int, pydantic.Field(gt=0)] | None = None
    """Seconds, where the answer has no usable expires_in; None: does not run out."""
    variables: dict[Key, TokenVariable] = pydantic.Field(default_factory=dict)
    failure: Failure | None = None
    error: JsonPath = "error"
    """Where a refusal's code stands."""
    error_description: JsonPath = "error_description"
    error_codes: dict[str, str] = pydantic.Field(default_factory=dict)
    """The provider's own codes, as RFC 6749 names them: `bad_refresh_token = "invalid_grant"`."""


class TokenRequest(Definition):
    """How the token endpoint is called."""

    format: Literal["form", "json"] = "form"
    client_auth: Literal["basic", "post", "none"] = "basic"
    """Where client_id and client_secret go: a Basic header (RFC 6749, 2.3.1), or the body."""
    headers: dict[str, str] = pydantic.Field(default_factory=dict)
    """Besides `Accept: application/json`."""
    params: dict[str, str] = pydantic.Field(default_factory=dict)
    """Added to the body. Templates over fields."""


class Refresh(Definition):
    """How an access token is renewed. An answer without a new refresh token keeps the old one."""

    url: str | None = None
    """None: token_url."""
    params: dict[str, str] = pydantic.Field(default_factory=dict)
    """Added to the body, besides grant_type and refresh_token."""


class _Method(Definition):
    key: Slug | None = None
    """Its name in links, forms and stored credentials; None: its type. Needed for two of one type."""
    label: Text | None = None
    """What the person reads where there is a choice, such as `API key`."""
    description: Text | None = None
    """One sentence: when to choose it, or which permissions the key needs."""
    recommended: bool = False
    """Shown first. At most one method; none: the first."""
    docs: tuple[HttpsUrl, ...] = ()
    """The provider's pages that these facts are from."""
    base_url: str | None = None
    """Instead of the connector's."""
    fields: tuple[Field, ...] = ()
    """Asked besides the connector's own fields."""
    request: RequestAuth = RequestAuth()
    probe: Probe | None = None
    identity: Identity | None = None
    revoke: Revoke | None = None

    @property
    def name(self) -> str:
        """The key, or the type where no key is given."""
        return self.key or str(getattr(self, "type"))  # noqa: B009  # every subclass has it; mypy cannot know


class ApiKeyMethod(_Method):
    """One or more secrets that the person copies from the provider."""

    type: Literal["api_key"]


class BasicMethod(_Method):
    """A user name and password (or a key in one of their places), sent as HTTP Basic."""

    type: Literal["basic"]


class CustomMethod(_Method):
    """Any fields, put into headers by templates."""

    type: Literal["custom"]


class ClientCredentialsMethod(_Method):
    """The client credentials grant (RFC 6749, 4.4) with a client that the customer made at the provider."""

    type: Literal["client_credentials"]
    token_url: str
    client_id: str = "{client_id}"
    """A template over fields."""
    client_secret: str = "{client_secret}"  # noqa: S105  # a template over a secret field
    scopes: tuple[Scope, ...] = ()
    scope_separator: Literal[" ", ","] = " "
    token_request: TokenRequest = TokenRequest()
    token_answer: TokenAnswer = TokenAnswer()


class OAuth2Method(_Method):
    """The authorization code grant (RFC 6749, 4.1) with a client that the host made at the provider."""

    type: Literal["oauth2"]
    authorize_url: str
    token_url: str
    scopes: tuple[Scope, ...] = ()
    """Asked for unless the host names others."""
    scope_separator: Literal[" ", ","] = " "
    scope_param: ParamName = "scope"
    authorize_params: dict[str, str] = pydantic.Field(default_factory=dict)
    """Added to the authorization request, such as `access_type = "offline"`. Templates over plain fields."""
    pkce: bool = True
    """PKCE with S256 (RFC 7636). False only where the provider refuses it; say why in a comment."""
    issuer: HttpsUrl | None = None
    """The provider's issuer identifier, where it has one."""
    authorization_response_iss_parameter_supported: bool = False
    """Whether callbacks carry `iss` (RFC 9207); then it must be there and equal `issuer`."""
    response_mode: Literal["query", "form_post"] = "query"
    token_request: TokenRequest = TokenRequest()
    token_answer: TokenAnswer = TokenAnswer()
    refresh: Refresh | Literal[False] = Refresh()
    """False: access tokens of this provider cannot be renewed."""
    register_url: HttpsUrl | None = None
    """The page where the host registers its client."""


Method = Annotated[
    ApiKeyMethod | BasicMethod | CustomMethod | ClientCredentialsMethod | OAuth2Method,
    pydantic.Field(discriminator="type"),
]
