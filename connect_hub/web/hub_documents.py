"""The JSON documents of the hub's own surface, `/hub/…`: what an embedded hub draws its page from."""

from collections.abc import Mapping

from connect_hub.connectors.fields import Field, FieldType
from connect_hub.connectors.formats import Format
from connect_hub.flows.choosing import Integration
from connect_hub.models import Account, Attempt, AttemptStatus
from connect_hub.secret import Secret
from connect_hub.web.documents import Document
from connect_hub.web.labels import method_label
from connect_hub.web.languages import Language

__all__ = ["REDACTED", "account_secrets_json", "attempt_json", "config_json", "integration_json"]

_VERSION = "1.0"
"""Of an integration; its definition has none of its own."""
REDACTED = "__secretvalue:**redacted**"
"""Begins what stands for a stored secret."""
_STATUS = {AttemptStatus.REDIRECTED: "pending", AttemptStatus.AWAITING_VERIFIER: "pending"}


def integration_json(integration: Integration, *, active: bool, logo_url: str) -> Document:
    """One entry of the list."""
    connector = integration.connector
    return {
        "integration_id": integration.id,
        "provider": connector.key,
        "name": connector.name,
        "type": str(connector.definition.categories[0]),
        "active": active,
        "version": _VERSION,
        "logo_url": logo_url,
        "authentication_config_key": integration.method.name,
        "environment": "production",
    }


def config_json(
    integration: Integration,
    others: tuple[Integration, ...],
    known: Mapping[str, str],
    language: Language,
    *,
    logo_url: str,
) -> Document:
    """The form of one way to sign in, in `language`. `known` are plain values to fill in."""
    connector, method = integration.connector, integration.method
    fields = connector.definition.fields_of(method)
    where = next((field.help_url for field in fields if field.help_url is not None), None)
    config: Document = {
        "key": integration.id,
        "name": connector.name,
        "type": "oauth2" if integration.redirects else "custom",
        "configFields": [_field_json(field, known.get(field.key), language) for field in fields],
        "configNotices": [],  # StackOne's component reads it; a definition has none
        "assets": {"icon": logo_url},
        # Ours: the other ways to sign in to the same provider, for pages that offer them.
        "methods": [
            {"integration_id": other.id, "label": method_label(other.method, language)} for other in others
        ],
    }
    if integration.redirects:
        config["grantType"] = "authorization_code"
    if where is not None:
        config["support"] = {"link": where, "description": language.text(method.description or "")}
    return config


def _field_json(field: Field, known: str | None, language: Language) -> Document:
    document: Document = {
        "key": field.key,
        "label": language.text(field.label),
        "type": field.type.value,
        "required": field.required,
        "readOnly": False,
        "secret": field.secret,
        "placeholder": language.text(field.placeholder or ""),
    }
    value = known if known is not None else field.default
    if value is not None and not field.secret:
        document["value"] = value
    if field.options:
        document["options"] = [
            {"label": language.text(option.label), "value": option.value} for option in field.options
        ]
    if field.help is not None:
        document["description"] = language.text(field.help)
    # What is cut or folded on the server first is judged there alone.
    if field.pattern is not None and _is_judged_as_typed(field):
        document["validation"] = {
            "type": "html-pattern",
            "pattern": f"^\\s*(?:{field.pattern})\\s*$",
            **({} if field.pattern_message is None else {"error": language.text(field.pattern_message)}),
        }
    return document


def _is_judged_as_typed(field: Field) -> bool:
    return (
        field.format is Format.TEXT
        and field.prefix is None
        and field.suffix is None
        and field.type in {FieldType.TEXT, FieldType.PASSWORD}
    )


def account_secrets_json(
    account: Account, integration: Integration, stored: Mapping[str, Secret]
) -> Document:
    """An account to be edited: its plain values, and of its secrets the last four characters at most."""
    return {
        "secureId": account.id,
        "provider": account.provider,
        "integrationId": integration.id,
        "version": _VERSION,
        "setupInformation": account.setup_information,
        "secrets": {name: REDACTED + secret.hint() for name, secret in stored.items()},
        "authConfigKey": integration.method.name,
        "environment": "production",
    }


def attempt_json(attempt: Attempt, language: Language) -> Document:
    """Where an attempt stands; the error is in our own words, in `language` where it has no parameters."""
    error = account = None
    if attempt.status is AttemptStatus.AUTHENTICATED and attempt.account_id is not None:
        account = {"id": attempt.account_id}
    if attempt.status is AttemptStatus.ERROR:
        description = language.text(attempt.error_description or "")
        error = {"code": attempt.error_code, "description": description}
    return {
        "id": attempt.id,
        "status": _STATUS.get(attempt.status, attempt.status.value),
        "account": account,
        "error": error,
    }
