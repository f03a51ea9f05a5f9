"""How a connector reads what its provider answers: the probe, the identity, the revocation."""

import re
from enum import StrEnum
from typing import Annotated, Literal, Self

import pydantic
from pydantic import AfterValidator, StringConstraints, model_validator

from connect_hub.connectors.fields import Definition, Key

__all__ = ["Answer", "Identity", "JsonPath", "Meaning", "Probe", "Revoke", "Verb", "When"]

_PATH = r"^[A-Za-z0-9_@:$-]+(?:\.[A-Za-z0-9_@:$-]+)*$"
JsonPath = Annotated[str, StringConstraints(pattern=_PATH, max_length=200)]
"""Where a value stands in a JSON answer: names and list positions joined by dots, `data.0.id`."""


def _path_or_template(value: str) -> str:
    if "{" not in value and "}" not in value and re.match(_PATH, value) is None:
        raise ValueError(f"{value!r} is no path such as user.id, nor a template such as {{team_id}}")
    return value


PathOrTemplate = Annotated[str, StringConstraints(max_length=500), AfterValidator(_path_or_template)]
Verb = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
Status = Annotated[int, pydantic.Field(ge=100, le=599)]


class Meaning(StrEnum):
    """What a provider's answer to the probe says about the credentials."""

    OK = "ok"
    REJECTED_CREDENTIALS = "rejected_credentials"
    MISSING_PERMISSION = "missing_permission"
    WRONG_ADDRESS = "wrong_address"
    UNAVAILABLE = "unavailable"
    COULD_NOT_CHECK = "could_not_check"


class When(Definition):
    """A condition on a JSON answer; with neither `equals` nor `one_of`: that there is such a value."""

    path: JsonPath
    equals: bool | int | str | None = None
    one_of: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _one_test(self) -> Self:
        if self.equals is not None and self.one_of:
            raise ValueError("use `equals` or `one_of`, not both")
        return self


class Answer(Definition):
    """One rule: an answer with one of these statuses, and that satisfies `when`, means `means`."""

    means: Meaning
    status: tuple[Status, ...] = ()
    """HTTP statuses; none given: any status."""
    when: When | None = None
    field: Key | None = None
    """The form field to point at."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.status and self.when is None:
            raise ValueError("give `status`, `when` or both, so that the rule does not match everything")
        return self


class Probe(Definition):
    """The cheapest call that shows whether credentials work; made before anything is stored.

    The first of `answers` that fits decides. Then: 2xx with JSON is ok; 401 is rejected_credentials; 403
    missing_permission; 404 wrong_address where a form field is part of the host or the address, else
    could_not_check; 429 and 5xx unavailable; everything else, redirects and HTML included, could_not_check.
    """

    url: str
    """Absolute, or beginning with `/` and then put behind base_url. No secrets."""
    method: Verb = "GET"
    headers: dict[str, str] = pydantic.Field(default_factory=dict)
    """Added to those of `request`. Templates over fields and tokens."""
    body: dict[str, str] | None = None
    """Sent as JSON when given. Values are templates over fields and tokens."""
    format: Literal["json", "form"] = "json"
    """How `body` is written."""
    expect_json: bool = True
    """False: a 2xx need not be JSON."""
    answers: tuple[Answer, ...] = ()
    message: tuple[JsonPath, ...] = ()
    """Where the provider's own sentence stands in a refusal; none given: the usual places."""


class Identity(Definition):
    """Who the account is at the provider. Each value is a path into the answer (`user.id`), or a template
    over fields and token variables when it has a brace (`{team_id}`)."""

    id: PathOrTemplate
    name: PathOrTemplate | None = None
    email: PathOrTemplate | None = None
    url: str | None = None
    """A call of its own; None: the values are taken from the probe's answer."""
    method: Verb = "GET"
    headers: dict[str, str] = pydantic.Field(default_factory=dict)
    body: dict[str, str] | None = None
    format: Literal["json", "form"] = "json"


class Revoke(Definition):
    """The call that ends a grant at the provider; best effort. RFC 7009 is
    `body = {token = "{refresh_token}"}` with `auth = "client"`."""

    url: str
    method: Verb = "POST"
    auth: Literal["client", "client_basic", "client_post", "request", "none"] = "client"
    """`client`: the OAuth client, sent as `token_request.client_auth` says; `client_basic` and `client_post`
    say it for this call alone. `request`: with the headers that API calls carry."""
    body: dict[str, str] | None = None
    """Templates over fields, tokens, client_id and client_secret. Where there is no refresh token,
    `{refresh_token}` is the access token."""
    format: Literal["form", "json"] = "form"
    headers: dict[str, str] = pydantic.Field(default_factory=dict)
