"""The catalogue: where definitions are read from. Files are opened when asked for, never at import."""

import difflib
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from connect_hub.errors import ConfigurationError

if TYPE_CHECKING:
    from importlib.resources.abc import Traversable

    from connect_hub.connectors.definition import Connector

__all__ = ["builtin", "builtin_keys", "builtin_method_types", "nearest", "parse", "read_file", "read_folder"]


def _folder() -> "Traversable":
    return resources.files("connect_hub").joinpath("catalog")


@cache
def builtin_keys() -> tuple[str, ...]:
    """The keys of the connectors that come with the package, sorted."""
    names = (entry.name for entry in _folder().iterdir())
    return tuple(sorted(name.removesuffix(".toml") for name in names if name.endswith(".toml")))


@cache
def builtin(key: str) -> "Connector":
    """The shipped definition called `key`, read once a process. Raises KeyError for an unknown one."""
    return parse(_builtin_text(key), f"{key}.toml")


@cache
def builtin_method_types(key: str) -> tuple[str, ...]:
    """The types of its methods, without checking the whole definition, so that a hub is built sooner."""
    return tuple(method["type"] for method in tomllib.loads(_builtin_text(key))["methods"])


def _builtin_text(key: str) -> str:
    if key not in builtin_keys():
        raise KeyError(key)
    return _folder().joinpath(f"{key}.toml").read_text(encoding="utf-8")


def read_file(path: Path) -> "Connector":
    """A definition of the host's own, from TOML. Raises ConfigurationError that says what to change."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        raise ConfigurationError(f"The connector file {path} cannot be read: {reason}.") from None
    return parse(text, str(path)).read_in(path.parent)


def read_folder(path: Path) -> "dict[str, Connector]":
    """Every `*.toml` in a folder of the host's own, by key."""
    if not path.is_dir():
        raise ConfigurationError(f"There is no folder {path}: connectors are read from it. Create it.")
    files = sorted(path.glob("*.toml"))
    if not files:
        raise ConfigurationError(f"There is no connector in {path}: put a file such as acmedesk.toml there.")
    return {connector.key: connector for connector in map(read_file, files)}


def parse(text: str, source: str) -> "Connector":
    """A definition from TOML. `source` is the name of the file in messages; its stem must be the key.

    Raises ConfigurationError with one line a problem: file, place, what to change.
    """
    # Imported here, so that a hub is imported and built without the models: they cost as much as the rest.
    from connect_hub.connectors.definition import Connector

    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ConfigurationError(f"{source} is not TOML: {error}.") from None
    connector = Connector.model_validate(document, context={"source": source})
    stem = Path(source).stem
    if stem != connector.key:
        raise ConfigurationError(
            f'{source}: key = "{connector.key}" is not the name of the file: call it {connector.key}.toml'
        )
    return connector


def nearest(key: str, known: Iterable[str]) -> str | None:
    """The known key that `key` was probably meant to be."""
    close = difflib.get_close_matches(key.lower(), list(known), n=1, cutoff=0.6)
    return close[0] if close else None
