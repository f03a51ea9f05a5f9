"""`Files`: what the samples' pages load, of ours, of the host's folders, and of the host where it runs."""

import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.error import URLError

from connect_hub.errors import NotFound
from connect_hub.web.contexts import BrandView
from connect_hub.web.static import Assets
from connect_hub.web.theme import brand_files

__all__ = ["Files"]

_LARGEST = 5_000_000
_SECONDS = 10


class Files:
    """By their paths in the gallery. `brands` is the brand of each colour scheme; `own_path` where the hub
    itself has its static files, for a logo's address; `host_url` the host's, which is asked for the rest."""

    def __init__(
        self,
        brands: Mapping[str, BrandView],
        *,
        folders: Sequence[str | Path],
        own_path: str,
        host_url: str | None,
        logo_name: Callable[[str], str | None],
        logo_file: Callable[[str], Path | None],
    ) -> None:
        self.assets = {
            scheme: Assets(
                prefix=f"/static/{scheme}",
                folders=folders,
                generated=brand_files(brand),
                logo_name=logo_name,
                logo_file=logo_file,
            )
            for scheme, brand in brands.items()
        }
        self._own_path = own_path
        self._host_url = None if host_url is None else host_url.rstrip("/")

    def place(self, path: str) -> tuple[Assets, str] | None:
        """Whose file `path` is, and its name there; None: it is none of the hub's."""
        first, _, name = path.removeprefix("/static/").partition("/")
        if path.startswith("/static/") and first in self.assets:
            return self.assets[first], name
        # The sample pages are the same in every scheme, and so are their logos.
        if path.startswith("/static/logos/"):
            return self.assets["auto"], f"logos/{name}"
        if path.startswith(f"{self._own_path}/"):
            return self.assets["auto"], path.removeprefix(f"{self._own_path}/")
        return None

    def of_host(self, path: str) -> tuple[bytes, str] | None:
        """What the running host answers, and its type; None: there is no such host, or no such file."""
        if self._host_url is None:
            return None
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with opener.open(self._host_url + path, timeout=_SECONDS) as answer:
                return answer.read(_LARGEST), answer.headers.get("content-type", "application/octet-stream")
        except (URLError, OSError, ValueError):
            return None

    def content(self, path: str) -> bytes | None:
        """The content of the file at `path`; None: there is none."""
        place = self.place(path)
        if place is None:
            found = self.of_host(path)
            return None if found is None else found[0]
        try:
            return place[0].content(place[1])
        except NotFound:
            return None
