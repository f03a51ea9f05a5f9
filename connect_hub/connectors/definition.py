"""`Connector`: the definition of a provider. How to sign in to it, where its API lives, how to test it.

A definition is data: one TOML file a provider, or these models in Python. It is checked as a whole when it is
made; whatever could send a secret to the wrong place is refused then. Version 1 of the language: keys may be
added to it, an unknown key is an error.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal, Self

import pydantic
from pydantic import (
    AfterValidator,
    ModelWrapValidatorHandler,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from connect_hub.connectors.answers import Answer, Identity, Meaning, Probe, Revoke, When
from connect_hub.connectors.fields import Definition, Field, FieldType, HttpsUrl, Option, Slug, Text
from connect_hub.connectors.formats import Format, matches
from connect_hub.connectors.methods import (
    ApiKeyMethod,
    BasicAuth,
    BasicMethod,
    ClientCredentialsMethod,
    CustomMethod,
    Failure,
    Method,
    OAuth2Method,
    Refresh,
    RequestAuth,
    TokenAnswer,
    TokenRequest,
    TokenVariable,
)
from connect_hub.connectors.refusals import refusals
from connect_hub.connectors.rules import Scope, header_problems, method_problems
from connect_hub.connectors.templates import AddressRules, UrlTemplate, names
from connect_hub.errors import ConfigurationError
from connect_hub.models import Category

__all__ = [
    "Answer",
    "ApiKeyMethod",
    "BasicAuth",
    "BasicMethod",
    "ClientCredentialsMethod",
    "Connector",
    "CustomMethod",
    "Failure",
    "Field",
    "FieldType",
    "Format",
    "Identity",
    "Meaning",
    "Method",
    "OAuth2Method",
    "Option",
    "Probe",
    "Refresh",
    "RequestAuth",
    "Revoke",
    "TokenAnswer",
    "TokenRequest",
    "TokenVariable",
    "Trigger",
    "When",
]


def _allowed_host(entry: str) -> str:
    if re.fullmatch(r"127\.0\.0\.1|localhost", entry):
        return entry
    if not matches(Format.HOST, entry.removeprefix("."), allowed_hosts=(entry.removeprefix("."),)):
        raise ValueError("write `.example.com` for every subdomain, `example.com` for that host alone")
    return entry


def _header_name(name: str) -> str:
    is_of_others = name.lower() in {"authorization", "forwarded"} or name.lower().startswith("x-forwarded-")
    if is_of_others or next(header_problems("headers", {name: ""}, set()), None) is not None:
        raise ValueError(f"{name!r} is not a header field that a provider sends of its own")
    return name


HeaderName = Annotated[str, AfterValidator(_header_name)]
AllowedHost = Annotated[str, AfterValidator(_allowed_host)]


class Trigger(Definition):
    """The provider's own webhooks, where they are pointed at an account's trigger."""

    headers: tuple[HeaderName, ...] = pydantic.Field(default=(), max_length=20)
    """Header fields that the host is given, such as the provider's signature, besides Content-Type. No other
    is kept."""
    docs: tuple[HttpsUrl, ...] = ()
    """The provider's own pages that the facts are from."""


class Connector(Definition):
    """One provider and the ways to sign in to it."""

    version: Literal[1]
    """Of this language."""
    key: Slug
    """Its name in configuration, addresses and the wire contract, such as `zendesk`."""
    name: Annotated[str, StringConstraints(min_length=1, max_length=80)]
    """The product's full name, as its maker writes it."""
    aliases: tuple[Text, ...] = ()
    """Other names that people search for."""
    categories: tuple[Category, ...] = pydantic.Field(min_length=1)
    """The first one is what the wire contract calls its type."""
    description: Text | None = None
    """One sentence that says what the product is."""
    website: HttpsUrl | None = None
    docs: tuple[HttpsUrl, ...] = ()
    """The provider's own pages that the facts are from."""
    logo: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+\.(svg|png)$")] | None = None
    """The file name of its logo: see `connectors.logos`. None: a monogram."""
    base_url: str
    """Where the API lives; relative addresses are put behind it. A template: a variable in the host is one
    whole DNS label, and the rest must be covered by `allowed_hosts`."""
    allowed_hosts: tuple[AllowedHost, ...] = ()
    """Where addresses whose host has a variable may lead: `.example.com` is any subdomain."""
    allow_http: bool = False
    """For test connectors on loopback alone. The outbound policy has to allow it as well."""
    headers: dict[str, str] = pydantic.Field(default_factory=dict)
    """Sent with every API call, whatever the method, such as `Accept` or a version. No templates."""
    fields: tuple[Field, ...] = ()
    """Asked first, whatever the method."""
    trigger: Trigger = Trigger()
    """What of the provider's own webhooks the host is given."""
    methods: tuple[Method, ...] = pydantic.Field(min_length=1)
    """The ways to sign in; the first is the recommended one unless another says so."""

    _home: Path | None = pydantic.PrivateAttr(default=None)

    @property
    def home(self) -> Path | None:
        """The folder of the host's file that it was read from; None: it was not."""
        return self._home

    def read_in(self, folder: Path) -> Self:
        """The same, to be known as read from a file in `folder`."""
        same = self.model_copy()
        same._home = folder
        return same

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        keys = [method.name for method in self.methods]
        problems = [f"methods: two have the key {key!r}: give one a `key`" for key in _repeated(keys)]
        if sum(method.recommended for method in self.methods) > 1:
            problems.append("methods: only one can be recommended")
        problems += header_problems("headers", self.headers, set())
        if any(name.lower() == "authorization" for name in self.headers):
            problems.append("headers.Authorization: put it into the method's `request`")
        for method in self.methods:
            problems += [
                f"methods.{method.name}.{text}" for text in method_problems(method, self._scope(method))
            ]
        if problems:
            raise ValueError("\n".join(problems))
        return self

    # The last of the validators, which is around the others.
    @model_validator(mode="wrap")
    @classmethod
    def _in_words(cls, given: object, handler: ModelWrapValidatorHandler[Self], info: ValidationInfo) -> Self:
        """Raise ConfigurationError, with one line a problem: where it was read or made, place, what to do."""
        try:
            return handler(given)
        except ValidationError as error:
            source = "Connector" if info.context is None else info.context["source"]
            raise ConfigurationError("\n".join(f"{source}: {line}" for line in refusals(error))) from None

    @property
    def recommended(self) -> Method:
        """The method to offer first."""
        return next((method for method in self.methods if method.recommended), self.methods[0])

    def method(self, key: str) -> Method:
        """The method called `key`. Raises KeyError."""
        for method in self.methods:
            if method.name == key:
                return method
        raise KeyError(key)

    def fields_of(self, method: Method) -> tuple[Field, ...]:
        """What the form of `method` asks for, in order."""
        return self.fields + method.fields

    def address(self, method: Method, template: str, variables: Mapping[str, str]) -> str:
        """`template` (absolute, or relative to the method's base URL) rendered for an account's variables.

        The host is covered by `allowed_hosts` or written in the definition, whatever the values. Raises
        WrongAddress, with the field to look at.
        """
        base = UrlTemplate.parse(self._scope(method).base_url)
        return UrlTemplate.parse(template).on(base).render(variables, self.address_rules(method))

    def address_rules(self, method: Method) -> AddressRules:
        """What every address of `method` obeys."""
        scope = self._scope(method)
        return scope.rules(scope.known_variables(method))

    def base_address(self, method: Method, variables: Mapping[str, str]) -> str:
        """The base URL for an account's variables. Raises WrongAddress."""
        return self.address(method, self._scope(method).base_url, variables)

    def host_field(self, method: Method, template: str) -> str | None:
        """The form field that decides which host `template` leads to, or None when none does."""
        url = UrlTemplate.parse(template).on(UrlTemplate.parse(self._scope(method).base_url))
        found = names(url.host)
        return next((field.key for field in self.fields_of(method) if field.key in found), None)

    def address_field(self, method: Method, template: str) -> str | None:
        """The first form field that stands anywhere in `template`'s address, its host first."""
        url = UrlTemplate.parse(template).on(UrlTemplate.parse(self._scope(method).base_url))
        found = names(url.text)
        in_host = self.host_field(method, template)
        return in_host or next((field.key for field in self.fields_of(method) if field.key in found), None)

    def _scope(self, method: Method) -> Scope:
        base_url = self.base_url if method.base_url is None else method.base_url
        return Scope(self.fields_of(method), base_url, self.allowed_hosts, self.allow_http)


def _repeated(keys: list[str]) -> list[str]:
    return sorted({key for key in keys if keys.count(key) > 1})
