"""Logos of connectors: found where a host puts them, refused where they are not."""

import base64
from pathlib import Path

import pytest

from connect_hub import HubConfig, PageConfig
from connect_hub.connectors.registry import ConnectorRegistry
from connect_hub.errors import ConfigurationError
from tests.connectors.example import TEXT, connector
from tests.customer import Customer
from tests.hubs import API_KEY, make_hub

SVG = '<svg xmlns="http://www.w3.org/2000/svg"><style>rect{fill:#080}</style><rect width="4"/></svg>'
PNG = b"\x89PNG\r\n\x1a\n and so on"


def desk(folder: Path, logo: str) -> Path:
    """A definition of a host's own that names its logo."""
    folder.mkdir(exist_ok=True)
    file = folder / "example.toml"
    file.write_text(TEXT.replace("base_url", f'logo = "{logo}"\nbase_url', 1), encoding="utf-8")
    return file


def test_a_logo_is_found_beside_its_definition_or_in_a_static_folder(tmp_path: Path) -> None:
    """Beside the TOML file, in `logos` there, and first in `logos` of a static folder; for a definition in
    Python in a static folder or among the shipped ones."""
    file = desk(tmp_path / "connectors", "mark.svg")
    beside, below = file.parent / "mark.svg", file.parent / "logos" / "mark.svg"
    below.parent.mkdir()
    below.write_text(SVG)
    assert ConnectorRegistry([file]).logo_file("example") == below
    beside.write_text(SVG)
    assert ConnectorRegistry([file.parent]).logo_file("example") == beside
    static = tmp_path / "static"
    (static / "logos").mkdir(parents=True)
    (static / "logos" / "mark.svg").write_text(SVG)
    assert ConnectorRegistry([file], static=[static]).logo_file("example") == static / "logos" / "mark.svg"
    made = connector({"logo": "mark.svg"})
    assert ConnectorRegistry([made], static=[static]).logo_file("example") == static / "logos" / "mark.svg"
    assert ConnectorRegistry([connector({"logo": "zendesk.svg"})]).logo_file("example") is not None
    assert ConnectorRegistry([connector()]).logo_file("example") is None


def test_a_logo_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """A missing file is named with the place for it, and so is one that is no picture or far too large."""
    file = desk(tmp_path, "mark.svg")
    with pytest.raises(ConfigurationError, match=f"no logo 'mark.svg'. Put it at {tmp_path}/mark.svg, or"):
        ConnectorRegistry([file])
    with pytest.raises(ConfigurationError, match=r"Put it at logos/mark.svg in a folder of PageConfig"):
        ConnectorRegistry([connector({"logo": "mark.svg"})])
    (tmp_path / "mark.svg").write_text("<html>")
    with pytest.raises(ConfigurationError, match=r"mark.svg is no SVG file"):
        ConnectorRegistry([file])
    (tmp_path / "mark.svg").write_text(SVG + " " * 300_000)
    with pytest.raises(ConfigurationError, match=r"mark.svg has 293 KiB"):
        ConnectorRegistry([file])
    (tmp_path / "mark.png").write_text(SVG)
    with pytest.raises(ConfigurationError, match=r"mark.png is no PNG file"):
        ConnectorRegistry([desk(tmp_path, "mark.png")])


@pytest.mark.parametrize(("name", "content"), [("mark.svg", SVG.encode()), ("mark.png", PNG)])
async def test_customers_see_it(tmp_path: Path, name: str, content: bytes) -> None:
    """T30: the hub serves it from its own origin, by the address that pages and the API give, and an SVG that
    is opened by itself runs nothing and loads nothing."""
    file = desk(tmp_path / "connectors", name)
    (file.parent / name).write_bytes(content)
    hub = make_hub(tmp_path, connectors=[file]).hub
    key = base64.b64encode(f"{API_KEY}:".encode()).decode()
    customer = Customer(hub)
    meta = await Customer(hub, headers={"authorization": f"Basic {key}"}).get(
        "/connect/connectors/meta/example"
    )
    address = (
        f"/connect/static/logos/example.{meta.text.partition('/logos/example.')[2].partition(chr(34))[0]}"
    )
    seen = await customer.get(address)
    assert (seen.status, seen.text.encode() == content or name == "mark.png") == (200, True)
    assert seen.headers["content-type"] == {"mark.svg": "image/svg+xml", "mark.png": "image/png"}[name]
    policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    assert name == "mark.png" or seen.headers["content-security-policy"] == policy


async def test_a_hosts_static_files_are_served(tmp_path: Path) -> None:
    """A stylesheet of a static folder is linked by `static_url`, served with its type, and looked up before
    ours; a file of a kind that no page loads is not served."""
    static, templates = tmp_path / "static", tmp_path / "templates"
    for folder in (static, templates):
        folder.mkdir()
    (static / "acme.css").write_text("h1 { color: red }")
    (static / "unknown.svg").write_text(SVG)
    (static / "settings.toml").write_text("secret = 1")
    (templates / "layout.html").write_text(
        '{% extends "@connect_hub/layout.html" %}\n'
        '{% block head_after %}<link rel="stylesheet" href="{{ static_url("acme.css") }}">{% endblock %}'
    )
    pages = PageConfig(static=[static], templates=[templates])
    customer = Customer(make_hub(tmp_path, config=HubConfig(pages=pages)).hub)
    page = (await customer.get("/connect/")).text
    address = "/connect/static/acme." + page.partition("/static/acme.")[2].partition('"')[0]
    sheet = await customer.get(address)
    assert (sheet.status, sheet.text) == (200, "h1 { color: red }")
    assert sheet.headers["content-type"] == "text/css; charset=utf-8"
    assert (await customer.get("/connect/static/unknown.svg")).text == SVG
    assert (await customer.get("/connect/static/settings.toml")).status == 404
    with pytest.raises(ConfigurationError, match=r"pages.static: there is no folder"):
        PageConfig(static=[tmp_path / "absent"])
