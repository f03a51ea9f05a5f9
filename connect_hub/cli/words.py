"""What the database has as data, in words for a table."""

import json
import re
from collections.abc import Mapping

from connect_hub.models import Json
from connect_hub.operators import EVERY_PROJECT

__all__ = ["changes_in_words", "roles_in_words"]

_PLAIN = re.compile(r"[\w@.+/:-]+(?: [\w@.+/:-]+)*")
"""What cannot be taken for more than one value."""


def roles_in_words(roles: Mapping[str, Json]) -> str:
    """Roles by project."""
    return ", ".join(
        f"{role} of {'every project' if project == EVERY_PROJECT else project}"
        for project, role in roles.items()
    )


def changes_in_words(before: Mapping[str, Json] | None, after: Mapping[str, Json] | None) -> str:
    """Each field that was or became something: what it is now, or with an arrow what it was before."""
    was, becomes = before or {}, after or {}
    told = []
    for name in [*was, *(name for name in becomes if name not in was)]:
        old, new = _value(name, was.get(name)), _value(name, becomes.get(name))
        if old and after is None:
            told.append(f"{name} was {old}")
        elif old:
            told.append(f"{name}: {old} → {new or 'nothing'}")
        elif new:
            told.append(f"{name}: {new}")
    return "; ".join(told)


def _value(name: str, value: Json) -> str:
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        if name == "roles":
            return roles_in_words(value)
        return ", ".join(f"{key} {_value(key, each)}" for key, each in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(_value(name, each) for each in value)
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text, ensure_ascii=False)
