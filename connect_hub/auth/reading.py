"""Reading what providers answer: values by their path, and their own words made fit to show."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from connect_hub.net import Answer, NotJSON
from connect_hub.secret import Secret

if TYPE_CHECKING:
    from connect_hub.connectors.answers import When

__all__ = ["holds", "json_document", "said", "text_at", "value_at"]

MAX_SAID = 200
_USUAL_PLACES = (
    "error_description", "error.message", "message", "errors.0.message", "errors.0.detail", "detail",
    "errors.0", "error.description", "description", "error",
)  # fmt: skip  # one a line would hide that it is one list


def json_document(answer: Answer) -> dict[str, object] | list[object] | None:
    """The answer's body when it is a JSON object or list, else None."""
    try:
        document = answer.json()
    except NotJSON:
        return None
    return document if isinstance(document, dict | list) else None


def value_at(document: object, path: str) -> object:
    """What stands at a dotted path, `data.0.id`; None when there is nothing."""
    if isinstance(document, dict) and path in document:
        return document[path]
    for part in path.split("."):
        if isinstance(document, dict):
            document = document.get(part)
        elif isinstance(document, list) and part.isdecimal() and int(part) < len(document):
            document = document[int(part)]
        else:
            return None
    return document


def text_at(document: object, path: str) -> str | None:
    """A text or whole number at a path, as text; None for anything else and for an empty text."""
    value = value_at(document, path)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return None
    return str(value) or None


def holds(when: "When", document: object) -> bool:
    """Whether a condition on a JSON answer is met."""
    value = value_at(document, when.path)
    if when.one_of:
        return isinstance(value, str) and value in when.one_of
    if when.equals is None:
        return value is not None
    return type(value) is type(when.equals) and value == when.equals


def said(document: object, paths: Sequence[str], secrets: Mapping[str, Secret]) -> str | None:
    """The provider's own sentence, from the first of `paths` (or the usual places) that holds a text.

    At most 200 characters, without control and other invisible characters, and without any of `secrets`,
    which some providers repeat. Untrusted all the same: escape it.
    """
    for path in paths or _USUAL_PLACES:
        value = value_at(document, path)
        if isinstance(value, str) and value.strip():
            return shown(value, secrets.values())
    return None


def shown(text: str, secrets: Iterable[Secret]) -> str:
    """`text` as `said` promises it."""
    for secret in secrets:
        revealed = secret.reveal()
        if len(revealed) >= 4:
            text = text.replace(revealed, "•••")
    text = "".join(char if char.isprintable() else " " for char in text[: 4 * MAX_SAID])
    text = " ".join(text.split())
    return text if len(text) <= MAX_SAID else text[: MAX_SAID - 1] + "…"
