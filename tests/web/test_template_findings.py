"""A host's own templates: what is wrong with them is known by file and line before a customer meets it."""

from pathlib import Path

import httpx2
import pytest

from connect_hub import HubConfig, PageConfig
from connect_hub.testing.gallery import Gallery, TemplateFinding
from tests.customer import Customer
from tests.hubs import make_hub

LANDING = "pages/landing.html"


def page(name: str, content: str, original: str | None = None) -> str:
    """A template of the host's whose second line is `content`."""
    return f'{{% extends "{f"@connect_hub/{name}" if original is None else original}" %}}\n{content}'


def found(folder: Path, files: dict[str, str]) -> list[TemplateFinding]:
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return Gallery(overrides=[folder]).findings()


def test_what_breaks_a_page_is_found(tmp_path: Path) -> None:
    """One finding at each place, at the host's file and line, on however many pages and in however many
    languages: fields, tags, filters, files and templates that there are not, and whatever Python raises."""
    block = "{%% block heading %%}%s{%% endblock %%}"
    wrong = {
        "pages/closed.html": ("{% block heading %}", 2, "looking for the following tags: 'endblock'"),
        "pages/decline.html": (block % "{{ brand.name | upr }}", 2, "No filter named 'upr'"),
        "pages/exit.html": (block % "{{ 1 // 0 }}", 2, "zero"),
        "pages/index.html": (block % '{{ static_url("acme.css") }}', 2, "no static file 'acme.css'"),
        "pages/landing.html": (
            block % "{{ page.owner }}",
            2,
            "Landing has no 'owner'. Did you mean 'owner_name'?",
        ),
    }
    files = {name: page(name, content) for name, (content, _, _) in wrong.items()}
    expected = [(name, line, said) for name, (_, line, said) in wrong.items()]
    original = "@connect_hub/pages/{}.html"
    files["pages/opener.html"] = page("", "", "connect_hub/pages/opener.html")
    expected.append(("pages/opener.html", 1, f"Did you mean '{original.format('opener')}'?"))
    files["pages/problem.html"] = page("", "", "pages/problem.html")
    expected.append(("pages/problem.html", 1, f'it extends itself. Write "{original.format("problem")}"'))
    findings = found(tmp_path, files)
    assert [(one.file, one.line) for one in findings] == [
        (tmp_path / name, line) for name, line, _ in expected
    ]
    for finding, (_, _, said) in zip(findings, expected, strict=True):
        assert finding.breaks
        assert said in finding.text
        assert "\n" not in str(finding)


def test_an_element_has_to_fit_our_pages(tmp_path: Path) -> None:
    """A macro that is missing or lacks an argument is told of at the host's file, not where ours calls it."""
    icon = "{% macro pictogram(name) %}{% endmacro %}"
    button = '\n{% macro button(label, kind="primary") %}{{ label }}{% endmacro %}'
    findings = found(tmp_path, {"elements/icon.html": icon, "elements/button.html": button})
    assert [(one.file.name, one.line, one.text) for one in findings] == [
        ("button.html", 2, "the pages call button(label, kind, busy), and this is button(label, kind)"),
        ("icon.html", None, "it has no macro icon(name), which the pages call"),
    ]


def test_what_has_no_effect_is_said(tmp_path: Path) -> None:
    """A file that no page comes to and a block that the original does not have are named with what was
    probably meant; what a used file includes, blocks inside blocks and hidden files are not."""
    inner = (
        '{% block actions_before %}{% block mine %}{% include "acme/foot.html" %}{% endblock %}{% endblock %}'
    )
    findings = found(
        tmp_path,
        {
            LANDING: page(LANDING, "{% block actionz_before %}{% endblock %}" + inner),
            "pages/landig.html": page("", ""),
            "acme/foot.html": "Acme",
            ".DS_Store": "",
            **{f"shop/{n}.jinja": "" for n in range(9)},
        },
    )
    many, *_ = others = [one for one in findings if "shop" in one.file.parts]
    assert (len(others), many.text) == (6, "no page uses 4 more files")
    findings = [one for one in findings if one not in others]
    assert [(one.file.name, one.line, one.breaks) for one in findings] == [
        ("landig.html", None, False),
        ("landing.html", 2, False),
    ]
    assert findings[0].text == "no page uses this file. Did you mean 'pages/landing.html'?"
    assert "has no block 'actionz_before'. Did you mean 'actions_before'?" in findings[1].text


async def test_a_missing_static_file_is_no_missing_page(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A page whose template asks for a file that is not there is an error of ours that the log has, not a
    404 of the visitor's."""
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "index.html").write_text('{{ static_url("acme.css") }}')
    customer = Customer(make_hub(tmp_path, config=HubConfig(pages=PageConfig(templates=[tmp_path]))).hub)
    assert (await customer.get("/connect/")).status == 500
    assert "there is no static file 'acme.css'" in caplog.text


async def test_the_preview_says_what_is_wrong_in_the_place_of_a_page(tmp_path: Path) -> None:
    """A page that cannot be shown is its finding, with the file and the line; the others are shown."""
    (tmp_path / "pages").mkdir()
    (tmp_path / LANDING).write_text(page(LANDING, "{% block heading %}{{ page.owner }}{% endblock %}"))
    transport = httpx2.ASGITransport(app=Gallery(overrides=[tmp_path]))
    async with httpx2.AsyncClient(transport=transport, base_url="http://gallery.test") as http:
        broken = await http.get("/pages/auto/en/landing")
        assert (broken.status_code, broken.text) == (
            500,
            f"{tmp_path}/pages/landing.html:2: Landing has no 'owner'. Did you mean 'owner_name'?",
        )
        assert (await http.get("/pages/auto/en/success")).status_code == 200
