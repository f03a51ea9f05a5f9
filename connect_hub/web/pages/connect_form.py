"""The form of one provider, as its page shows it."""

from collections.abc import Mapping
from typing import Literal

from connect_hub.connectors.fields import Field, FieldType
from connect_hub.connectors.methods import Method, OAuth2Method
from connect_hub.errors import ProviderError
from connect_hub.flows.choosing import ConnectForm
from connect_hub.flows.connecting import Rejected, shown_identity
from connect_hub.flows.typed import Typed
from connect_hub.secret import Secret
from connect_hub.web import contexts
from connect_hub.web.labels import method_label
from connect_hub.web.languages import Language
from connect_hub.web.untrusted import Untrusted
from connect_hub.web.urls import with_query

__all__ = ["FORM_FIELD", "Sent", "connect_page"]

FORM_FIELD = "f."
"""Prefix of a connector's own fields in a form, so that none can pass for one of ours."""

_KINDS: dict[FieldType, Literal["text", "password", "number", "select", "text_area"]] = {
    FieldType.TEXT: "text",
    FieldType.PASSWORD: "password",
    FieldType.NUMBER: "number",
    FieldType.SELECT: "select",
    FieldType.TEXT_AREA: "text_area",
}


class Sent:
    """A form of a visit as it was sent: fields of ours by name, and a connector's own as `Typed`."""

    __slots__ = ("_fields",)

    def __init__(self, fields: Mapping[str, str]) -> None:
        self._fields = dict(fields)

    def get(self, name: str) -> str:
        """A field of ours; empty where it was not sent."""
        return self._fields.get(name, "")

    def typed(self) -> Typed:
        """The values of the connector's own fields, by their keys."""
        own = self._fields.items()
        return Typed({k.removeprefix(FORM_FIELD): v for k, v in own if k.startswith(FORM_FIELD)})


def connect_page(
    provider: contexts.ProviderView,
    form: ConnectForm,
    language: Language,
    *,
    action: str,
    back_url: str | None,
    exit_url: str,
    typed: Mapping[str, str] | None = None,
    rejected: Rejected | None = None,
    failed: str | None = None,
    framed: bool = False,
) -> contexts.Connect:
    """The page in `language`. `typed` is kept in the fields; `rejected` or `failed` say why it is shown
    again. `framed`: in a frame, from which a sign-in at the provider opens a window."""
    errors = {e.field: language.text(e.message) for e in rejected.errors} if rejected is not None else {}
    alert = None
    error = rejected.error if rejected is not None else None
    if failed is not None:
        alert = contexts.AlertView(text=language.text(failed))
    elif error is not None:
        words = error.provider_message if isinstance(error, ProviderError) else None
        alert = contexts.AlertView(
            text=language.text(error.message),
            provider_words=None if words is None else Untrusted(words, limit=200),
        )
        if isinstance(error, ProviderError) and error.field is not None:
            errors.setdefault(error.field, language.text(error.message))
    shown = {field.key for field in form.connector.definition.fields_of(form.method)}
    elsewhere = [message for key, message in errors.items() if key not in shown]
    if alert is None and elsewhere:
        # Of a field that this form does not have: there is no other place to say so.
        alert = contexts.AlertView(text=elsewhere[0])
    account = form.account
    identity = None if account is None else account.identity
    redirects = isinstance(form.method, OAuth2Method)
    return contexts.Connect(
        provider=provider,
        form=contexts.Form(
            action,
            (("attempt", form.attempt_id), ("nonce", form.nonce), ("method", form.method.name)),
        ),
        fields=tuple(
            _field_view(field, form, language, typed, errors.get(field.key))
            for field in form.connector.definition.fields_of(form.method)
        ),
        redirects=redirects,
        window=framed and redirects,
        editing=account is not None,
        account_name=None if identity is None else Untrusted(shown_identity(identity)),
        other_methods=tuple(
            _method_view(other, form, language, action)
            for other in form.connector.methods
            if other is not form.method
        ),
        alert=alert,
        back_url=back_url,
        exit_url=exit_url,
    )


def _method_view(method: Method, form: ConnectForm, language: Language, action: str) -> contexts.MethodView:
    return contexts.MethodView(
        label=method_label(method, language),
        url=with_query(action, method=method.name),
        recommended=method is form.connector.methods[0],
    )


def _field_view(
    field: Field, form: ConnectForm, language: Language, typed: Mapping[str, str] | None, error: str | None
) -> contexts.FieldView:
    known = form.variables.get(field.key, field.default or "")
    value = known if typed is None else typed.get(field.key, known)
    stored = form.stored.get(field.key)
    return contexts.FieldView(
        name=FORM_FIELD + field.key,
        label=language.text(field.label),
        kind=_KINDS[field.type],
        secret=field.secret,
        required=field.required,
        value="" if field.secret else value,
        secret_value=Secret(value) if field.secret and value else None,
        stored=stored is not None,
        stored_hint="" if stored is None else stored.hint(),
        placeholder=language.text(field.placeholder or ""),
        help=language.text(field.help or ""),
        help_url=field.help_url,
        prefix=field.prefix or "",
        suffix=field.suffix or "",
        pattern=field.pattern,
        pattern_message=language.text(field.pattern_message or ""),
        options=tuple(contexts.OptionView(o.value, language.text(o.label)) for o in field.options),
        error=error,
    )
