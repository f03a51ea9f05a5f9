"""`read_values`: what a person typed into a form, trimmed, cut, checked and split from its secrets."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as attribute
from typing import TYPE_CHECKING

from connect_hub.connectors.formats import Format, matches
from connect_hub.errors import FieldError, ValidationFailed
from connect_hub.message import Message
from connect_hub.secret import Secret

if TYPE_CHECKING:  # the models are imported when a definition is read
    from connect_hub.connectors.fields import Field

__all__ = ["FieldValues", "read_values"]

_NAMED = 20
"""Of a form's fields, in a refusal of one that it does not have."""

_FORMAT_MESSAGES = {
    Format.DNS_LABEL: Message("Enter only the name: letters, digits and hyphens, such as acme."),
    Format.PATH_SEGMENT: Message("Use only letters, digits, and . _ ~ -"),
    Format.EMAIL: Message("Enter an email address, such as name@example.com."),
}


@dataclass(frozen=True, slots=True)
class FieldValues:
    """The values of one form. Where there are errors, the good values are here all the same."""

    variables: Mapping[str, str] = attribute(default_factory=dict)
    """What is not secret, by field key; an empty optional field is absent."""
    secrets: Mapping[str, Secret] = attribute(default_factory=dict)
    errors: tuple[FieldError, ...] = ()
    """In the order of the fields, unknown keys last; sentences for the person, without what was typed."""

    def checked(self) -> "FieldValues":
        """Itself. Raises ValidationFailed with every error."""
        if self.errors:
            raise ValidationFailed(*self.errors)
        return self


def read_values(
    fields: "Sequence[Field]",
    values: Mapping[str, object],
    *,
    allowed_hosts: Sequence[str] = (),
    allow_http: bool = False,
    kept: Collection[str] = (),
) -> FieldValues:
    """Check `values` against `fields`.

    A pasted `https://acme.example.com/agent` is cut to what a prefix and suffix leave of it. An absent value
    becomes the field's default; for a key in `kept` (an edit that leaves a secret as it is) it is no error.
    """
    variables: dict[str, str] = {}
    secrets: dict[str, Secret] = {}
    errors: list[FieldError] = []
    for field in fields:
        label = Message(field.label)
        raw = values.get(field.key, field.default)
        text = _text(field, raw)
        if text is None:
            errors.append(FieldError(field.key, Message("%(label)s: send a text.", label=label)))
        elif text == "":
            if field.required and field.key not in kept:
                missing = (
                    Message("Choose a value for %(label)s.", label=label)
                    if field.options
                    else Message("Enter a value for %(label)s.", label=label)
                )
                errors.append(FieldError(field.key, missing))
        else:
            problem = _problem(field, text, allowed_hosts, allow_http)
            if problem is not None:
                errors.append(FieldError(field.key, problem))
            elif field.secret:
                secrets[field.key] = Secret(text)
            else:
                variables[field.key] = text
    known = [field.key for field in fields]
    for key in values:
        if key not in known:
            expected = ", ".join(known[:_NAMED]) or "none"
            if len(known) > _NAMED:
                expected += f" and {len(known) - _NAMED} more"
            errors.append(
                FieldError(str(key)[:64], f"There is no such field here. The fields are: {expected}.")
            )
    return FieldValues(variables, secrets, tuple(errors))


def _text(field: "Field", raw: object) -> str | None:
    """The value as text, cut to the part asked for; None when it is not a text at all."""
    if raw is None:
        return ""
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        raw = str(raw)
    if not isinstance(raw, str):
        return None
    text = raw.strip()
    if field.options or field.type == "text_area":
        return text
    return _cut(field, text)


def _cut(field: "Field", text: str) -> str:
    is_host = field.format in (Format.DNS_LABEL, Format.HOST)
    if is_host:
        bare = re.sub(r"(?i)^https?://", "", text)
        pasted = bare != text
        text = bare
        if field.suffix is not None and (at := text.lower().find(field.suffix.lower())) > 0:
            text = text[:at]
        elif pasted:
            text = re.split(r"[/?#]", text, maxsplit=1)[0]
        return text.lower()
    if field.prefix is not None and text.lower().startswith(field.prefix.lower()):
        text = text[len(field.prefix) :]
    if field.suffix is not None and (at := text.lower().find(field.suffix.lower())) > 0:
        text = text[:at]
    return text.strip()


def _problem(field: "Field", text: str, allowed_hosts: Sequence[str], allow_http: bool) -> str | None:
    label = Message(field.label)
    if field.options:
        if text in field.choices:
            return None
        return Message("Choose one of the options for %(label)s.", label=label)
    if len(text) > field.max_length:
        return Message("%(label)s is longer than %(count)s characters.", label=label, count=field.max_length)
    allowed = text.replace("\n", "").replace("\r", "").replace("\t", "")
    if not (allowed if field.type == "text_area" else text).isprintable():
        return Message(
            "%(label)s has a line break or an invisible character in it. Copy it once more.", label=label
        )
    if field.type == "number" and re.fullmatch(r"-?[0-9]+(?:\.[0-9]+)?", text) is None:
        return Message("%(label)s must be a number.", label=label)
    if not matches(field.format, text, allowed_hosts=allowed_hosts, allow_http=allow_http):
        return field.pattern_message or _format_message(field.format, allowed_hosts)
    if field.pattern is not None and re.fullmatch(field.pattern, text) is None:
        return field.pattern_message or Message(
            "%(label)s does not have the form that is expected.", label=label
        )
    return None


def _format_message(form: Format, allowed_hosts: Sequence[str]) -> str:
    example = allowed_hosts[0].lstrip(".") if allowed_hosts else "example.com"
    if form is Format.HOST:
        return Message("Enter the host name, such as acme.%(example)s.", example=example)
    if form is Format.ORIGIN:
        return Message("Enter the address, such as https://acme.%(example)s.", example=example)
    return _FORMAT_MESSAGES[form]
