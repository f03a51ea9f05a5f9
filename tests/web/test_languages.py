"""The languages of the pages: who gets which, that every text is in each, and that none lets markup in."""

import gettext
import io
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import cast

import jinja2
import pytest
from babel.messages import Catalog, mofile
from babel.messages import Message as Entry
from hypothesis import given
from hypothesis import strategies as st

from connect_hub import errors
from connect_hub.config import PageConfig
from connect_hub.config.catalogues import DOMAIN
from connect_hub.connectors.fields import Field
from connect_hub.connectors.formats import Format
from connect_hub.connectors.values import read_values
from connect_hub.errors import ConfigurationError, ConnectHubError
from connect_hub.message import Message
from connect_hub.models import Category
from connect_hub.testing.gallery.desk import dashboard_samples
from connect_hub.testing.gallery.product import BRAND, assets, templating
from connect_hub.testing.gallery.samples import samples
from connect_hub.web import contexts
from connect_hub.web.contexts import Page
from connect_hub.web.labels import category_label
from connect_hub.web.languages import Languages, negotiate
from connect_hub.web.problems import problem_texts
from connect_hub.web.templating import Templating
from connect_hub.web.untrusted import Untrusted
from tests.customer import Customer
from tests.hubs import GOOD_KEY, make_hub

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = ("ar", "de", "es", "fr", "ja")
LANGUAGES = Languages()
FOR_PROGRAMS = {
    "account_conflict",
    "account_inactive",
    "account_suspended",
    "connector_read_only",
    "credentials_expired",
    "delivery_not_found",
    "endpoint_disabled",
    "endpoint_not_found",
    "endpoint_read_only",
    "event_not_found",
    "idempotency_key_reused",
    "identity_changed",
    "invalid_api_key",
    "invalid_token",
    "limit_reached",
    "origin_refused",
    "outbound_refused",
    "session_not_found",
    "storage_conflict",
    "trigger_not_found",
    "trigger_token_forgotten",
    "webhook_invalid",
}
"""Codes that only operators and callers of the API and of Python meet."""
PLACEHOLDER = re.compile(r"%\(\w+\)s|\{\w+\}")


def _load_script() -> ModuleType:
    loader = SourceFileLoader("translations", str(ROOT / "scripts" / "translations"))
    spec = spec_from_loader("translations", loader)
    assert spec is not None
    module = module_from_spec(spec)
    written, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        loader.exec_module(module)
    finally:
        sys.dont_write_bytecode = written
    return module


SCRIPT = _load_script()
TEXTS: Catalog = SCRIPT.texts()


def entries(catalog: Catalog) -> Iterator[Entry]:
    return (entry for entry in catalog if entry.id)


def strings(value: object) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(cast("tuple[str, ...]", value))


# --- negotiation ---


@pytest.mark.parametrize(
    ("header", "given"),
    [
        ("de", "de"),
        ("de-AT", "de"),
        ("DE-at, en;q=0.5", "de"),
        ("es-419,es;q=0.9", "es"),
        ("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", "fr"),
        ("nl, ja;q=0.3", "ja"),
        ("en, de", "en"),
        ("de;q=0.5, ja;q=0.6", "ja"),
        ("de;q=0, fr;q=0.1", "fr"),
        ("de;q=0, de-AT", "en"),
        ("zh-Hant-TW", "en"),
        ("*", "en"),
        ("en;q=0, *", "ar"),
        ("ar-EG-u-nu-latn", "ar"),
        ("", "en"),
        (None, "en"),
        ("de;q=high", "en"),
        ("de;level=1", "en"),
        ("q=1;de", "en"),
        ("☃, ;;;,,=;q", "en"),
        ("de" * 5000, "en"),
        ("../../etc/passwd", "en"),
    ],
)
def test_browser_decides(header: str | None, given: str) -> None:
    """The best liked language that is there is given, for a region its language; quality 0 excludes; what is
    malformed asks for nothing, and nothing is English."""
    assert LANGUAGES.negotiate(header).tag == given


def test_session_decides_over_the_browser() -> None:
    """`locale` forces its language, whatever the browser asks for; one that is not there forces nothing."""
    assert LANGUAGES.negotiate("de", "ja").tag == "ja"
    assert LANGUAGES.negotiate("de", "FR-ca").tag == "fr"
    assert LANGUAGES.negotiate("de", "en").tag == "en"
    assert LANGUAGES.negotiate("de", "pt-BR").tag == "de"
    assert LANGUAGES.negotiate(None, "pt").tag == "en"


@given(st.text(max_size=200), st.none() | st.text(max_size=40))
def test_any_header_gives_a_language_that_is_there(header: str, forced: str | None) -> None:
    """Whatever is sent, the answer is one of the languages that there are."""
    assert negotiate(header, forced, ("en", *SHIPPED)) in {"en", *SHIPPED}


def test_english_reads_no_catalogue(monkeypatch: pytest.MonkeyPatch) -> None:
    """English has no catalogue to read, and its environment does not translate."""
    monkeypatch.setattr(gettext, "GNUTranslations", None)
    assert Languages().negotiate("en-GB").is_source
    assert templating().render(samples()["landing"]).startswith('<!doctype html>\n<html lang="en" dir="ltr">')


# --- the catalogues ---


def test_every_language_is_shipped() -> None:
    """German, French, Spanish, Japanese and Arabic are there besides English."""
    assert sorted(LANGUAGES.tags) == ["ar", "de", "en", "es", "fr", "ja"]


@pytest.mark.parametrize("language", SHIPPED)
def test_every_text_is_translated(language: str) -> None:
    """Every text of the templates and of Python is in the catalogue, translated, and nothing is fuzzy.

    If this fails, run `scripts/translations update` and fill in what is empty.
    """
    catalog = SCRIPT.read(language)
    known = {SCRIPT.key(entry): entry for entry in entries(catalog)}
    wanted = {SCRIPT.key(entry) for entry in entries(TEXTS)}
    assert wanted - known.keys() == set()
    assert [key for key in wanted if not all(strings(known[key].string)) or known[key].fuzzy] == []


@pytest.mark.parametrize("language", SHIPPED)
def test_translations_fit_their_texts(language: str) -> None:
    """A translation has the placeholders of its text, every plural form of its language, and no markup."""
    catalog = SCRIPT.read(language)
    forms = {len(strings(entry.string)) for entry in entries(catalog) if not isinstance(entry.id, str)}
    assert forms == {catalog.num_plurals}
    for entry in entries(catalog):
        texts = strings(entry.string)
        expected = set(PLACEHOLDER.findall(strings(entry.id)[-1]))
        for text in filter(None, texts):
            found = set(PLACEHOLDER.findall(text))
            # "one tool", "two tools" may do without the number
            assert found == expected or (len(texts) > 1 and found < expected), text
            assert re.search(r"[<>]|&\w+;|%(?!\(\w+\)s)", text) is None, text
            assert text.count("\u2068") == text.count("\u2069"), text
        assert not list(entry.check()) or len(texts) > 1


@pytest.mark.parametrize("language", SHIPPED)
def test_compiled_catalogue_is_its_source(language: str) -> None:
    """The .mo that is shipped says what its .po says. If this fails, run `scripts/translations compile`."""
    stream = io.BytesIO(SCRIPT.compiled(SCRIPT.read(language)))
    assert SCRIPT.shipped(language) == SCRIPT.entries(mofile.read_mo(stream))


@pytest.mark.parametrize(
    ("language", "numbers"),
    [("ar", (0, 1, 2, 3, 10, 11, 99, 100)), ("de", (0, 1, 2)), ("fr", (0, 1, 2)), ("ja", (1, 2))],
)
def test_plural_forms_are_chosen_by_number(language: str, numbers: tuple[int, ...]) -> None:
    """Each number of things gets the form of its language; the form that the page's script looks up by its
    CLDR name is the same."""
    spoken = LANGUAGES.get(language)
    said = {n: spoken.ngettext("{n} tool found", "{n} tools found", n) for n in numbers}
    samples_of = dict(spoken.plurals)
    cldr: dict[str, Callable[[int], str]] = {
        "ar": lambda n: (
            ("zero", "one", "two")[n]
            if n < 3
            else "few"
            if 3 <= n % 100 <= 10
            else "many"
            if n % 100 > 10
            else "other"
        ),
        "de": lambda n: "one" if n == 1 else "other",
        "fr": lambda n: "one" if n < 2 else "other",
        "ja": lambda n: "other",
    }
    for n in numbers:
        sample = samples_of[cldr[language](n)]
        assert said[n] == spoken.ngettext("{n} tool found", "{n} tools found", sample)
    assert len(set(said.values())) == {"ar": 5, "de": 2, "fr": 2, "ja": 1}[language]


def test_wheel_has_the_catalogues(tmp_path: Path) -> None:
    """Whoever installs the package gets the compiled catalogues and needs no Babel."""
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    assert {f"connect_hub/locale/{tag}/LC_MESSAGES/{DOMAIN}.mo" for tag in SHIPPED} <= names


# --- pages ---


@pytest.mark.parametrize("tag", ["en", *SHIPPED])
def test_every_page_is_in_its_language(tag: str) -> None:
    """Every page in every state renders strictly in every language, and says so in `lang` and `dir`; macros
    that are imported speak the same language."""
    language, pages = LANGUAGES.get(tag), templating()
    direction = "rtl" if tag == "ar" else "ltr"
    for name, page in (samples(language=language) | dashboard_samples(language)).items():
        html = pages.render(page, language)
        assert f'<html lang="{tag}" dir="{direction}">' in html, name
        skip = re.search(r'href="#main">([^<]+)<', html)
        assert skip is not None
        assert (skip[1] == "Skip to the content") == (tag == "en")
    connect = pages.render(samples(language=language)["connect-edit"], language)
    assert language.gettext("Edit") in connect
    assert (re.search(r"\bEdit\b", re.sub("<[^>]*>", " ", connect)) is not None) == (tag == "en")


@pytest.mark.parametrize("tag", SHIPPED)
def test_every_problem_is_in_its_language(tag: str) -> None:
    """Whatever error a customer meets, its page's own words are in their language."""
    language = LANGUAGES.get(tag)
    found = tuple(_leaves(ConnectHubError))
    assert len(found) > 50
    for error in found:
        if error.code in FOR_PROGRAMS:
            continue
        made = error.__new__(error)
        ConnectHubError.__init__(made)
        for text in problem_texts(made):
            known = text == "" or language.text(text).strip("\u2068\u2069") != text
            assert known, (error.__name__, text)
    for category in Category:
        assert category_label(category, language)


def _leaves(error: type[ConnectHubError]) -> Iterator[type[ConnectHubError]]:
    yield error
    for child in error.__subclasses__():
        if child.__module__.startswith(errors.__name__):
            yield from _leaves(child)


def test_field_errors_are_translated_with_their_labels() -> None:
    """A refused value is explained in the reader's language, with the field's label in it where the catalogue
    knows the label, else as its definition has it; in English it is the sentence on the wire."""
    known = Field(key="api_key", label="API key")
    other = Field(key="sub", label="Acme place", format=Format.DNS_LABEL)
    (missing, bad) = read_values([known, other], {"sub": "a b"}).errors
    german = LANGUAGES.get("de")
    assert missing.message == "Enter a value for API key."
    assert german.text(missing.message) == "Geben Sie einen Wert für „API-Schlüssel“ ein."
    assert german.text(bad.message).startswith("Geben Sie nur den Namen ein")
    assert LANGUAGES.get("en").text(missing.message) == missing.message
    (again,) = read_values([other], {}).errors
    assert german.text(again.message) == "Geben Sie einen Wert für „Acme place“ ein."


def test_names_are_never_translated() -> None:
    """A provider whose name is a text of the catalogue keeps its name."""
    message = Message("%(provider)s is connected", provider="Search")
    assert LANGUAGES.get("de").text(message) == "Search ist verbunden"


@pytest.mark.parametrize("tag", ["en", *SHIPPED])
def test_no_name_becomes_markup_by_a_translation(tag: str) -> None:
    """T2, T20: a name or a quoted text with HTML in it stays text inside every translated sentence."""
    evil = "<img src=x onerror=alert(1)>'\"&%(product)s{n}"
    language = LANGUAGES.get(tag)
    pages = Templating(brand=BRAND, static_url=assets().url)
    provider = contexts.ProviderView("x", evil, "/static/x.svg")
    form = contexts.Form("/x")
    shown: list[Page] = [
        contexts.Connect(provider=provider, form=form, account_name=Untrusted(evil), editing=True),
        contexts.Success(provider=provider, account_name=Untrusted(evil), done=form),
        contexts.Exit(leave=form, stay_url="/x", connected=(evil, evil)),
        contexts.Leaving(name=evil, url="/x"),
        contexts.IdentityChanged(
            provider=provider, before=Untrusted(evil), after=Untrusted(evil), accept=form, retry_url="/x"
        ),
        contexts.Problem(
            title=language.text(Message("%(provider)s is connected", provider=evil)),
            text=evil,
            code="x",
            reference="y",
        ),
    ]
    for page in shown:
        html = pages.render(page, language)
        assert "<img src=x" not in html
        assert "&lt;img src=x onerror=alert(1)&gt;" in html


def test_from_the_right_names_stay_whole() -> None:
    """In Arabic every filled-in text is isolated, and so is one that is not translated, so that a full stop
    or a bracket stays where it belongs (UAX 9); in other languages nothing is added."""
    arabic, german = LANGUAGES.get("ar"), LANGUAGES.get("de")
    assert "\u2068%(provider)s\u2069" in arabic.gettext("Connect %(provider)s")
    assert arabic.text("Only in English.") == "\u2068Only in English.\u2069"
    assert arabic.text("") == ""
    assert german.text("Only in English.") == "Only in English."
    assert "\u2068" not in german.gettext("Connect %(provider)s")


# --- a running hub ---


async def test_whole_way_is_in_the_language_of_the_session(tmp_path: Path) -> None:
    """`locale` decides on every page of its link and visit, the refused form and the dead end among them,
    whatever the browser asks for; it says so in `Content-Language` and `Vary`."""
    made = make_hub(tmp_path)
    link = await made.hub.links.create(
        origin_owner_id="42", origin_owner_name="Acme", provider="simulated-key", locale="de-AT"
    )
    customer = Customer(made.hub, headers={"accept-language": "ja,fr;q=0.5"})
    landing = await customer.open(link.url)
    form = await customer.press(landing, "Weiter")
    refused = await customer.press(form, "Acme Key verbinden", {"f.api_key": ""})
    wrong = await customer.press(refused, "Acme Key verbinden", {"f.api_key": "wrong-0123456789"})
    connected = await customer.press(wrong, "Acme Key verbinden", {"f.api_key": GOOD_KEY})
    closed = await customer.press(connected, "Fertig")
    gone = await customer.get(form.url)
    used = await customer.open(link.url)
    asked = await customer.press(used, "Neuen Link anfordern")
    assert "Geben Sie einen Wert für „API-Schlüssel“ ein." in refused.text
    assert "Der Anbieter hat diese Zugangsdaten nicht akzeptiert." in wrong.text
    assert connected.heading == "Acme Key ist verbunden"
    assert (used.status, used.heading) == (410, "Dieser Link wurde schon verwendet")
    for page in (landing, form, refused, wrong, connected, closed, used, asked):
        assert '<html lang="de" dir="ltr">' in page.text, page.heading
        assert (page.headers["content-language"], page.headers["vary"]) == ("de", "Accept-Language, Cookie")
    # Its cookie is gone with the visit, so nothing but the browser says what to speak.
    assert '<html lang="ja" dir="ltr">' in gone.text


async def test_browser_decides_where_the_session_does_not(tmp_path: Path) -> None:
    """Without a `locale` that there is, each page and each error page is in the browser's language, with a
    choice of another where it can be come back to; the API stays English."""
    made = make_hub(tmp_path)
    link = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme", locale="pt")
    for header, tag in (("ar-EG,ar;q=0.9,en;q=0.8", "ar"), ("fr", "fr"), ("nl", "en")):
        customer = Customer(made.hub, headers={"accept-language": header})
        listing = await customer.press(await customer.open(link.url), LANGUAGES.get(tag).gettext("Continue"))
        assert 'name="lang" value="ja"' in listing.text
        for page in (
            listing,
            await customer.get("/connect/"),
            await customer.get("/connect/link"),
            await customer.get("/connect/nothing", accept="text/html"),
            await customer.get("/connect/visit/unknown0"),
        ):
            assert f'<html lang="{tag}" dir="{LANGUAGES.get(tag).dir}">' in page.text
    answer = await Customer(made.hub, headers={"accept-language": "de"}).get("/connect/accounts")
    assert "Send a valid API key" in answer.text


# --- the host's own ---


def _catalogue(folder: Path, tag: str, texts: dict[str, str]) -> None:
    """What a host writes, and `msgfmt` compiles."""
    catalog = Catalog(tag.replace("-", "_"))
    for text, translation in texts.items():
        catalog.add(text, translation)
    place = folder / tag.replace("-", "_") / "LC_MESSAGES"
    place.mkdir(parents=True)
    (place / f"{DOMAIN}.mo").write_bytes(SCRIPT.compiled(catalog))


def test_host_overrides_one_text(tmp_path: Path) -> None:
    """A host's catalogue is looked up first, the first of several folders wins, everything else stays ours;
    English can be overridden as well."""
    _catalogue(tmp_path / "a", "de", {"Exit": "Schluss"})
    _catalogue(tmp_path / "b", "de", {"Exit": "Ende", "Support": "Unser Team"})
    _catalogue(tmp_path / "b", "en", {"Exit": "Stop here"})
    languages = Languages([tmp_path / "a", tmp_path / "b"])
    pages = Templating(brand=BRAND, static_url=assets().url, languages=languages)
    german = pages.render(samples()["connect"], languages.get("de"))
    assert all(word in german for word in ("Schluss", "Unser Team", "Datenschutz", "Zendesk verbinden"))
    assert "Beenden" not in german
    english = pages.render(samples()["connect"])
    assert "Stop here" in english
    assert "Connect Zendesk" in english


def test_host_adds_a_language(tmp_path: Path) -> None:
    """A language that only the host has is offered too; what its catalogue lacks is English."""
    _catalogue(tmp_path, "he", {"Exit": "יציאה"})
    _catalogue(tmp_path, "pt-BR", {"Exit": "Sair", "Where you live": "Onde você mora"})
    languages = Languages([tmp_path])
    brazilian = languages.negotiate("pt-BR,pt;q=0.9")
    assert (brazilian.tag, brazilian.text("Where you live")) == ("pt-BR", "Onde você mora")
    assert brazilian.text("Support") == "Support"
    hebrew = templating().render(samples()["connect"], languages.negotiate("he-IL"))
    assert '<html lang="he" dir="rtl">' in hebrew


def test_a_catalogue_that_is_none_keeps_the_hub_from_starting(tmp_path: Path) -> None:
    """A folder that is not there, catalogues in the wrong place or not compiled, and one that is none, are
    errors at configuration that say what to do; a customer never finds them."""
    with pytest.raises(ConfigurationError, match=r"pages\.translations: there is no folder .*'translations'"):
        PageConfig(translations=[tmp_path / "nothing"])
    PageConfig(translations=[tmp_path])
    place = tmp_path / "de" / "LC_MESSAGES"
    place.mkdir(parents=True)
    with pytest.raises(ConfigurationError, match=r"there is no <language>/LC_MESSAGES/connect_hub\.mo in"):
        PageConfig(translations=[tmp_path])
    for wrong in (b"", b"msgid", b"\xde\x12\x04\x95" + b"\xff" * 40):
        (place / f"{DOMAIN}.mo").write_bytes(wrong)
        with pytest.raises(ConfigurationError, match=r"de/LC_MESSAGES/connect_hub\.mo cannot .* msgfmt"):
            PageConfig(translations=[tmp_path])
    (place / f"{DOMAIN}.mo").unlink()
    (place / f"{DOMAIN}.po").write_text("", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"connect_hub\.po is not compiled\. Run: msgfmt -o"):
        PageConfig(translations=[tmp_path])


def test_a_wrong_placeholder_is_refused_with_its_text(tmp_path: Path) -> None:
    """A placeholder that its English text does not have is refused at configuration, by file and text; one
    left out, and a per cent sign, are the translator's to choose."""
    _catalogue(tmp_path / "bad", "de", {"Connect %(provider)s": "%(produkt)s verbinden"})
    with pytest.raises(ConfigurationError) as refused:
        PageConfig(translations=[tmp_path / "bad"])
    assert f"{DOMAIN}.mo: the translation '%(produkt)s verbinden'" in refused.value.message
    assert "its text 'Connect %(provider)s' lacks. Write its own: %(provider)s." in refused.value.message
    _catalogue(tmp_path / "none", "de", {"Exit": "Weg von %(product)s"})
    with pytest.raises(ConfigurationError, match="It has none"):
        PageConfig(translations=[tmp_path / "none"])
    texts = {"Connect %(provider)s": "100 % verbinden", "Exit": "0 % Lust", "50% off": "50 % weniger"}
    _catalogue(tmp_path / "good", "de", texts)
    languages = Languages(PageConfig(translations=[tmp_path / "good"]).translations)
    pages = Templating(brand=BRAND, static_url=assets().url, languages=languages)
    html = pages.render(samples()["connect"], languages.get("de"))
    assert "100 % verbinden" in html
    assert "0 % Lust" in html
    assert languages.get("de").text("50% off") == "50 % weniger"
    assert languages.get("de").text(Message("Connect %(provider)s", provider="X")) == "100 % verbinden"


def test_host_filters_work_in_every_language() -> None:
    """What a host adds to the environment is there in all languages."""
    pages = templating(
        [jinja2.DictLoader({"pages/closed.html": "{{ 'x' | loud }}{{ shop }}{{ _('Exit') }}"})]
    )
    pages.environment.filters["loud"] = str.upper
    pages.environment.globals["shop"] = "Acme"
    closed = samples()["closed"]
    assert pages.render(closed) == "XAcmeExit"
    assert pages.render(closed, LANGUAGES.get("de")) == "XAcmeBeenden"


def test_documented_override_is_short() -> None:
    """docs/languages.md shows how to override a text in under ten lines."""
    text = (ROOT / "docs" / "languages.md").read_text(encoding="utf-8")
    for block in re.findall(r"```\w*\n(.*?)```", text, flags=re.DOTALL):
        assert len(block.splitlines()) < 10
