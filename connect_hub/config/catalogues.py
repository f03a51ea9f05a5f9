"""The catalogues of translations in a host's folders: which there are, and whether the pages can use them."""

import gettext
import re
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

from connect_hub.config.checks import refuse

__all__ = ["DOMAIN", "catalogues_in", "check_catalogues", "literal_percents", "read_catalogue"]

DOMAIN = "connect_hub"
"""The name of the catalogues: `<language>/LC_MESSAGES/connect_hub.mo`."""

_FIELD = "pages.translations"
_PERCENT = re.compile(r"%%|%(?!\(\w+\)[sd])")
_PLACEHOLDER = re.compile(r"%\((\w+)\)")


def catalogues_in(folder: Path) -> Mapping[str, Path]:
    """The compiled catalogue of each language in `folder`, by its tag."""
    files = sorted(folder.glob(f"*/LC_MESSAGES/{DOMAIN}.mo"))
    return {file.parts[-3].replace("_", "-"): file for file in files}


def read_catalogue(file: Path) -> gettext.GNUTranslations:
    """Raises ConfigurationError for a file that is no catalogue."""
    try:
        with file.open("rb") as stream:
            return gettext.GNUTranslations(stream)
    except (OSError, ValueError, LookupError, struct.error) as error:
        raise refuse(
            _FIELD, f"{file} cannot be read as a catalogue ({error})", "Compile it with msgfmt."
        ) from None


def literal_percents(text: str) -> str:
    """`text` as a pattern for `%`, in which a per cent sign that begins no placeholder stands for itself."""
    return _PERCENT.sub("%%", text)


def check_catalogues(folder: Path) -> None:
    """Raise ConfigurationError where a page could not use what `folder` has.

    It names the file and, for a placeholder that its text does not have, the text.
    """
    compiled = catalogues_in(folder)
    for source in sorted(folder.glob(f"*/LC_MESSAGES/{DOMAIN}.po")):
        target = source.with_suffix(".mo")
        if not target.is_file():
            raise refuse(_FIELD, f"{source} is not compiled", f"Run: msgfmt -o {target} {source}")
    if not compiled and any(folder.iterdir()):
        raise refuse(
            _FIELD,
            f"there is no <language>/LC_MESSAGES/{DOMAIN}.mo in {folder}",
            f"Put {folder / 'de' / 'LC_MESSAGES' / DOMAIN}.mo there for German, or leave the folder out.",
        )
    for file in compiled.values():
        charset = read_catalogue(file).charset() or "ascii"
        for msgids, translation in _entries(file.read_bytes(), charset):
            _check_placeholders(file, msgids, translation)


def _check_placeholders(file: Path, msgids: tuple[str, ...], translation: str) -> None:
    known = sorted({name for msgid in msgids for name in _PLACEHOLDER.findall(msgid)})
    values = dict.fromkeys(known, 1)
    try:
        _ = [msgid % values for msgid in msgids]
    except (KeyError, TypeError, ValueError):
        return  # The English text is no pattern, so its translation is none.
    try:
        _ = literal_percents(translation) % values
    except (KeyError, TypeError, ValueError):
        names = ", ".join(f"%({name})s" for name in known)
        fix = f"Write its own: {names}." if known else "It has none, so leave it out."
        raise refuse(
            _FIELD,
            f"{file}: the translation {translation!r} has a placeholder that its text {msgids[0]!r} lacks",
            fix,
        ) from None


def _entries(data: bytes, charset: str) -> Iterator[tuple[tuple[str, ...], str]]:
    """The texts (two where there is a plural) and each translation of a .mo file that gettext has read."""
    order = "<" if data[:4] == b"\xde\x12\x04\x95" else ">"
    _, count, originals, translations = struct.unpack_from(f"{order}4I", data, 4)
    for index in range(count):
        length, start = struct.unpack_from(f"{order}2I", data, originals + 8 * index)
        msgids = tuple(data[start : start + length].decode(charset).rpartition("\x04")[2].split("\0"))
        length, start = struct.unpack_from(f"{order}2I", data, translations + 8 * index)
        if msgids != ("",):
            for translation in data[start : start + length].decode(charset).split("\0"):
                yield msgids, translation
