"""Logos of connectors: which file it is, and that it is one."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from connect_hub.errors import ConfigurationError

if TYPE_CHECKING:
    from connect_hub.connectors.definition import Connector

__all__ = ["logo_of"]

_SHIPPED = Path(__file__).parent.parent / "static" / "logos"
_PNG = b"\x89PNG\r\n\x1a\n"
_LARGEST = 256 * 1024


def logo_of(connector: "Connector", folders: Sequence[Path]) -> Path | None:
    """The file of the logo that a definition names; None: it names none.

    It is looked for in `logos` of the host's static `folders`, beside the definition's own file, in `logos`
    there, and among the shipped ones. Raises ConfigurationError where it is not, or is no picture.
    """
    name = connector.logo
    if name is None:
        return None
    beside = [] if connector.home is None else [connector.home / name, connector.home / "logos" / name]
    places = [*(folder / "logos" / name for folder in folders), *beside, _SHIPPED / name]
    for file in places:
        if file.is_file():
            _check(connector, file)
            return file
    where = f"{connector.home / name}" if connector.home is not None else f"logos/{name} in a folder"
    also = f", or logos/{name} in a folder" if connector.home is not None else ""
    raise ConfigurationError(
        f"The connector {connector.key!r}: there is no logo {name!r}. Put it at {where}{also} of "
        "PageConfig(static=[…]), or leave `logo` out for a monogram."
    )


def _check(connector: "Connector", file: Path) -> None:
    content = file.read_bytes()
    whole = content.startswith(_PNG) if file.suffix == ".png" else b"<svg" in content
    if not whole:
        kind = file.suffix.removeprefix(".").upper()
        raise ConfigurationError(f"The connector {connector.key!r}: its logo {file} is no {kind} file.")
    if len(content) > _LARGEST:
        raise ConfigurationError(
            f"The connector {connector.key!r}: its logo {file} has {len(content) // 1024} KiB. Make it "
            f"smaller than {_LARGEST // 1024} KiB: it is shown at 40 pixels."
        )
