"""The five changes that docs/templates.md shows, taken from there: each by itself, and all at once."""

import io
import re
from html import escape
from pathlib import Path

import pytest
from babel.messages import mofile, pofile

from connect_hub import Brand, HubConfig, PageConfig
from connect_hub.testing.gallery.product import templating
from connect_hub.testing.gallery.samples import samples
from connect_hub.web.static import STATIC
from tests.customer import Customer, Seen
from tests.hubs import Hub, make_hub

TEMPLATES = STATIC.parent / "templates"
DOCS = (Path(__file__).parent.parent.parent / "docs" / "templates.md").read_text(encoding="utf-8")
FENCED = re.compile(r"^```\w+\n(?:# |\{# )(.+?)(?: #\})?\n(.*?)^```$", re.MULTILINE | re.DOTALL)

ACCENT = "the accent"
BUTTON = "templates/elements/button.html"
BLOCK = "templates/pages/landing.html"
LAYOUT = "templates/layout.html"
GERMAN = "translations/de/LC_MESSAGES/connect_hub.po"
ALL = (ACCENT, BUTTON, BLOCK, LAYOUT, GERMAN)
OURS, THEIRS = "Das war nicht für mich bestimmt", "Das war nicht für uns"


def blocks() -> dict[str, str]:
    """The blocks of the page by what their first line names, whole."""
    found = {match[1]: match[0].partition("\n")[2].rpartition("\n")[0] for match in FENCED.finditer(DOCS)}
    assert set(found) == set(ALL)
    return found


def changed(folder: Path, names: tuple[str, ...]) -> Hub:
    """A hub of a host that has made these changes, as its files and its configuration say."""
    brand, shown = Brand(name="Acme HR"), blocks()
    (folder / "templates").mkdir(parents=True)
    (folder / "translations").mkdir()
    for name in names:
        if name == ACCENT:
            values: dict[str, Brand] = {}
            exec(shown[name], {"Brand": Brand}, values)  # noqa: S102  # our own page
            brand = values["brand"]
        else:
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(shown[name], encoding="utf-8")
            if file.suffix == ".po":
                compiled = io.BytesIO()
                mofile.write_mo(compiled, pofile.read_po(io.BytesIO(file.read_bytes()), locale="de"))
                file.with_suffix(".mo").write_bytes(compiled.getvalue())
    pages = PageConfig(templates=[folder / "templates"], translations=[folder / "translations"])
    return make_hub(folder, config=HubConfig(pages=pages), brand=brand)


def seen_in(page: Seen, css: str) -> set[str]:
    """Which changes a page shows."""
    marks = {
        ACCENT: "--chub-accent:#0f766e" in css.replace(" ", ""),
        BUTTON: re.search(r'<button type="submit" class="button \w+ acme-button"', page.text) is not None,
        BLOCK: "<p>Not sure? Ask your account manager at Acme HR first.</p>" in page.text,
        LAYOUT: '<meta name="application-name" content="Acme HR">' in page.text
        and '<p class="bottom acme-footer">Made by Acme Ltd.</p>' in page.text,
        GERMAN: THEIRS in page.text,
    }
    return {name for name, there in marks.items() if there}


def test_each_has_under_ten_lines() -> None:
    """The accent, the button, one block, the layout and one German text take fewer than ten lines each, with
    the line that names the file."""
    for name, text in blocks().items():
        assert 1 <= len(text.splitlines()) < 10, name


@pytest.mark.parametrize(
    "names",
    [(), *((name,) for name in ALL), ALL],
    ids=["none", "accent", "button", "block", "layout", "german", "all"],
)
async def test_change_is_what_customers_see(tmp_path: Path, names: tuple[str, ...]) -> None:
    """What the host changes, and nothing else, is changed for a German customer who opens a link and refuses
    it: the block on its page, button and layout on both, the text on the button, which still works."""
    hub = changed(tmp_path, names).hub
    link = await hub.links.create(origin_owner_id="42", origin_owner_name="Globex", locale="de")
    customer = Customer(hub)
    landing = await customer.open(link.url)
    sheet = re.search(r'<link rel="stylesheet" href="([^"]+)"', landing.text)
    assert sheet is not None
    css = (await customer.get(sheet[1])).text
    assert seen_in(landing, css) == set(names)
    assert '<html lang="de"' in landing.text
    assert (OURS in landing.text) == (GERMAN not in names)
    assert escape("Acme HR") in landing.heading

    question = await customer.press(landing, THEIRS if GERMAN in names else OURS)
    assert "/link/decline" in question.url
    assert seen_in(question, css) == set(names) - {BLOCK, GERMAN}


def test_the_hooks_of_the_scripts_are_told() -> None:
    """Every attribute that a script of the customer's pages looks for is in the table, and every one of the
    table is looked for and stands in a template."""
    section = DOCS.partition("## What the scripts hold on to")[2].partition("\n## ")[0]
    told = set(re.findall(r"`(data-[a-z-]+)`", section))
    scripts = "".join((STATIC / name).read_text() for name in ("hub.js", "embed.js", "opener.js"))
    looked_for = set(re.findall(r"\[(data-[a-z-]+)\]", scripts)) | {"data-arrive"}
    templates = "".join(
        path.read_text() for path in TEMPLATES.rglob("*.html") if "dashboard" not in path.parts
    )
    assert looked_for <= told
    for name in told:
        camel = re.sub(r"-([a-z])", lambda match: match[1].upper(), name.removeprefix("data-"))
        assert f"[{name}]" in scripts or re.search(rf"\b{camel}\b", scripts), name
        assert name in templates, name


def test_every_secret_is_forgotten() -> None:
    """T31: the hook stands on each control of a secret, of one line or of many, stored or not."""
    render, found = templating().render, 0
    for name, page in samples().items():
        controls = re.findall(r"<(?:input|textarea)\b[^>]*>", render(page))
        for control in controls:
            if 'type="password"' in control or 'class="secret"' in control:
                assert " data-forget" in control, name
                found += 1
    assert found > 5
