"""What the host brings to the pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path

from connect_hub.config.catalogues import check_catalogues
from connect_hub.config.checks import refuse
from connect_hub.identity import Identity


@dataclass(frozen=True, slots=True, kw_only=True)
class PageConfig:
    """What the host brings to the pages."""

    templates: Sequence[str | PathLike[str]] = ()
    """Folders that are looked up before the hub's own templates."""
    static: Sequence[str | PathLike[str]] = ()
    """Folders of files that the hub serves under `static/`, looked up before its own: stylesheets, scripts,
    fonts (.woff2) and pictures, and `logos/<name>` of your connectors. `static_url("acme.css")` is the
    address of one in a template."""
    translations: Sequence[str | PathLike[str]] = ()
    """Folders of catalogues, `<language>/LC_MESSAGES/connect_hub.mo`, looked up before the hub's own. Every
    one is read and its placeholders are compared with those of the English texts."""
    identity: Identity | None = None
    """Who is signed in at the host; needed for `Binding.HOST_IDENTITY`."""

    def __post_init__(self) -> None:
        for name in ("templates", "static", "translations"):
            folders = getattr(self, name)
            if isinstance(folders, str | PathLike):
                raise refuse(f"pages.{name}", "this is one folder, not a list", f"Write [{str(folders)!r}].")
            for folder in folders:
                if not Path(folder).is_dir():
                    raise refuse(
                        f"pages.{name}",
                        f"there is no folder {str(folder)!r}",
                        "Create it, or give its path from the application's own file: "
                        f"Path(__file__).parent / {name!r}.",
                    )
        for folder in self.translations:
            check_catalogues(Path(folder))
