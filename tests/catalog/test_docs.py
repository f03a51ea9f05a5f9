"""docs/connectors.md says what is: its examples load, its table is the catalogue."""

import re
from pathlib import Path

import pytest

from connect_hub.connectors import catalog
from connect_hub.connectors.definition import (
    ApiKeyMethod,
    ClientCredentialsMethod,
    Connector,
    Field,
    Format,
    Identity,
    Meaning,
    OAuth2Method,
    Probe,
    Revoke,
    TokenAnswer,
    TokenRequest,
)
from connect_hub.connectors.fields import Definition

PAGE = Path(__file__).parents[2].joinpath("docs", "connectors.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)


def run(source: str) -> dict[str, object]:
    names: dict[str, object] = {}
    exec(compile(source, "docs/connectors.md", "exec"), names)  # noqa: S102  # the page's own example
    return names


def test_the_example_file_loads_alone_and_with_the_oauth_method() -> None:
    """What the page tells a host to write is accepted as it stands."""
    own, oauth, probe, trigger = blocks("toml")
    assert [method.type for method in catalog.parse(own, "acmedesk.toml").methods] == ["api_key"]
    both = catalog.parse(f"{own}\n{oauth}", "acmedesk.toml")
    assert [method.type for method in both.methods] == ["api_key", "oauth2"]
    assert both.recommended.type == "oauth2"
    assert catalog.parse(f"{own}\n{trigger}", "acmedesk.toml").trigger.headers
    whole = own.replace(
        "[methods.probe]                               # tried before anything is stored\n", ""
    )
    assert catalog.parse(whole.replace('url = "/v1/me"\n', f"{probe}\n"), "acmedesk.toml").methods[0].probe


def test_the_python_example_is_a_connector() -> None:
    """The models in Python make the same thing, and are imported from where the page says."""
    configured, modelled = (run(source) for source in blocks("python"))
    assert isinstance(configured["connectors"], list)
    connector = modelled["acme_desk"]
    assert isinstance(connector, Connector)
    assert connector.recommended.type == "api_key"


def test_the_table_is_the_catalogue() -> None:
    """Key, categories and ways to sign in, in the order in which they are offered, are those of the files."""
    rows = re.findall(r"^\| `([a-z-]+)` \| ([a-z, -]+) \| (.+?) \|", PAGE, flags=re.MULTILINE)
    assert sorted(key for key, _, _ in rows) == list(catalog.builtin_keys())
    for key, categories, ways in rows:
        connector = catalog.builtin(key)
        assert categories.split(", ") == [str(category) for category in connector.categories]
        assert re.findall(r"`(\w+)`", ways) == [method.name for method in connector.methods]
        assert connector.recommended is connector.methods[0]


@pytest.mark.parametrize(
    "model",
    [
        Connector,
        Field,
        Probe,
        Identity,
        Revoke,
        ApiKeyMethod,
        ClientCredentialsMethod,
        OAuth2Method,
        TokenRequest,
        TokenAnswer,
    ],
)
def test_every_key_of_the_language_is_on_the_page(model: type[Definition]) -> None:
    """A key that is added to the language is explained, or listed here with the reason why not."""
    for name in model.model_fields:
        assert re.search(rf"\b{name}\b", PAGE), f"{model.__name__}.{name} is not explained"


def test_every_format_and_meaning_is_on_the_page() -> None:
    """The two closed lists are complete."""
    for value in [*Format, *Meaning]:
        assert f"| `{value}` |" in PAGE
