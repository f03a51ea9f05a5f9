"""The gallery as files: pages that show themselves without a server."""

import re
from pathlib import Path
from urllib.parse import urlsplit

from connect_hub.testing.gallery.app import Gallery

__all__ = ["export"]

_LOADED = re.compile(r'((?:<(?:link|img|script)\b[^>]*?\s(?:href|src)|\sdata-else)=)"(/[^"]*)"')


def export(gallery: Gallery, folder: Path) -> list[str]:
    """Write every page in every language to `<folder>/<language>/<name>.html`, and what they load beside.

    Returns what kept pages from being shown, each thing once; the others are written.
    """
    wrong: dict[str, None] = {}
    for tag in gallery.languages.tags:
        (folder / tag).mkdir(parents=True, exist_ok=True)
        for name in gallery.names:
            try:
                html = gallery.render(name, language=tag)
            except Exception as error:  # a host's template may raise anything
                wrong[str(gallery.fault(error))] = None
                continue
            (folder / tag / f"{name}.html").write_text(_with_files(gallery, folder, html), encoding="utf-8")
    return list(wrong)


def _with_files(gallery: Gallery, folder: Path, html: str) -> str:
    """`html` with relative addresses of what it loads, which is put into `folder`."""

    def relative(match: re.Match[str]) -> str:
        path = urlsplit(match[2]).path
        file = folder / path.lstrip("/")
        if not file.resolve().is_relative_to(folder.resolve()):
            return match[0]
        if not file.is_file():
            content = gallery.files.content(path)
            if content is None:
                return match[0]
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        return f'{match[1]}"..{path}"'

    return _LOADED.sub(relative, html)
