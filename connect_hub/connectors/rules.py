"""The rules that tie the parts of a definition together; each problem says where it is and what to change."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from connect_hub.connectors.fields import Field
from connect_hub.connectors.formats import Format, matches
from connect_hub.connectors.methods import ClientCredentialsMethod, Method, OAuth2Method
from connect_hub.connectors.templates import AddressRules, TemplateError, UrlTemplate, Variable, names

__all__ = ["CLIENT_ID", "TOKENS", "Scope", "header_problems", "method_problems"]

TOKENS = ("access_token", "refresh_token", "id_token")
CLIENT_ID = Variable("client_id", pattern="[!-~]{1,500}")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_RESERVED_HEADERS = {
    "accept-encoding", "connection", "content-encoding", "content-length", "cookie", "expect", "host",
    "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade",
}  # fmt: skip  # one a line would be twelve lines of nothing


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a method's templates live: its fields, and what the connector allows."""

    fields: Sequence[Field]
    base_url: str
    allowed_hosts: Sequence[str]
    allow_http: bool

    def rules(self, variables: Iterable[Variable]) -> AddressRules:
        return AddressRules({v.name: v for v in variables}, self.allowed_hosts, self.allow_http)

    def field_variables(self) -> list[Variable]:
        return [
            Variable(f.key, f.format, f.pattern, f.choices, f.secret, not f.required and f.default is None)
            for f in self.fields
        ]

    def known_variables(self, method: Method) -> list[Variable]:
        """Fields, facts of the token answer, OAuth client ids: what an account's addresses use."""
        variables = self.field_variables()
        if isinstance(method, OAuth2Method | ClientCredentialsMethod):
            facts = method.token_answer.variables
            variables += [
                Variable(name, fact.format, fact.pattern, optional=not fact.required)
                for name, fact in facts.items()
            ]
        if isinstance(method, OAuth2Method):
            variables.append(CLIENT_ID)
        return variables


def method_problems(method: Method, scope: Scope) -> Iterator[str]:
    """Everything wrong with one method of a connector."""
    yield from _field_problems(method, scope)
    plain = scope.field_variables()
    known = scope.known_variables(method)
    addresses = scope.rules(known)
    yield from _address("base_url", scope.base_url, addresses, query=False, relative=False)
    base = scope.base_url
    for part, url in (
        ("probe.url", method.probe.url if method.probe else None),
        ("identity.url", method.identity.url if method.identity else None),
        ("revoke.url", method.revoke.url if method.revoke else None),
    ):
        if url is not None:
            yield from _address(part, url, addresses, base=base)
    everything = {v.name for v in known}
    if isinstance(method, OAuth2Method | ClientCredentialsMethod):
        everything |= set(TOKENS)
        yield from _address("token_url", method.token_url, scope.rules(plain), relative=False)
    yield from _request_problems(method, everything)
    if isinstance(method, OAuth2Method):
        yield from _oauth2_problems(method, scope, plain, addresses, everything)
    elif isinstance(method, ClientCredentialsMethod):
        yield from _client_credentials_problems(method, scope)
    if method.identity is not None and method.identity.url is None and method.probe is None:
        values = (method.identity.id, method.identity.name, method.identity.email)
        if any(value is not None and "{" not in value for value in values):
            yield "identity: without `url` the values are read from the probe's answer: add a probe or a url"


def _field_problems(method: Method, scope: Scope) -> Iterator[str]:
    seen: set[str] = set()
    reserved = {*TOKENS} if isinstance(method, OAuth2Method | ClientCredentialsMethod) else set()
    if isinstance(method, OAuth2Method):
        reserved |= {"client_id", "client_secret"}
    if isinstance(method, OAuth2Method | ClientCredentialsMethod):
        for name in method.token_answer.variables:
            if name in reserved:
                yield f"token_answer.variables.{name}: this name is taken by the token itself: choose another"
            seen.add(name)
    for field in scope.fields:
        where = f"fields.{field.key}"
        if field.key in seen:
            yield f"{where}: there are two of this key (or a token variable of it): rename one"
        if field.key in reserved:
            yield f"{where}: this name is taken by the token or the OAuth client: choose another"
        seen.add(field.key)
        if field.format is Format.ORIGIN:
            yield f'{where}: `format = "origin"` is for token variables; use `host`'
        if field.format is Format.HOST and not scope.allowed_hosts:
            yield f'{where}: `format = "host"` needs `allowed_hosts` on the connector'
        hosts = scope.allowed_hosts
        for value in (*field.choices, *([field.default] if field.default is not None else [])):
            if not matches(field.format, value, allowed_hosts=hosts, allow_http=scope.allow_http) or (
                field.pattern is not None and re.fullmatch(field.pattern, value) is None
            ):
                yield f"{where}: {value!r} does not fit the field's own format or pattern"
    if not isinstance(method, OAuth2Method) and not any(f.secret for f in scope.fields):
        yield "fields: none is secret; a method without OAuth needs the secret it signs in with"


def _request_problems(method: Method, everything: set[str]) -> Iterator[str]:
    yield from header_problems("request.headers", method.request.headers, everything)
    if method.request.basic is not None:
        basic = method.request.basic
        yield from _texts("request.basic", (basic.username, basic.password), everything)
        if any(name.lower() == "authorization" for name in method.request.headers):
            yield "request: `basic` and an Authorization header exclude each other"
    if not method.request.headers and method.request.basic is None:
        yield "request: say how calls are authenticated: `headers` or `basic`"
    for part, call in (("probe", method.probe), ("identity", method.identity)):
        if call is not None:
            yield from header_problems(f"{part}.headers", call.headers, everything)
            yield from _texts(f"{part}.body", (call.body or {}).values(), everything)
            if call.method == "GET" and call.body is not None:
                yield f"{part}.body: a GET has no body"
    if method.identity is not None:
        texts = (method.identity.id, method.identity.name or "", method.identity.email or "")
        yield from _texts("identity", texts, everything - set(TOKENS))
    fields = {field.key for field in method.fields}
    for index, rule in enumerate(method.probe.answers if method.probe else ()):
        if rule.field is not None and rule.field not in everything | fields:
            yield f"probe.answers.{index}.field: there is no field {rule.field!r}"
    if method.revoke is not None:
        names_here = everything | {"client_id", "client_secret"} if _has_client(method) else everything
        yield from header_problems("revoke.headers", method.revoke.headers, names_here)
        yield from _texts("revoke.body", (method.revoke.body or {}).values(), names_here)
        if method.revoke.auth.startswith("client") and not _has_client(method):
            yield 'revoke.auth: there is no OAuth client here: use "request" or "none"'


def _oauth2_problems(
    method: OAuth2Method, scope: Scope, plain: list[Variable], addresses: AddressRules, everything: set[str]
) -> Iterator[str]:
    yield from _address("authorize_url", method.authorize_url, scope.rules(plain), relative=False)
    public = {v.name for v in plain if not v.secret} | {"client_id"}
    own = {"response_type", "client_id", "redirect_uri", "state", "code_challenge", "code_challenge_method"}
    for name, text in method.authorize_params.items():
        yield from _texts(f"authorize_params.{name}", (text,), public, "a field that is not secret")
        if name in own | {method.scope_param}:
            yield f"authorize_params.{name}: the hub sets this parameter itself: remove it"
    field_names = {v.name for v in plain} | {"client_id", "client_secret"}
    yield from header_problems("token_request.headers", method.token_request.headers, field_names)
    yield from _texts("token_request.params", method.token_request.params.values(), field_names)
    if method.refresh:
        yield from _texts("refresh.params", method.refresh.params.values(), everything | field_names)
        if method.refresh.url is not None:
            yield from _address("refresh.url", method.refresh.url, addresses, relative=False)
    if method.authorization_response_iss_parameter_supported and method.issuer is None:
        yield "issuer: authorization_response_iss_parameter_supported needs it"


def _client_credentials_problems(method: ClientCredentialsMethod, scope: Scope) -> Iterator[str]:
    fields = {field.key for field in scope.fields}
    secrets = {field.key for field in scope.fields if field.secret}
    yield from _texts("client_id", (method.client_id,), fields)
    yield from _texts("client_secret", (method.client_secret,), fields)
    if not names(method.client_secret) & secrets:
        yield "client_secret: it must come from a secret field"
    yield from header_problems("token_request.headers", method.token_request.headers, fields)
    yield from _texts("token_request.params", method.token_request.params.values(), fields)


def _has_client(method: Method) -> bool:
    return isinstance(method, OAuth2Method | ClientCredentialsMethod)


def _address(
    where: str,
    text: str,
    rules: AddressRules,
    *,
    base: str | None = None,
    query: bool = True,
    relative: bool = True,
) -> Iterator[str]:
    try:
        url = UrlTemplate.parse(text)
        if base is not None and url.is_relative:
            url = url.on(UrlTemplate.parse(base))
        url.check(rules)
    except TemplateError as error:
        yield f"{where}: {error}"
        return
    if url.is_relative and not relative:
        yield f"{where}: write the whole address, beginning with https://"
    if url.query and not query:
        yield f"{where}: it cannot have a query, as paths are put behind it"


def header_problems(where: str, headers: Mapping[str, str], known: set[str]) -> Iterator[str]:
    """Everything wrong with headers whose values may name what is `known`."""
    for name, text in headers.items():
        if _HEADER.fullmatch(name) is None or name.lower() in _RESERVED_HEADERS:
            yield f"{where}: {name!r} cannot be set by a connector"
        if not text.isprintable() or not text.isascii():
            yield f"{where}.{name}: header values are printable ASCII"
        yield from _texts(f"{where}.{name}", (text,), known)


def _texts(
    where: str, texts: Iterable[str], known: set[str], kind: str = "a field or token variable"
) -> Iterator[str]:
    for text in texts:
        try:
            unknown = names(text) - known
        except TemplateError as error:
            yield f"{where}: {error}"
            continue
        for name in sorted(unknown):
            yield f"{where}: {{{name}}} is not {kind}; known are: {', '.join(sorted(known)) or 'none'}"
