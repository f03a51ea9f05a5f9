"""The example definition, whole or changed in one place."""

import copy
import tomllib
from collections.abc import Mapping
from pathlib import Path

from connect_hub.connectors.definition import Connector

PATH = Path(__file__).with_name("example.toml")
TEXT = PATH.read_text(encoding="utf-8")
_DOCUMENT = tomllib.loads(TEXT)


def document(changes: Mapping[str, object] | None = None) -> dict[str, object]:
    """The example as TOML reads it; `changes` sets values by dotted path, `methods.0.pkce`; None removes."""
    result = copy.deepcopy(_DOCUMENT)
    for path, value in (changes or {}).items():
        *way, last = path.split(".")
        place: object = result
        for part in way:
            place = place[int(part)] if isinstance(place, list) else _step(place, part)
        if isinstance(place, list):
            place[int(last)] = value
        else:
            assert isinstance(place, dict)
            if value is None:
                del place[last]
            else:
                place[last] = value
    return result


def connector(changes: Mapping[str, object] | None = None) -> Connector:
    """The example as a connector."""
    return Connector.model_validate(document(changes))


def _step(place: object, part: str) -> object:
    assert isinstance(place, dict)
    return place.setdefault(part, {})
