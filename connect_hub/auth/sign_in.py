"""`SignIn`: one auth method of one enabled connector, and what every engine does with it alike."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from connect_hub.auth.calls import Call, HttpSender, Unreached, basic, client_basic, send, write_body
from connect_hub.auth.probing import Blame, read_identity, read_probe
from connect_hub.auth.reading import json_document
from connect_hub.clock import Clock
from connect_hub.connectors.answers import Identity, Probe, Revoke
from connect_hub.connectors.fields import Field
from connect_hub.connectors.methods import ClientCredentialsMethod, Method, OAuth2Method
from connect_hub.connectors.registry import EnabledConnector
from connect_hub.connectors.templates import AddressRules, fill, names
from connect_hub.credentials import Credentials
from connect_hub.errors import ProviderError, RejectedCredentials
from connect_hub.models import ProviderIdentity
from connect_hub.net import Answer
from connect_hub.secret import Secret

__all__ = ["SignIn"]


@dataclass(frozen=True, slots=True)
class _Unfit:
    """A header that cannot be written, and the field that is to blame."""

    field: str | None


@dataclass(frozen=True, slots=True)
class SignIn:
    """A method of a connector, with the means to call the provider."""

    connector: EnabledConnector
    method: Method
    sender: HttpSender
    clock: Clock

    @property
    def fields(self) -> tuple[Field, ...]:
        """What the method's form asks for."""
        return self.connector.definition.fields_of(self.method)

    @property
    def address_rules(self) -> AddressRules:
        """What every address of this method, and every address in a token answer, obeys."""
        return self.connector.definition.address_rules(self.method)

    def base_url(self, credentials: Credentials) -> str:
        """Where this account's API lives. Raises WrongAddress."""
        return self.connector.definition.base_address(self.method, self.address_values(credentials))

    def request_headers(self, credentials: Credentials) -> dict[str, str]:
        """The headers of an authenticated API call.

        Raises RejectedCredentials where a value is absent, or is nothing that a header can hold.
        """
        headers = self._headers(credentials)
        if isinstance(headers, _Unfit):
            raise RejectedCredentials(field=headers.field)
        return headers

    async def probe(self, credentials: Credentials) -> ProviderIdentity | None:
        """Try the credentials, and say whose they are where the provider tells.

        Raises RejectedCredentials, MissingPermission, WrongAddress, ProviderUnavailable or CouldNotCheck,
        each with the field to look at where that is known. An identity that cannot be had is None.
        """
        probe, identity = self.method.probe, self.method.identity
        document: object = None
        if probe is not None:
            result = read_probe(
                probe, await self._ask(probe, credentials), self.blame(probe.url, credentials.secrets)
            )
            if isinstance(result, ProviderError):
                raise result
            document = result
        if identity is None:
            return None
        if identity.url is not None:
            outcome = await self._ask(identity, credentials)
            good = isinstance(outcome, Answer) and 200 <= outcome.status < 300
            document = json_document(outcome) if isinstance(outcome, Answer) and good else None
        return read_identity(identity, document, self.address_values(credentials))

    async def revoke(self, credentials: Credentials) -> bool:
        """End the grant at the provider, best effort: whether the provider said yes.

        Raises no error of the provider's or the network's.
        """
        revoke = self.method.revoke
        if revoke is None:
            return False
        try:
            call = self._revocation(revoke, credentials)
        except ProviderError:
            return False
        outcome = await send(self.sender, call)
        return isinstance(outcome, Answer) and 200 <= outcome.status < 300

    def blame(self, url: str, secrets: Mapping[str, Secret]) -> Blame:
        """Which fields to point at when a call to `url` is refused."""
        definition = self.connector.definition
        return Blame(
            host=definition.host_field(self.method, url),
            address=definition.address_field(self.method, url),
            secret=next((field.key for field in self.fields if field.secret), None),
            secrets=secrets,
        )

    def address_values(self, credentials: Credentials) -> dict[str, str]:
        """What the account's addresses are made of: its plain variables, and an OAuth method's client id."""
        values = dict(credentials.variables)
        if isinstance(self.method, OAuth2Method) and self.connector.client is not None:
            values["client_id"] = self.connector.client.client_id or ""
        return values

    def client(self, credentials: Credentials) -> tuple[str, Secret | None]:
        """The OAuth client: the host's for `oauth2`, the customer's for `client_credentials`."""
        if isinstance(self.method, ClientCredentialsMethod):
            templates = {"id": self.method.client_id, "secret": self.method.client_secret}
            typed = self.filled(templates, credentials)
            return typed["id"], Secret(typed["secret"])
        client = self.connector.client
        return ("", None) if client is None else (client.client_id or "", client.secret)

    def filled(
        self, texts: Mapping[str, str], credentials: Credentials, *, with_client: bool = False
    ) -> dict[str, str]:
        """Templates of a body filled in; an absent value is an empty text, an absent refresh token the access
        token. Never for an address."""
        values = self._values(credentials)
        if "refresh_token" not in values and "access_token" in values:
            values["refresh_token"] = values["access_token"]
        if with_client:
            client_id, client_secret = self.client(credentials)
            values |= {
                "client_id": client_id,
                "client_secret": client_secret.reveal() if client_secret is not None else "",
            }
        blank = dict.fromkeys((name for text in texts.values() for name in names(text)), "")
        return {name: fill(text, blank | values) for name, text in texts.items()}

    def _values(self, credentials: Credentials) -> dict[str, str]:
        """Every value by name, in plain text: keep it in no frame that raises."""
        optional = {field.key: "" for field in self.fields if not field.required}
        revealed = {name: secret.reveal() for name, secret in credentials.secrets.items()}
        return optional | self.address_values(credentials) | revealed

    def _headers(
        self, credentials: Credentials, more: Mapping[str, str] | None = None
    ) -> dict[str, str] | _Unfit:
        values = self._values(credentials)
        request = self.method.request
        headers = dict(self.connector.definition.headers)
        for name, text in (*request.headers.items(), *(more or {}).items()):
            absent = sorted(names(text) - values.keys())
            if absent:
                return _Unfit(self._field(absent))
            value = fill(text, values)
            if not value.isascii() or not value.isprintable():
                return _Unfit(self._field(names(text)))
            headers[name] = value
        if request.basic is not None:
            username, password = request.basic.username, request.basic.password
            absent = sorted(names(username + password) - values.keys())
            if absent:
                return _Unfit(self._field(absent))
            if ":" in fill(username, values):
                return _Unfit(self._field(names(username)))
            headers["Authorization"] = basic(fill(username, values), fill(password, values))
        return headers

    def _field(self, wanted: Collection[str]) -> str | None:
        return next((field.key for field in self.fields if field.key in wanted), None)

    async def _ask(self, call: Probe | Identity, credentials: Credentials) -> Answer | Unreached:
        """Make the call of a probe or an identity. Raises WrongAddress and RejectedCredentials."""
        assert call.url is not None  # the callers look
        url = self.connector.definition.address(self.method, call.url, self.address_values(credentials))
        headers = self._headers(credentials, call.headers)
        if isinstance(headers, _Unfit):
            raise RejectedCredentials(field=headers.field)
        body = None if call.body is None else self.filled(call.body, credentials)
        content_type, content = write_body(call.format, body)
        return await send(self.sender, Call(call.method, url, {**headers, **content_type}, content))

    def _revocation(self, revoke: Revoke, credentials: Credentials) -> Call:
        url = self.connector.definition.address(self.method, revoke.url, self.address_values(credentials))
        headers = {"Accept": "application/json"}
        if revoke.auth == "request":
            headers |= self.request_headers(credentials)
        headers |= self.filled(revoke.headers, credentials, with_client=True)
        body = None if revoke.body is None else self.filled(revoke.body, credentials, with_client=True)
        if revoke.auth.startswith("client"):
            client_id, client_secret = self.client(credentials)
            style = revoke.auth.removeprefix("client").lstrip("_") or self._client_auth()
            if style == "basic" and client_secret is not None:
                headers["Authorization"] = client_basic(client_id, client_secret.reveal())
            else:
                body = {**(body or {}), "client_id": client_id}
                if style == "post" and client_secret is not None:
                    body["client_secret"] = client_secret.reveal()
        content_type, content = write_body(revoke.format, body)
        return Call(revoke.method, url, {**headers, **content_type}, content)

    def _client_auth(self) -> str:
        method = self.method
        return (
            method.token_request.client_auth
            if isinstance(method, OAuth2Method | ClientCredentialsMethod)
            else "none"
        )
