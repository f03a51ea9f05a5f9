"""What a first view weighs, and what it waits for."""

import gzip
from pathlib import Path
from urllib.parse import urlsplit

from connect_hub import Connector
from connect_hub.connectors.catalog import parse
from connect_hub.models import Category
from connect_hub.testing.provider.connectors import key_toml
from tests.customer import Customer
from tests.hubs import make_hub
from tests.web.test_templates import Document

LIMIT = 30_000
"""Bytes of the list or the form, with all that they load at first, compressed as a proxy would."""


_IN_VIEW = 24
"""How many images of a list are loaded at first, at most: Chromium looks ahead."""


def many(number: int) -> list[Connector]:
    """Connectors with names of their own, in every category."""
    categories = list(Category)
    made = []
    for i in range(number):
        toml = key_toml(base_url="https://provider.example", name=f"Tool {i:03}")
        toml = toml.replace('key = "simulated-key"', f'key = "tool-{i:03}"')
        toml = toml.replace('["hris"]', f'["{categories[i % len(categories)].value}"]')
        made.append(parse(toml, f"tool-{i:03}.toml"))
    return made


async def test_list_and_form_of_150_connectors_are_light(tmp_path: Path) -> None:
    """HTML, stylesheet, scripts and the logos in view of the list, and of the form, are at most 30 kB; other
    logos wait until they are near, and all have a size, so that nothing moves when they come; nothing but the
    one stylesheet keeps the page from being drawn."""
    made = make_hub(tmp_path, connectors=many(148))
    link = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme")
    customer = Customer(made.hub)
    listed = await customer.enter(link.url)
    document = Document(listed.text)
    assert len([e for e in document.all("a") if e.attributes.get("class") == "tool"]) == 150
    form = await customer.get(listed.link("Tool 007"))
    for page in (listed, form):
        document = Document(page.text)
        sheets = [e.attributes["href"] for e in document.all("link") if e.attributes["rel"] == "stylesheet"]
        scripts = [e.attributes for e in document.all("script")]
        assert len(sheets) == 1
        assert all(script.get("type") == "module" for script in scripts)
        loaded = [page.text.encode()]
        images = [e.attributes["src"] for e in document.all("img")][:_IN_VIEW]
        for address in {*sheets, *images, *(script["src"] for script in scripts)}:
            answer = await customer.get(urlsplit(address or "").path)
            assert answer.status == 200
            loaded.append(answer.text.encode())
        assert sum(len(gzip.compress(body, 6)) for body in loaded) <= LIMIT
    logos = [
        e.attributes for e in Document(listed.text).all("img") if "/logos/" in (e.attributes["src"] or "")
    ]
    assert len(logos) == 150
    assert all(logo.get("loading") == "lazy" for logo in logos)
    assert all(logo.get("width") and logo.get("height") for logo in logos)
