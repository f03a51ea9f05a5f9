"""The languages of the pages: which are there, which one a reader gets, and what a text is in it."""

import gettext
import re
from collections.abc import Collection, Iterator, Sequence
from functools import cached_property
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import Literal

from connect_hub.config.catalogues import catalogues_in, check_catalogues, literal_percents, read_catalogue
from connect_hub.message import Message

__all__ = ["LOCALE", "Language", "Languages", "negotiate"]

LOCALE = Path(__file__).parent.parent / "locale"
"""The folder of our own catalogues."""

_SOURCE = "en"
"""What the texts are written in, and what everybody gets who asks for something else."""

_LONGEST = 1000
"""Characters of Accept-Language that are looked at; browsers send fewer than a hundred."""

_TAG = re.compile(r"[A-Za-z]{2,3}(?:-[A-Za-z0-9]{1,8})*|\*")
_QUALITY = re.compile(r"[01](?:\.[0-9]{0,3})?")
_PLACEHOLDER = re.compile(r"%\(\w+\)s")

_OWN_NAMES = {
    "ar": "العربية",
    "cs": "Čeština",
    "da": "Dansk",
    "de": "Deutsch",
    "el": "Ελληνικά",
    "en": "English",
    "es": "Español",
    "fi": "Suomi",
    "fr": "Français",
    "he": "עברית",
    "hu": "Magyar",
    "it": "Italiano",
    "ja": "日本語",
    "ko": "한국어",
    "nb": "Norsk",
    "nl": "Nederlands",
    "pl": "Polski",
    "pt": "Português",
    "ro": "Română",
    "sv": "Svenska",
    "tr": "Türkçe",
    "uk": "Українська",
    "zh": "中文",
}
"""What a language calls itself; one that is not here is called by its tag."""

_FROM_THE_RIGHT = frozenset({"ar", "ckb", "dv", "fa", "he", "ks", "ps", "sd", "ug", "ur", "yi"})

_PLURALS: dict[str, tuple[tuple[str, int], ...]] = {
    "ar": (("zero", 0), ("one", 1), ("two", 2), ("few", 3), ("many", 11), ("other", 100)),
    "cs": (("one", 1), ("few", 2), ("other", 5)),
    "he": (("one", 1), ("two", 2), ("other", 5)),
    "ja": (("other", 2),),
    "ko": (("other", 2),),
    "pl": (("one", 1), ("few", 2), ("many", 5), ("other", 2)),
    "ru": (("one", 1), ("few", 2), ("many", 5), ("other", 2)),
    "sk": (("one", 1), ("few", 2), ("other", 5)),
    "uk": (("one", 1), ("few", 2), ("many", 5), ("other", 2)),
    "zh": (("other", 2),),
}


def _ranges(header: str) -> Iterator[tuple[float, str]]:
    """The language ranges of Accept-Language with their quality (RFC 9110, 12.5.4); what is none is left
    out."""
    for part in header[:_LONGEST].split(","):
        tag, *parameters = (piece.strip() for piece in part.split(";"))
        quality = "1"
        if parameters:
            name, _, quality = parameters[0].partition("=")
            if name.strip().lower() != "q":
                continue
        if _TAG.fullmatch(tag) and _QUALITY.fullmatch(quality.strip()):
            yield min(1.0, float(quality)), tag.lower()


def _lookup(tag: str, available: Collection[str]) -> str | None:
    """The language for `tag`, made shorter piece by piece: de-AT, then de (RFC 4647, 3.4)."""
    known = {name.lower(): name for name in available}
    pieces = tag.lower().split("-")
    while pieces:
        found = known.get("-".join(pieces))
        if found is not None:
            return found
        pieces.pop()
    return None


def negotiate(
    accept_language: str | None, forced: str | None = None, available: Collection[str] = (_SOURCE,)
) -> str:
    """Which of the `available` languages a reader gets, as its tag; `en` where nothing fits.

    `forced` decides where it, or the language of its region, is available. Otherwise it is the first of the
    best liked ones of Accept-Language; one with quality 0 is never given, unless nothing is left.
    """
    if forced is not None:
        found = _lookup(forced, available)
        if found is not None:
            return found
    wanted = sorted(_ranges(accept_language or ""), key=lambda item: -item[0])
    refused = {tag for quality, tag in wanted if quality == 0}
    for quality, tag in wanted:
        if quality == 0:
            break
        if tag == "*":
            return next((name for name in (_SOURCE, *available) if name.lower() not in refused), _SOURCE)
        found = _lookup(tag, available)
        if found is not None and found.lower() not in refused:
            return found
    return _SOURCE


class Language:
    """A language, and the texts in it. What its catalogues lack stays English."""

    def __init__(self, tag: str, *, catalogues: Sequence[gettext.GNUTranslations] = ()) -> None:
        self.tag = tag
        """A BCP 47 tag, for `lang`."""
        base = tag.partition("-")[0].lower()
        self.dir: Literal["ltr", "rtl"] = "rtl" if base in _FROM_THE_RIGHT else "ltr"
        self.plurals = _PLURALS.get(base, (("one", 1), ("other", 2)))
        """The plural forms by their names in CLDR, which JavaScript knows, each with a number that has it."""
        self.is_source = not catalogues
        """Whether every text is as it is written, in English."""
        self._catalogue = _chained(catalogues)

    def __repr__(self) -> str:
        return f"Language({self.tag!r})"

    def gettext(self, msgid: str) -> str:
        """The text for `msgid`, with its placeholders."""
        return self._pattern(self._catalogue.gettext(msgid), msgid)

    def ngettext(self, singular: str, plural: str, number: int) -> str:
        """The text for a number of things, with its placeholders."""
        return self._pattern(self._catalogue.ngettext(singular, plural, number), singular, plural)

    def pgettext(self, context: str, msgid: str) -> str:
        """The text for `msgid` in one of its meanings."""
        return self._pattern(self._catalogue.pgettext(context, msgid), msgid)

    def npgettext(self, context: str, singular: str, plural: str, number: int) -> str:
        """As `ngettext`, in one of its meanings."""
        found = self._catalogue.npgettext(context, singular, plural, number)
        return self._pattern(found, singular, plural)

    def text(self, text: str) -> str:
        """A whole text, filled in: a Message, or an English text that the catalogue may have as it is."""
        if text == "":
            return ""
        if not isinstance(text, Message) or not text.params:
            return self._isolated(self._catalogue.gettext(text), text)
        params = {
            name: self.text(value) if isinstance(value, Message) else value
            for name, value in text.params.items()
        }
        return self.gettext(text.msgid) % params

    def _pattern(self, found: str, *msgids: str) -> str:
        """A translator's per cent sign is one, whatever fills in the placeholders."""
        if "%" in found and found not in msgids:
            found = literal_percents(found)
        return self._isolated(found, *msgids)

    def _isolated(self, found: str, *msgids: str) -> str:
        """Keep what is from left to right in one piece where the text around it is from right to left.

        A name with a full stop at its end, or a sentence that is not translated, would else be torn apart
        by the Unicode bidirectional algorithm (UAX 9). Translators need not think of it.
        """
        if self.dir == "ltr":
            return found
        if found in msgids:
            return f"\u2068{found}\u2069"
        return _PLACEHOLDER.sub("\u2068\\g<0>\u2069", found)


def _chained(catalogues: Sequence[gettext.GNUTranslations]) -> gettext.NullTranslations:
    """The catalogues as one: the first that has a text gives it."""
    if not catalogues:
        return gettext.NullTranslations()
    for catalogue, following in pairwise(catalogues):
        catalogue.add_fallback(following)
    return catalogues[0]


class Languages:
    """The languages of one hub: ours, and those of the host's own `folders`, whose texts come first.

    Building one reads the host's catalogues, and ours when their language is first asked for. Raises
    ConfigurationError for a folder that is not there and a catalogue that the pages cannot use.
    """

    def __init__(self, folders: Sequence[str | PathLike[str]] = ()) -> None:
        self._folders = tuple(Path(folder) for folder in folders)
        self._languages: dict[str, Language] = {}
        for folder in self._folders:
            check_catalogues(folder)

    @cached_property
    def _files(self) -> dict[str, list[Path]]:
        """The catalogues of each language, the host's first."""
        files: dict[str, list[Path]] = {_SOURCE: []}
        for folder in (*self._folders, LOCALE):
            for tag, file in catalogues_in(folder).items():
                files.setdefault(tag, []).append(file)
        return files

    @property
    def tags(self) -> tuple[str, ...]:
        """Every language that there is, English first."""
        return tuple(self._files)

    @cached_property
    def named(self) -> tuple[tuple[str, str], ...]:
        """Each language's tag and what it calls itself."""
        return tuple((tag, _OWN_NAMES.get(tag, tag)) for tag in self.tags)

    def has(self, tag: str) -> bool:
        """Whether there is this language, or that of its region: de-AT is there where de is."""
        return _lookup(tag, self._files) is not None

    def negotiate(self, accept_language: str | None, forced: str | None = None) -> Language:
        """The reader's language: see `negotiate`."""
        return self.get(negotiate(accept_language, forced, self._files))

    def get(self, tag: str) -> Language:
        """The language called `tag`, English if there is none of that name."""
        language = self._languages.get(tag)
        if language is None:
            if tag not in self._files:
                return self.get(_SOURCE)
            catalogues = [read_catalogue(file) for file in self._files[tag]]
            language = self._languages[tag] = Language(tag, catalogues=catalogues)
        return language
