"""Static files: named by their content, cached for ever, and nothing but what is meant to be served."""

import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount
from starlette.testclient import TestClient

from connect_hub.errors import NotFound
from connect_hub.web.static import Assets
from connect_hub.web.theme import monogram_svg

NAMES = {"acme": "Acme <Ltd> & Co", "bamboohr": "BambooHR"}


def client(assets: Assets) -> TestClient:
    """An application that serves `assets` below /connect and answers 404 for NotFound."""

    async def not_found(request: Request, error: Exception) -> JSONResponse:
        return JSONResponse({}, status_code=404)

    app = Starlette(
        routes=[Mount("/connect", routes=[assets.route()])], exception_handlers={NotFound: not_found}
    )
    return TestClient(app)


def made(*folders: Path, **generated: Callable[[], bytes]) -> Assets:
    return Assets(
        prefix="/connect/static/",
        folders=folders,
        generated={name.replace("_", "."): make for name, make in generated.items()},
        logo_name=NAMES.get,
    )


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("hub.css", "text/css"),
        ("hub.js", "text/javascript"),
        ("opener.js", "text/javascript"),
        ("logos/bamboohr.svg", "image/svg+xml"),
    ],
)
def test_file_is_cached_under_the_hash_of_its_content(name: str, kind: str) -> None:
    """The address of a file names its content, may be cached for ever, and cannot be sniffed as anything
    else; HEAD says the same."""
    assets = made()
    url = assets.url(name)
    assert re.fullmatch(r"/connect/static/[a-z/]+\.[0-9a-f]{16}\.[a-z]+", url)
    answer = client(assets).get(url)
    assert (answer.status_code, answer.content) == (200, assets.read(name))
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-type"].startswith(kind)
    head = client(assets).head(url)
    assert (head.status_code, head.content, head.headers) == (200, b"", answer.headers)
    assert client(assets).post(url).status_code == 405


def test_plain_name_is_checked_by_its_etag() -> None:
    """A name without a hash is asked for each time, and answered 304 while it is unchanged."""
    browser = client(made())
    answer = browser.get("/connect/static/hub.css")
    assert answer.headers["cache-control"] == "public, no-cache"
    for sent in (answer.headers["etag"], f'"other", W/{answer.headers["etag"]}'):
        again = browser.get("/connect/static/hub.css", headers={"if-none-match": sent})
        assert (again.status_code, again.content) == (304, b"")
    assert browser.get("/connect/static/hub.css", headers={"if-none-match": '"other"'}).status_code == 200


def test_another_hash_is_not_found() -> None:
    """A hash that is not the file's own is 404: no cache keeps this file under another one's name."""
    assert client(made()).get("/connect/static/hub.0123456789abcdef.css").status_code == 404
    with pytest.raises(NotFound):
        made().url("absent.css")


@pytest.mark.parametrize(
    "path",
    [
        "../secret.css",
        "..%2fsecret.css",
        "%2e%2e/secret.css",
        "%2e%2e%2fsecret.css",
        "logos/..%2f..%2fsecret.css",
        "logos/../hub.css%00.svg",
        "..\\secret.css",
        "{outside}/secret.css",
        "%2f{outside}/secret.css",
        "secret.txt",
        ".hidden.css",
        "logos",
        "logos/",
        "logos/README.md",
        "",
        "hub.css/",
        "x" * 5000 + ".css",
    ],
)
def test_nothing_else_is_served(path: str, tmp_path: Path) -> None:
    """No address reaches a folder, a file of another kind, or anything outside the static folders."""
    folder = tmp_path / "static"
    (folder / "logos").mkdir(parents=True)
    for secret in (tmp_path / "secret.css", folder / ".hidden.css", folder / "secret.txt"):
        secret.write_text("no")
    address = "/connect/static/" + path.replace("{outside}", str(tmp_path))
    assert client(made(folder)).get(address).status_code == 404


def test_link_out_of_a_folder_is_not_followed(tmp_path: Path) -> None:
    """A symbolic link inside a folder that points out of it is not served."""
    (tmp_path / "secret.css").write_text("secret")
    folder = tmp_path / "static"
    folder.mkdir()
    (folder / "out.css").symlink_to(tmp_path / "secret.css")
    (folder / "in.css").write_text("fine")
    browser = client(made(folder))
    assert browser.get("/connect/static/out.css").status_code == 404
    assert browser.get("/connect/static/in.css").text == "fine"


def test_host_file_comes_before_ours(tmp_path: Path) -> None:
    """A host's folder replaces a file of ours and a generated one, and gets a hash of its own."""
    (tmp_path / "hub.css").write_text("body{color:red}")
    (tmp_path / "theme.css").write_text(":root{}")
    host, ours = made(tmp_path, theme_css=lambda: b"generated"), made(theme_css=lambda: b"generated")
    assert host.read("hub.css") == b"body{color:red}"
    assert host.url("hub.css") != ours.url("hub.css")
    assert (host.read("theme.css"), ours.read("theme.css")) == (b":root{}", b"generated")


def test_files_are_read_at_first_use_and_once() -> None:
    """Building the assets reads nothing; each file is made once."""
    calls: list[str] = []

    def make() -> bytes:
        calls.append("made")
        return b":root{}"

    assets = made(theme_css=make)
    assert calls == []
    assert assets.url("theme.css") == assets.url("theme.css")
    assert client(assets).get(assets.url("theme.css")).content == b":root{}"
    assert calls == ["made"]


def test_missing_logo_is_a_monogram() -> None:
    """A connector without a logo gets a letter; its SVG runs and loads nothing, also opened by itself; an
    unknown key is 404, so that no address draws a text of a stranger's choosing."""
    assets = made()
    answer = client(assets).get(assets.logo_url("acme"))
    assert (
        answer.headers["content-security-policy"] == "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    )
    root = ElementTree.fromstring(answer.text)  # noqa: S314  # our own bytes
    assert [e.text for e in root.iter() if e.text and e.text.strip()] == ["A"]
    assert client(assets).get("/connect/static/logos/stranger.svg").status_code == 404


@pytest.mark.parametrize("name", ["<script>", "&amp;", "", "\u202e", "🙂", "é", "ß", "株式会社", "ǆ"])
def test_monogram_of_any_name_is_well_formed(name: str) -> None:
    """Whatever a connector is called, its monogram is well-formed, with one letter and no script or style."""
    root = ElementTree.fromstring(monogram_svg(name))  # noqa: S314  # our own bytes
    assert {element.tag.rpartition("}")[2] for element in root.iter()} == {"svg", "rect", "text"}
    assert all(
        not attribute.startswith(("on", "style")) for element in root.iter() for attribute in element.attrib
    )
    letter = "".join(root.itertext()).strip()
    assert len(letter) == 1
    assert letter.isalnum() or letter == "?"
