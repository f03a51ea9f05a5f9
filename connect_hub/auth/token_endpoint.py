"""The token endpoint (RFC 6749, 3.2): its request and its answer, without input or output."""

import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice

from connect_hub.auth.calls import Call, Unreached, client_basic, write_body
from connect_hub.auth.reading import json_document, said, text_at, value_at
from connect_hub.connectors.formats import matches
from connect_hub.connectors.methods import TokenAnswer, TokenRequest, TokenVariable
from connect_hub.connectors.templates import AddressRules
from connect_hub.net import Answer
from connect_hub.secret import Secret

__all__ = ["NOT_UNDERSTOOD", "UNAVAILABLE", "Grant", "Refusal", "read_token_answer", "token_call"]

log = logging.getLogger("connect_hub.auth")

UNAVAILABLE = "(unavailable)"
"""The endpoint was not reached, or answered 429 or 5xx."""
NOT_UNDERSTOOD = "(not understood)"
"""The endpoint's answer is not what RFC 6749 or the definition says."""
_TEN_YEARS = 10 * 365 * 86400
_CODE = re.compile(r"[A-Za-z0-9_.:-]{1,100}")
_TOKEN = re.compile(r"[!-~]{1,16384}")
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,256}")  # RFC 6749, 3.3
_MOST_SCOPES = 200
_LONGEST_VARIABLE = 2000


@dataclass(frozen=True, slots=True)
class Grant:
    """What the endpoint gave."""

    access_token: Secret
    refresh_token: Secret | None
    id_token: Secret | None
    lifetime: timedelta | None
    """None: it does not run out, or nobody knows when."""
    scopes: tuple[str, ...] | None
    """None: the answer does not say; then they are those asked for (RFC 6749, 5.1)."""
    variables: Mapping[str, str] = field(default_factory=dict)

    def expires_at(self, asked_at: datetime) -> datetime | None:
        """When the access token runs out, if it was asked for at `asked_at`."""
        return None if self.lifetime is None else asked_at + self.lifetime


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why there is no grant."""

    code: str
    """An error code of RFC 6749, 5.2, or the provider's own; where it gave none, UNAVAILABLE or
    NOT_UNDERSTOOD."""
    said: str | None = None
    """The provider's own sentence; untrusted."""
    unreached: str | None = None
    """`Unreached.reason`, where there was no answer at all."""
    unwanted: Mapping[str, Secret] = field(default_factory=dict)
    """The tokens of an answer that cannot be used for another reason, by name: to be revoked."""


def token_call(
    url: str,
    request: TokenRequest,
    params: Mapping[str, str],
    *,
    client_id: str,
    client_secret: Secret | None,
    headers: Mapping[str, str],
) -> Call:
    """The request for a token. Everything secret is in the body or in a Basic header."""
    body = dict(params)
    sent = {"Accept": "application/json", **headers}
    if client_secret is not None and request.client_auth == "basic":
        sent["Authorization"] = client_basic(client_id, client_secret.reveal())
    else:
        body["client_id"] = client_id
        if client_secret is not None and request.client_auth == "post":
            body["client_secret"] = client_secret.reveal()
    content_type, content = write_body(request.format, body)
    return Call("POST", url, {**sent, **content_type}, content)


def read_token_answer(
    definition: TokenAnswer,
    outcome: Answer | Unreached,
    rules: AddressRules,
    secrets: Mapping[str, Secret],
) -> Grant | Refusal:
    """The grant, or why there is none.

    A refusal with an RFC 6749 code comes only from a JSON object with a text at `error`, under a 4xx, or
    under a 2xx that has no access token or that `failure` marks. `secrets` are cut from what is quoted.
    """
    if isinstance(outcome, Unreached):
        code = NOT_UNDERSTOOD if outcome.reason == "too_large" else UNAVAILABLE
        return Refusal(code, unreached=outcome.reason)
    if outcome.status == 429 or outcome.status >= 500:
        return Refusal(UNAVAILABLE)
    document = json_document(outcome)
    if not isinstance(document, dict) or 300 <= outcome.status < 400:
        return Refusal(NOT_UNDERSTOOD)
    access_token = _token_at(document, definition.access_token)
    if outcome.status >= 400 or access_token is None or _failed(definition, document):
        return _refusal(definition, document, secrets)
    tokens = {"access_token": access_token, "refresh_token": _token_at(document, definition.refresh_token)}
    try:
        grant = _grant(definition, document, rules, access_token, tokens["refresh_token"])
    except Exception as error:
        # The provider has made the tokens: a fault of ours must not leave them behind. Its text may quote
        # them, so that it is not logged.
        log.error("a token answer could not be read: %s", type(error).__name__)
        grant = None
    if grant is None:
        return Refusal(NOT_UNDERSTOOD, unwanted={k: v for k, v in tokens.items() if v is not None})
    return grant


def _grant(
    definition: TokenAnswer,
    document: dict[str, object],
    rules: AddressRules,
    access_token: Secret,
    refresh_token: Secret | None,
) -> Grant | None:
    """The tokens and what comes with them; None when a variable is not what it must look like."""
    variables = _variables(definition.variables, document, rules)
    if variables is None:
        return None
    return Grant(
        access_token=access_token,
        refresh_token=refresh_token,
        id_token=None if definition.id_token is None else _token_at(document, definition.id_token),
        lifetime=_lifetime(value_at(document, definition.expires_in), definition.default_lifetime),
        scopes=_scopes(value_at(document, definition.scope)),
        variables=variables,
    )


def _failed(definition: TokenAnswer, document: dict[str, object]) -> bool:
    if definition.failure is None:
        return False
    value = value_at(document, definition.failure.path)
    if definition.failure.equals is None:
        return value is not None
    return value == definition.failure.equals


def _refusal(definition: TokenAnswer, document: dict[str, object], secrets: Mapping[str, Secret]) -> Refusal:
    code = value_at(document, definition.error)
    sentence = said(document, (definition.error_description,), secrets)
    if not isinstance(code, str) or _CODE.fullmatch(code) is None:
        return Refusal(NOT_UNDERSTOOD, sentence)
    return Refusal(definition.error_codes.get(code, code), sentence)


def _token_at(document: object, path: str) -> Secret | None:
    value = value_at(document, path)
    return Secret(value) if isinstance(value, str) and _TOKEN.fullmatch(value) else None


def _lifetime(value: object, default: int | None) -> timedelta | None:
    fallback = None if default is None else timedelta(seconds=default)
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,12}(?:\.[0-9]{1,6})?", value.strip()):
        value = float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return fallback
    # Compared as it came: a whole number of hundreds of digits cannot become a float.
    if not value > 0:  # NaN as well
        return fallback
    return timedelta(seconds=value) if value <= _TEN_YEARS else None


def _scopes(value: object) -> tuple[str, ...] | None:
    """The scopes that are what RFC 6749, 3.3, calls one, the first 200; anything else cannot be stored."""
    if isinstance(value, str):
        parts: list[object] = list(re.split(r"[ ,]+", value))
    elif isinstance(value, list):
        parts = value
    else:
        return None
    fit = (part for part in parts if isinstance(part, str) and _SCOPE.fullmatch(part))
    return tuple(islice(fit, _MOST_SCOPES))


def _variables(
    wanted: Mapping[str, TokenVariable], document: object, rules: AddressRules
) -> dict[str, str] | None:
    """The facts to keep; None when a required one is absent or any is not what it must look like."""
    found: dict[str, str] = {}
    for name, variable in wanted.items():
        text = text_at(document, variable.path)
        if text is None:
            if variable.required:
                return None
            continue
        if variable.format == "origin":
            text = text.removesuffix("/")
        if len(text) > _LONGEST_VARIABLE or not text.isprintable():
            return None
        fits = matches(
            variable.format, text, allowed_hosts=rules.allowed_hosts, allow_http=rules.allow_http
        ) and (variable.pattern is None or re.fullmatch(variable.pattern, text) is not None)
        if not fits:
            return None
        found[name] = text
    return found
