"""What the answer to a probe says: whether the credentials work, and whose they are. No input or output."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from connect_hub.auth.calls import Unreached
from connect_hub.auth.reading import holds, json_document, said, text_at
from connect_hub.connectors.answers import Answer as Rule
from connect_hub.connectors.answers import Identity, Meaning, Probe
from connect_hub.connectors.templates import fill, names
from connect_hub.errors import (
    CouldNotCheck,
    MissingPermission,
    ProviderError,
    ProviderUnavailable,
    RejectedCredentials,
    WrongAddress,
)
from connect_hub.models import ProviderIdentity
from connect_hub.net import Answer
from connect_hub.secret import Secret

__all__ = ["Blame", "read_identity", "read_probe", "unreached_error"]

_ERRORS: Mapping[Meaning, type[ProviderError]] = {
    Meaning.REJECTED_CREDENTIALS: RejectedCredentials,
    Meaning.MISSING_PERMISSION: MissingPermission,
    Meaning.WRONG_ADDRESS: WrongAddress,
    Meaning.UNAVAILABLE: ProviderUnavailable,
    Meaning.COULD_NOT_CHECK: CouldNotCheck,
}


@dataclass(frozen=True, slots=True)
class Blame:
    """Which form field to point at, for each kind of refusal; None where no field decides it."""

    host: str | None = None
    """The field that decides which host is called."""
    address: str | None = None
    """The field that stands in the address, in the host or behind it."""
    secret: str | None = None
    """The secret field."""
    secrets: Mapping[str, Secret] = field(default_factory=dict)
    """What is cut from the provider's words."""


def read_probe(
    probe: Probe, outcome: Answer | Unreached, blame: Blame
) -> ProviderError | dict[str, object] | list[object]:
    """The JSON of a good answer (empty where there is none), or the error to raise: see `Probe`."""
    if isinstance(outcome, Unreached):
        return unreached_error(outcome.reason, blame.host)
    document = json_document(outcome)
    rule = next((rule for rule in probe.answers if _fits(rule, outcome.status, document)), None)
    meaning = _meaning(outcome.status, probe, document, blame) if rule is None else rule.means
    if meaning is Meaning.OK:
        return {} if document is None else document
    at_fault = {
        Meaning.REJECTED_CREDENTIALS: blame.secret,
        Meaning.MISSING_PERMISSION: blame.secret,
        Meaning.WRONG_ADDRESS: blame.address,
    }.get(meaning)
    return _ERRORS[meaning](
        field=at_fault if rule is None or rule.field is None else rule.field,
        provider_message=said(document, probe.message, blame.secrets),
    )


def unreached_error(reason: str, host_field: str | None) -> ProviderError:
    """What it means that the provider was not reached.

    A host that a form field decides, and that does not exist, has another's certificate or may not be called,
    is a wrong address; for any other host these are the provider's trouble, or the network's.
    """
    if reason == "too_large":
        return CouldNotCheck()
    if host_field is not None and reason in ("dns", "tls", "refused"):
        return WrongAddress(field=host_field)
    return CouldNotCheck() if reason == "refused" else ProviderUnavailable()


def _fits(rule: Rule, status: int, document: object) -> bool:
    if rule.status and status not in rule.status:
        return False
    return rule.when is None or (document is not None and holds(rule.when, document))


def _meaning(status: int, probe: Probe, document: object, blame: Blame) -> Meaning:
    if 200 <= status < 300:
        readable = document is not None or not probe.expect_json
        return Meaning.OK if readable else Meaning.COULD_NOT_CHECK
    if status == 429 or status >= 500:
        return Meaning.UNAVAILABLE
    if status == 404 and blame.address is not None:
        return Meaning.WRONG_ADDRESS
    return {401: Meaning.REJECTED_CREDENTIALS, 403: Meaning.MISSING_PERMISSION}.get(
        status, Meaning.COULD_NOT_CHECK
    )


def read_identity(
    identity: Identity, document: object, variables: Mapping[str, str]
) -> ProviderIdentity | None:
    """Who the account is, from a JSON answer and the account's variables; None without an id."""
    found = _value(identity.id, document, variables)
    if found is None:
        return None
    return ProviderIdentity(
        id=found,
        name=_value(identity.name, document, variables),
        email=_value(identity.email, document, variables),
    )


def _value(source: str | None, document: object, variables: Mapping[str, str]) -> str | None:
    if source is None:
        return None
    if "{" not in source:
        text = text_at(document, source)
    elif names(source) <= variables.keys():
        text = fill(source, variables)
    else:
        text = None
    if text is None:
        return None
    text = "".join(char for char in text if char.isprintable()).strip()[:255]
    return text or None
