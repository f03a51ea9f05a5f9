"""The list of providers, which is kept from one visit to the next."""

from pathlib import Path

from connect_hub import HubConfig, PageConfig
from tests.customer import Customer, Seen
from tests.hubs import GOOD_KEY, Hub, make_hub

SESSIONS: tuple[dict[str, object], ...] = (
    {},
    {"locale": "de"},
    {"categories": ["hris"]},
    {"multiple": True},
)


async def entered(made: Hub, **fields: object) -> tuple[Customer, Seen]:
    link = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme", **fields)  # type: ignore[arg-type]
    customer = Customer(made.hub, headers={"accept-language": "en"})
    landing = await customer.open(link.url)
    return customer, await customer.send(landing.forms[0])


def named(seen: Seen) -> tuple[str, str, list[tuple[str, str]]]:
    """The name of a page's visit; the page without it; its headers."""
    name = seen.url.rpartition("/")[2].partition("?")[0]
    headers = [h for h in seen.headers.multi_items() if h[0] not in {"set-cookie", "date"}]
    return name, seen.text.replace(name, "…"), headers


async def listed(made: Hub) -> list[tuple[str, str, list[tuple[str, str]]]]:
    """Lists in many states, some of them twice, by visits of their own."""
    pages = []
    for fields in (*SESSIONS, *SESSIONS):
        customer, seen = await entered(made, **fields)
        url = seen.url
        pages.append(named(seen))
        if fields == {"multiple": True}:
            form = await customer.get(url + "/connect/simulated-key")
            done = await customer.press(form, "Connect Acme Key", {"f.api_key": GOOD_KEY})
            assert done.heading == "Acme Key is connected"
        pages += [named(await customer.get(url + more)) for more in ("", "?q=login", "?category=hris", "")]
    return pages


async def test_kept_page_is_what_would_be_rendered(tmp_path: Path) -> None:
    """T51: whatever was shown to whom before, a list is answered as it is where nothing is kept: in its
    session's language, with its accounts alone, under its visit's name alone."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    # Templates of the host's own, here none, are rendered at each request.
    rendering = HubConfig(pages=PageConfig(templates=[tmp_path / "a"]))
    kept = await listed(make_hub(tmp_path / "a"))
    rendered = await listed(make_hub(tmp_path / "b", config=rendering))
    assert [page[1:] for page in kept] == [page[1:] for page in rendered]
    assert len({text for _, text, _ in kept}) > 5
    names = {name for name, _, _ in kept}
    assert len(names) == 2 * len(SESSIONS)
    assert not [name for name in names for _, text, _ in kept if name in text]


async def test_templates_of_the_host_are_rendered_each_time(tmp_path: Path) -> None:
    """A host's template may say what holds at the moment: nothing of it is kept for the next visitor."""
    folder = tmp_path / "templates" / "pages"
    folder.mkdir(parents=True)
    (folder / "providers.html").write_text("{{ [1, 2, 3] | random }}{{ page.cards | length }}" * 40)
    made = make_hub(tmp_path, config=HubConfig(pages=PageConfig(templates=[folder.parent])))
    customer, seen = await entered(made)
    assert (await customer.get(seen.url)).text != (await customer.get(seen.url)).text
