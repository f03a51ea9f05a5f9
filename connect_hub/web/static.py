"""`Assets`: the hub's stylesheets, scripts and logos, under names that change with their content."""

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from connect_hub.errors import NotFound
from connect_hub.web.theme import monogram_svg

__all__ = ["STATIC", "Assets"]

STATIC = Path(__file__).parent.parent / "static"
"""The folder of our own static files."""

_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".ico": "image/x-icon",
    ".woff2": "font/woff2",
}
"""What is served; a file of any other kind in a folder is not."""

_NAME = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*(?:/[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+)*)*")
"""Segments without an empty, a hidden or a `..` one: a name cannot leave its folder."""

_HASHED = re.compile(r"(?P<stem>.+)\.(?P<digest>[0-9a-f]{16})(?P<suffix>\.[a-z]+)")

_IMMUTABLE = "public, max-age=31536000, immutable"

_SVG_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""An SVG opened by itself is a document of our origin: it runs and loads nothing. The style elements that
drawing programs write may colour it."""


@dataclass(frozen=True, slots=True)
class _Asset:
    body: bytes
    digest: str
    type: str


class Assets:
    """Serves static files: the host's `folders` first, then ours, then `generated` ones.

    A name with the hash of its content (`hub.0123456789abcdef.css`) may be cached for ever; the plain
    name is served with an ETag and checked each time. A hash that is not the file's own is not found, so
    that during a roll-out no cache keeps a new file under an old name. Files are read at their first use
    and kept, so a changed file needs a restart.
    """

    def __init__(
        self,
        *,
        prefix: str,
        folders: Sequence[str | Path] = (),
        generated: Mapping[str, Callable[[], bytes]] | None = None,
        logo_name: Callable[[str], str | None] = lambda key: None,
        logo_file: Callable[[str], Path | None] = lambda key: None,
    ) -> None:
        """`prefix` is the path that the route answers under, such as `/connect/static`.

        `logo_name` gives the display name of a connector key, from which a monogram is made where
        `logos/<key>.svg` is no file; None: no such connector. `logo_file` gives the file of a host's own
        connector.
        """
        self._prefix = prefix.rstrip("/")
        self._folders = tuple(Path(folder) for folder in folders)
        self._generated = {} if generated is None else dict(generated)
        self._logo_name = logo_name
        self._logo_file = logo_file
        self._known: dict[str, _Asset] = {}
        self._urls: dict[str, str] = {}

    def url(self, name: str) -> str:
        """The cacheable address of `name`. Raises NotFound where there is no such file."""
        url = self._urls.get(name)
        if url is None:
            asset = self._asset(name)
            if asset is None:
                raise NotFound(f"there is no static file {name!r}")
            stem, dot, suffix = name.rpartition(".")
            url = self._urls[name] = f"{self._prefix}/{stem}.{asset.digest}{dot}{suffix}"
        return url

    def logo_url(self, key: str) -> str:
        """The address of a connector's logo, or of its monogram. Raises NotFound for an unknown key."""
        file = self._logo_file(key)
        return self.url(f"logos/{key}{'.svg' if file is None else file.suffix}")

    def read(self, name: str) -> bytes:
        """The content of `name`. Raises NotFound where there is no such file."""
        asset = self._asset(name)
        if asset is None:
            raise NotFound(f"there is no static file {name!r}")
        return asset.body

    def content(self, name: str) -> bytes:
        """The content of `name`, which may be one that `url` gave an address for. Raises NotFound."""
        return self._found(name)[0].body

    def route(self, path: str = "/static") -> Route:
        """A route named `static` that serves everything below `path`."""
        return Route(path + "/{name:path}", self.endpoint, methods=["GET"], name="static")

    async def script(self, request: Request) -> Response:
        """Answers GET and HEAD with `connect.js`, which pages of other origins load."""
        response = self._answer(request, "connect.js")
        response.headers["cross-origin-resource-policy"] = "cross-origin"
        return response

    async def endpoint(self, request: Request) -> Response:
        """Answers GET and HEAD for the path parameter `name`. Raises NotFound."""
        return self._answer(request, request.path_params["name"])

    def _found(self, name: str) -> tuple[_Asset, bool]:
        """What `name` is, and whether it has the hash of its content in it. Raises NotFound."""
        hashed = _HASHED.fullmatch(name)
        asset = self._asset(name)
        immutable = False
        if asset is None and hashed is not None:
            asset = self._asset(hashed["stem"] + hashed["suffix"])
            immutable = True
        if asset is None or (immutable and hashed is not None and asset.digest != hashed["digest"]):
            raise NotFound
        return asset, immutable

    def _answer(self, request: Request, name: str) -> Response:
        asset, immutable = self._found(name)
        etag = f'"{asset.digest}"'
        headers = {
            "cache-control": _IMMUTABLE if immutable else "public, no-cache",
            "etag": etag,
            "x-content-type-options": "nosniff",
        }
        if asset.type.startswith("image/"):
            # A host's own page, on another origin, shows the logos too.
            headers["cross-origin-resource-policy"] = "cross-origin"
        if asset.type == _TYPES[".svg"]:
            headers["content-security-policy"] = _SVG_POLICY
        if etag in (
            tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")
        ):
            return Response(status_code=304, headers=headers)
        return Response(asset.body, headers=headers, media_type=asset.type)

    def _asset(self, name: str) -> _Asset | None:
        known = self._known.get(name)
        if known is not None:
            return known
        media_type = _TYPES.get(Path(name).suffix)
        if media_type is None or len(name) > 200 or _NAME.fullmatch(name) is None:
            return None
        body = self._read(name)
        if body is None:
            return None
        asset = self._known[name] = _Asset(body, hashlib.sha256(body).hexdigest()[:16], media_type)
        return asset

    def _read(self, name: str) -> bytes | None:
        for folder in self._folders:
            found = _read_in(folder, name)
            if found is not None:
                return found
        key, dot, suffix = name.removeprefix("logos/").partition(".")
        logo = self._logo_file(key) if name == f"logos/{key}{dot}{suffix}" else None
        if logo is not None and logo.suffix == dot + suffix and logo.is_file():
            return logo.read_bytes()
        found = _read_in(STATIC, name)
        if found is not None:
            return found
        make = self._generated.get(name)
        if make is not None:
            return make()
        if name == f"logos/{key}.svg":
            label = self._logo_name(key)
            return None if label is None else monogram_svg(label).encode()
        return None


def _read_in(folder: Path, name: str) -> bytes | None:
    path = folder / name
    # A symbolic link inside a folder may still point out of it.
    if path.is_file() and path.resolve().is_relative_to(folder.resolve()):
        return path.read_bytes()
    return None
