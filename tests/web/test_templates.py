"""The pages: whole and accessible in every state, closed to hostile text, open to a host's overrides."""

import ast
import gzip
import inspect
import re
import runpy
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field, fields, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Literal

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import nodes

from connect_hub import Brand, Theme
from connect_hub.errors import ConfigurationError
from connect_hub.folding import folded
from connect_hub.secret import Secret
from connect_hub.testing.gallery.product import BRAND, templating
from connect_hub.testing.gallery.samples import samples
from connect_hub.web import contexts
from connect_hub.web.contexts import BrandView, FieldView, Form, Landing, Leaving, Page, Providers
from connect_hub.web.static import STATIC
from connect_hub.web.templating import TEMPLATES, Templating
from connect_hub.web.theme import DARK, LIGHT, brand_files, contrast, theme_css
from connect_hub.web.untrusted import Untrusted, clean

SAMPLES = samples()
RENDERED = templating()
DOCS = Path(__file__).parent.parent.parent / "docs" / "templates.md"

HOSTILE = {
    "markup": "EVIL<x-evil onx=1>'\"><script>x()</script><img src=//evil.example onerror=x()>",
    "attribute": 'EVIL" onx="1" style=\'x\' autofocus onfocus=x() `${x}` {{ 7*7 }} {% raw %}',
    "bidi": "EVIL\u202egnp.exe\u2066\u2069\u200f\u061c right to left",
    "invisible": "EV\u200bIL\u00ad\u2060\ufeff\U000e0041\u3164\u2800\x00\x1b[2J\x7f",
    "lines": "EVIL\r\nSet-Cookie: a=b\u2028\u2029\v\ttabs",
    "long": "EVIL" + "x" * 10_000,
    "tower": "EVIL-" + "\u0301" * 500,
}
UNSEEN = re.compile(
    "[\u200b-\u200f\u202a-\u202e\u2060-\u2069\u061c\u00ad\ufeff\U000e0041\u3164\u2800\x00\x1b\x7f]"
)


@dataclass
class Element:
    tag: str
    attributes: dict[str, str | None]
    text: str = ""
    children: list["Element"] = field(default_factory=list)


class Document(HTMLParser):
    """A page as a browser would take it apart: `elements` in order, each with the text inside it."""

    VOID = frozenset({"meta", "link", "input", "img", "br", "wbr", "path", "rect"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []
        self.feed(html)
        self.close()
        assert self._open == [], f"left open: {[e.tag for e in self._open]}"

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(attrs) == len(dict(attrs)), f"an attribute twice in <{tag} {attrs}>"
        element = Element(tag, dict(attrs))
        self.elements.append(element)
        for parent in self._open:
            parent.children.append(element)
        if tag not in self.VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self._open.pop().tag == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.text += data

    def all(self, tag: str) -> list[Element]:
        return [element for element in self.elements if element.tag == tag]


def visible(document: Document) -> Iterator[str]:
    """What is read or hovered: all text, and every attribute but what the person typed."""
    for element in document.elements:
        if element.tag != "textarea":
            yield element.text
        yield from (
            v or "" for k, v in element.attributes.items() if not (element.tag == "input" and k == "value")
        )


def test_gallery_shows_every_page() -> None:
    """Every page class has a sample, so that no page escapes these tests."""
    assert {type(page) for page in SAMPLES.values()} == set(contexts.PAGES)
    assert {page.template for page in contexts.PAGES} == {
        f"pages/{path.name}" for path in (TEMPLATES / "pages").iterdir()
    }


@pytest.mark.parametrize("name", SAMPLES)
def test_page_is_whole_and_accessible(name: str) -> None:
    """Each page has one h1, one main landmark behind a skip link, a title, a language, named controls and
    unique ids that all references meet."""
    document = Document(RENDERED.render(SAMPLES[name]))
    assert [len(document.all(tag)) for tag in ("h1", "main", "header", "footer", "title")] == [1, 1, 1, 1, 1]
    assert document.all("html")[0].attributes == {"lang": SAMPLES[name].lang, "dir": SAMPLES[name].dir}
    assert document.all("h1")[0].text.strip()
    assert BRAND.name in document.all("title")[0].text
    assert "None" not in "".join(visible(document))
    assert document.all("a")[0].attributes["href"] == "#main"

    ids = [e.attributes["id"] for e in document.elements if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    for element in document.elements:
        for reference in ("for", "aria-describedby", "aria-labelledby", "aria-controls"):
            assert set((element.attributes.get(reference) or "").split()) <= set(ids)
        href = element.attributes.get("href") or ""
        assert not href.startswith("#") or href[1:] in ids
    labelled = {e.attributes["for"] for e in document.all("label")}
    for control in (e for tag in ("input", "select", "textarea") for e in document.all(tag)):
        if control.attributes.get("type") != "hidden":
            assert control.attributes.get("id") in labelled or control.attributes.get("aria-label")
            assert (control.attributes.get("aria-invalid") == "true") == (
                f"{control.attributes.get('id')}-error" in ids
            )
    assert all("alt" in image.attributes for image in document.all("img"))
    assert all(button.text.strip() for button in document.all("button"))


@pytest.mark.parametrize("name", SAMPLES)
def test_page_needs_no_inline_code_and_no_other_host(name: str) -> None:
    """T5, T30: no page holds an inline script, style or handler, nor loads or posts anything elsewhere."""
    document = Document(RENDERED.render(SAMPLES[name]))
    assert document.all("style") == []
    for script in document.all("script"):
        assert script.text.strip() == ""
        assert "src" in script.attributes
    for element in document.elements:
        assert not [a for a in element.attributes if a == "style" or a.startswith("on")]
        for loaded in ("src", "action", "srcset", "data", "formaction"):
            address = element.attributes.get(loaded)
            assert address is None or re.match(r"/(?!/)", address), address
        if element.tag == "link":
            assert (element.attributes["href"] or "").startswith("/static/")
        if element.tag == "a":
            assert re.match(r"(https://|mailto:|/(?!/)|#|\?)", element.attributes["href"] or "")
        if element.tag == "form":
            assert element.attributes["method"] == "post" or "data-search-form" in element.attributes
        if element.tag == "button":
            # The one button that waits for its script is no submit button.
            assert "disabled" not in element.attributes or element.attributes["type"] == "button"


def test_words_of_a_connector_have_a_direction_of_their_own() -> None:
    """A connector may say in English what an Arabic page shows: its full stops then stand at its ends."""
    page = samples()["connect-all-controls"]
    document = Document(RENDERED.render(page, RENDERED.languages.get("ar")))
    isolated = {element.text for element in document.all("bdi")}
    assert {"Private key", "PEM, with both its lines of dashes."} <= isolated


@pytest.mark.parametrize("attack", HOSTILE)
def test_hostile_text_stays_text(attack: str) -> None:
    """T2, T20: whatever a tenant, a customer or a provider wrote, no page gains an element or an attribute
    by it, and nothing invisible or turning is shown."""
    harmless, hostile = samples(lambda sample: sample or "x"), samples(lambda _: HOSTILE[attack])
    for name, page in hostile.items():
        html = RENDERED.render(page)
        document, expected = Document(html), Document(RENDERED.render(harmless[name]))
        assert document.all("wbr") == []  # which a mail address has behind its @
        assert [(e.tag, sorted(a for a in e.attributes if a != "hidden")) for e in document.elements] == [
            (e.tag, sorted(a for a in e.attributes if a != "hidden"))
            for e in expected.elements
            if e.tag != "wbr"
        ], name
        assert UNSEEN.search("".join(visible(document))) is None, name
        typed = sum(len(e.attributes.get("value") or "") for e in document.all("input"))
        assert len(html) - typed < 40_000, name


@pytest.mark.parametrize("attack", HOSTILE)
def test_requester_cannot_write_the_heading(attack: str) -> None:
    """T2: the landing page's title and headings hold the product's name and host alone; what the requester
    wrote stands in the section labelled as theirs, quoted, isolated, and nowhere else."""
    page = samples(lambda _: HOSTILE[attack])["landing"]
    document = Document(RENDERED.render(page))
    for tag in ("title", "h1", "h2", "header", "footer"):
        assert all("EVIL" not in element.text for element in document.all(tag))
    assert document.all("h1")[0].text == f"Connect to {BRAND.name}"
    section = document.all("section")[0]
    assert "requester" in section.text
    quotes = [e for e in section.children if e.tag == "bdi"]
    assert [q.text.startswith("“EVIL") and q.text.endswith("”") for q in quotes] == [True, True]
    assert document.all("body")[0].text.count("EVIL") == sum(q.text.count("EVIL") for q in quotes)
    assert all(len(q.text) <= 82 for q in quotes)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"]), max_size=300), st.integers(2, 100))
def test_clean_leaves_one_visible_line(text: str, limit: int) -> None:
    """T2: a cleaned text is one line of visible characters within its limit, and clean already."""
    line = clean(text, limit)
    assert len(line) <= limit
    assert line == line.strip()
    assert all(unicodedata.category(c) not in ("Cc", "Cf", "Co", "Cn", "Zl", "Zp") for c in line)
    assert clean(line, limit) == line


def test_clean_keeps_real_names() -> None:
    """Names in any script come through as they are."""
    for name in (
        "Søren Müller & Söhne",
        "株式会社サンプル",
        "مؤسسة المثال",
        "בית תוכנה",
        "บริษัท ตัวอย่าง",
        "Nguyễn Thị",
        "O’Brien 🏢",
    ):
        assert str(Untrusted(unicodedata.normalize("NFC", name))) == unicodedata.normalize("NFC", name)


def test_what_was_typed_is_kept() -> None:
    """A refused form shows every value again, the secret too, each exactly as it was typed."""
    typed = " <a> \"b\" 'c' & \u202e "
    page = samples(lambda _: typed)["connect-wrong"]
    inputs = {
        e.attributes["name"]: e.attributes["value"] for e in Document(RENDERED.render(page)).all("input")
    }
    assert (inputs["subdomain"], inputs["email"], inputs["api_token"]) == (typed, typed, typed)


def test_stored_secret_shows_its_end_and_may_stay() -> None:
    """T46: an edit form shows dots and four characters of a stored secret, and does not require a new one."""
    document = Document(RENDERED.render(SAMPLES["connect-edit"]))
    secret = next(e for e in document.all("input") if e.attributes.get("name") == "api_token")
    assert secret.attributes["value"] == ""
    assert "required" not in secret.attributes
    assert "••••9fQ2" in document.all("summary")[0].text
    assert "open" not in document.all("details")[0].attributes


def test_no_secret_in_a_repr() -> None:
    """T46: the repr of a context tells no typed secret, no nonce and no authorization address."""
    token = FieldView(name="k", label="K", secret=True, secret_value=Secret("canary"))
    assert "canary" not in repr(
        (token, Form("/x", (("nonce", "canary"),)), Leaving(name="X", url="https://x/?canary"))
    )
    with pytest.raises(ValueError, match="secret_value"):
        FieldView(name="k", label="K", kind="password", value="canary")


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "//evil.example", "/\\evil", "https://a b", 'https://a"b', "data:,x", ""],
)
def test_only_web_addresses_become_links(address: str) -> None:
    """T19, T30: a context refuses an address that is not http, https or a path on this host, and the brand's
    configuration does."""
    for make in (
        lambda: Leaving(name="X", url=address),
        lambda: FieldView(name="k", label="K", help_url=address),
    ):
        with pytest.raises(ValueError, match="is not a web address"):
            make()
    refused = pytest.raises(ConfigurationError, match=r"brand\.\w+_url")
    with refused:
        Brand(logo_url=address)
    with refused:
        Brand(support_url=address)
    with refused:
        Brand(privacy_url=address)
    with refused:
        Brand(terms_url=address)


def test_leaving_goes_on_by_itself_and_by_a_link() -> None:
    """T30: the page before another site refreshes to exactly the address that its link has."""
    page = SAMPLES["leaving"]
    assert isinstance(page, Leaving)
    document = Document(RENDERED.render(page))
    refresh = next(e for e in document.all("meta") if e.attributes.get("http-equiv") == "refresh")
    assert refresh.attributes["content"] == f"0; url={page.url}"
    assert page.url in [e.attributes["href"] for e in document.all("a")]


@pytest.mark.parametrize(
    ("query", "category", "found"),
    [
        ("", "", 10),
        ("SOCIÉTÉ", "", 1),
        ("societe generale", "", 1),
        ("gmail", "", 1),
        ("hub", "crm", 1),
        ("hub", "hris", 0),
        ("", "hris", 3),
        ("", "unknown", 10),
        ("recruiting", "", 1),
        ("<script>", "", 0),
    ],
)
def test_search_finds_names_and_aliases(query: str, category: str, found: int) -> None:
    """The list without scripts: search folds accents and case and knows aliases; what it leaves out is
    hidden; an empty result says so."""
    page = SAMPLES["providers"]
    assert isinstance(page, Providers)
    page = Providers(
        cards=page.cards, url=page.url, categories=page.categories, query=query, category=category
    )
    document = Document(RENDERED.render(page))
    shown = [e for e in document.all("li") if "data-search" in e.attributes and "hidden" not in e.attributes]
    assert len(shown) == found
    empty = next(e for e in document.elements if "data-search-empty" in e.attributes)
    assert ("hidden" in empty.attributes) == (found > 0)
    assert folded(query) in ("", *(folded(e.attributes["value"] or "") for e in document.all("input")))


TEXTS = {
    "text": ("surface", "canvas", "sunken", "hover"),
    "muted": ("surface", "canvas", "sunken", "hover"),
    "accent-text": ("surface", "canvas", "sunken", "hover"),
    "on-accent": ("accent",),
    "danger": ("surface", "danger-surface"),
    "warning": ("surface", "warning-surface"),
    "success": ("surface", "success-surface"),
}
"""What is written, and on what."""

COLOURS = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


def accepted(surface: str) -> bool:
    try:
        Theme(surface=surface)
    except ConfigurationError:
        return False
    return True


@given(COLOURS, st.none() | COLOURS.filter(accepted), st.none() | COLOURS.filter(accepted))
def test_every_theme_stays_readable(accent: str, surface: str | None, dark: str | None) -> None:
    """WCAG 2.2, 1.4.3 and 1.4.11: whatever accent and surfaces a host chooses, texts and links are readable
    and buttons stand out, in the light and in the dark scheme."""
    brand = BrandView(name="X", host="x", accent=accent, surface=surface, surface_dark=dark)
    for css in theme_css(brand).split("@media"):
        values = dict(re.findall(r"--chub-([a-z-]+):(#[0-9a-f]{6})", css))
        for ink, papers in TEXTS.items():
            for paper in papers:
                assert contrast(values[ink], values[paper]) >= 4.5, (ink, paper)
        for paper in ("surface", "canvas", "hover"):
            assert contrast(values["accent"], values[paper]) >= 3
            assert contrast(values["line-control"], values["surface"]) >= 3


@pytest.mark.parametrize(("scheme", "shown", "not_sent"), [("light", LIGHT, DARK), ("dark", DARK, LIGHT)])
def test_forced_scheme(
    scheme: Literal["light", "dark"], shown: dict[str, str], not_sent: dict[str, str]
) -> None:
    """A forced scheme is the same for every reader, browser controls as well; the other is not even sent."""
    css = theme_css(BrandView(name="X", host="x", scheme=scheme))
    assert f"color-scheme:{scheme}" in css
    assert shown["text"] in css
    assert not_sent["text"] not in css
    html = templating(brand=replace(BRAND, scheme=scheme)).render(SAMPLES["landing"])
    assert f'<meta name="color-scheme" content="{scheme}">' in html


@pytest.mark.parametrize(
    ("theme", "field"),
    [
        ({"scheme": "blue"}, "theme.scheme"),
        ({"surface": "white"}, "theme.surface"),
        ({"surface_dark": "#808080"}, "theme.surface_dark"),
        ({"radius": "1px;}body{display:none"}, "theme.radius"),
        ({"font": "x;} * {color:red"}, "theme.font"),
        ({"font": "url(https://evil.example)"}, "theme.font"),
    ],
)
def test_theme_takes_no_other_css(theme: dict[str, str], field: str) -> None:
    """T30: a theme's values cannot end their declaration; the message names the field."""
    with pytest.raises(ConfigurationError, match=field.replace(".", r"\.")):
        Theme(**theme)  # type: ignore[arg-type]


def test_theme_reaches_the_stylesheet() -> None:
    """Each token of `Theme` stands in the one stylesheet that the pages load."""
    theme = Theme(scheme="light", surface="#fffaf0", radius="2px", font='"Inter", sans-serif')
    brand = BrandView.of(Brand(accent="#0f766e", theme=theme), "x.example")
    css = brand_files(brand)["pages.css"]().decode()
    for part in ("#fffaf0", "--chub-radius:2px", '--chub-font:"Inter", sans-serif', "#0f766e"):
        assert part in css


def test_fast() -> None:
    """Everything that a page loads besides logos is under 16 kB compressed, and nothing imports more."""
    sources = [(STATIC / name).read_text() for name in ("hub.css", "hub.js", "opener.js")]
    assert sum(len(gzip.compress(source.encode())) for source in sources) < 16_000
    assert not any(
        re.search(r"@import|url\(|import\s*[({*'\"]|https?://(?!acme)", re.sub(r"//.*|/\^https.*", "", s))
        for s in sources
    )


# --- overrides ---


def with_files(**files: str) -> Templating:
    return templating(
        [jinja2.DictLoader({name.replace("__", "/") + ".html": text for name, text in files.items()})]
    )


def test_host_overrides_one_element() -> None:
    """Depth 1: an element of the host's is used on every page; it can call the original."""
    host = with_files(
        elements__button='{% from "@connect_hub/elements/button.html" import button as original %}'
        '{% macro button(label, kind="primary", busy="") %}<b>{{ original(label, kind) }}</b>{% endmacro %}'
    )
    for name in ("landing", "connect", "exit"):
        document = Document(host.render(SAMPLES[name]))
        assert [e.children[0].tag for e in document.all("b")] == ["button"] * len(document.all("b")) != []


def test_host_fills_a_slot_and_replaces_a_block() -> None:
    """Depth 2: a page of the host's extends the original and changes only the blocks that it names."""
    host = with_files(
        pages__landing='{% extends "@connect_hub/pages/landing.html" %}'
        "{% block actions_before %}<p>Questions? Call {{ brand.name }}.</p>{% endblock %}"
        "{% block heading %}<h1>{{ super() | striptags }}</h1>{% endblock %}"
    )
    html = host.render(SAMPLES["landing"])
    assert "Call Acme HR." in html
    assert html.count("<h1>") == 1
    assert "“Globex Corporation”" in html
    assert "Call Acme HR." not in host.render(SAMPLES["decline"])


def test_host_replaces_the_layout() -> None:
    """Depth 3: a layout of the host's holds every page, also when it extends the original one."""
    host = with_files(layout="<main>{% block content %}{% endblock %}</main>")
    assert all(host.render(page).startswith("<main>") for page in SAMPLES.values())
    host = with_files(
        layout='{% extends "@connect_hub/layout.html" %}{% block footer %}<footer>Bye</footer>{% endblock %}'
    )
    assert all("<footer>Bye</footer>" in host.render(page) for page in SAMPLES.values())


def test_host_folder_comes_before_ours(tmp_path: Path) -> None:
    """A folder works like a loader; the first of several wins; the prefix still reaches the original."""
    (tmp_path / "layout.html").write_text("mine {% include '@connect_hub/elements/icon.html' %}")
    assert templating([tmp_path]).render(SAMPLES["declined"]).startswith("mine ")
    both = templating([jinja2.DictLoader({"layout.html": "first"}), tmp_path])
    assert both.render(SAMPLES["declined"]) == "first"
    hijacked = templating([jinja2.DictLoader({"@connect_hub/layout.html": "no"})])
    assert (
        hijacked.environment.get_template("@connect_hub/layout.html").render(page=SAMPLES["declined"]) != "no"
    )


def test_host_template_is_strict_and_escaped() -> None:
    """A name that a host's template misspells is an error; what it prints is escaped, under any file name."""
    with pytest.raises(jinja2.UndefinedError, match="owner_nam"):
        with_files(pages__landing="{{ page.owner_nam }}").render(SAMPLES["landing"])
    page = samples(lambda _: "<b>")["landing"]
    assert isinstance(page, Landing)
    environment = templating().environment
    assert (
        environment.from_string("{{ page.owner_name }}{{ '<i>' }}").render(page=page) == "&lt;b&gt;&lt;i&gt;"
    )


# --- docs/templates.md ---


def described(heading: str) -> dict[str, str]:
    """The parts of the docs under `### `name``, by name, of the section `heading`."""
    section = DOCS.read_text(encoding="utf-8").split(f"\n## {heading}\n")[1].split("\n## ")[0]
    parts = re.split(r"^### `([^`]+)`.*$", section, flags=re.MULTILINE)[1:]
    return dict(zip(parts[::2], parts[1::2], strict=True))


def listed(part: str) -> set[str]:
    return set(re.findall(r"^\| `(\w+)` \|", part, flags=re.MULTILINE))


def attributes(view: type) -> set[str]:
    """What a template can read of `view`, without what every page has."""
    own = {f.name for f in fields(view)} | {
        name
        for base in view.__mro__
        for name, value in vars(base).items()
        if not name.startswith("_")
        and (isinstance(value, property) or type(value).__name__ == "cached_property")
    }
    return own - {f.name for f in fields(Page)} if issubclass(view, Page) and view is not Page else own


def blocks(template: str) -> set[str]:
    tree = RENDERED.environment.parse((TEMPLATES / template).read_text(encoding="utf-8"))
    return {block.name for block in tree.find_all(nodes.Block)}


def test_docs_are_made_from_the_code() -> None:
    """The reference in docs/templates.md is what `scripts/templates` writes today, word for word."""
    script = runpy.run_path(str(DOCS.parent.parent / "scripts" / "templates"))
    text = DOCS.read_text(encoding="utf-8")
    assert script["written"](text) == text, "run .venv/bin/python scripts/templates"


def test_docs_list_every_context() -> None:
    """docs/templates.md and the dataclasses name the same pages, views and fields."""
    views = {
        name: value
        for name, value in vars(contexts).items()
        if inspect.isclass(value) and name in contexts.__all__
    }
    docs = described("Pages") | described("Values inside pages")
    assert set(docs) == set(views)
    for name, view in views.items():
        assert listed(docs[name]) == attributes(view), name


def test_docs_list_every_block() -> None:
    """docs/templates.md names the blocks of each page and of the layout; each content block has its slots."""
    docs = described("Pages") | described("Layout")
    pages = {page.__name__: page.template for page in contexts.PAGES} | {"layout.html": "layout.html"}
    for name, template in pages.items():
        line = next(line for line in docs[name].splitlines() if line.startswith("Blocks: "))
        own = blocks(template) - (set() if name == "layout.html" else blocks("layout.html"))
        slots = {block for block in own if block.endswith(("_before", "_after"))}
        assert set(re.findall(r"`(\w+)`", line)) == own - slots, name
        for block in own - slots - {"title", "scripts", "width"}:
            assert {f"{block}_before", f"{block}_after"} <= slots, (name, block)


def test_docs_list_every_element() -> None:
    """docs/templates.md names each element with its macro's parameters, and each file holds that macro."""
    docs = {name.partition("(")[0]: name for name in described("Elements")}
    assert set(docs) == {path.stem for path in (TEMPLATES / "elements").iterdir()}
    for name, signature in docs.items():
        tree = RENDERED.environment.parse(
            (TEMPLATES / "elements" / f"{name}.html").read_text(encoding="utf-8")
        )
        macro = next(m for m in tree.find_all(nodes.Macro) if m.name == name)
        documented = ast.parse(f"def {signature}: ...").body[0]
        assert isinstance(documented, ast.FunctionDef)
        assert [a.arg for a in documented.args.args] == [a.name for a in macro.args], name


def test_docs_examples_run() -> None:
    """The override examples of docs/templates.md work as they stand there."""
    examples = re.findall(
        r"```jinja\n\{# templates/(\S+) #\}\n(.*?)```", DOCS.read_text(encoding="utf-8"), flags=re.DOTALL
    )
    assert [path for path, _ in examples] == ["elements/button.html", "pages/landing.html", "layout.html"]
    host = templating([jinja2.DictLoader(dict(examples))])
    for page in SAMPLES.values():
        Document(host.render(page))
    assert host.render(SAMPLES["landing"]) != RENDERED.render(SAMPLES["landing"])
