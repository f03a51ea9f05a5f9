"""The registry: a hub that cannot work does not start, and says which connector is at fault."""

import subprocess
import sys
from pathlib import Path

import pytest

from connect_hub.connectors import catalog
from connect_hub.connectors.registry import ConnectorRegistry, OAuth
from connect_hub.errors import ConfigurationError, ConnectorNotFound
from connect_hub.secret import Secret
from tests.connectors.example import PATH, TEXT, connector, document

OAUTH_ONLY = {"methods": document()["methods"][:1]}  # type: ignore[index]  # a list, as the example writes it
KEY_ONLY = {"methods": document()["methods"][1:2]}  # type: ignore[index]  # the same


def test_an_unknown_key_is_refused_with_the_nearest_one() -> None:
    """A misspelt key stops the hub, and the message names what was probably meant."""
    with pytest.raises(ConfigurationError, match=r"no connector 'zendsk'. Did you mean 'zendesk'"):
        ConnectorRegistry(["zendsk"])
    with pytest.raises(ConfigurationError, match=r"no connector 'qqqqqq'. Known are: .*zendesk"):
        ConnectorRegistry(["qqqqqq"])


@pytest.mark.parametrize(
    "item",
    [
        connector(OAUTH_ONLY),
        OAuth(connector()),
        OAuth(connector(), client_id=""),
        OAuth(connector(), client_id="", client_secret="s"),
        OAuth("slack"),
        "salesforce",
    ],
)
def test_an_oauth_connector_without_a_client_id_is_refused_by_name(item: object) -> None:
    """No client id, no start: the message names the connector, what to write, and where to register."""
    with pytest.raises(
        ConfigurationError, match=r"'(example|slack|salesforce)' signs in with OAuth 2"
    ) as caught:
        ConnectorRegistry([item])  # type: ignore[list-item]  # the list's type is wider than the table's
    assert "client_id=…" in caught.value.message
    assert "Register the client at https://" in caught.value.message


def test_without_a_client_the_other_methods_are_offered_and_oauth_is_not() -> None:
    """A connector that has another method starts without a client, and does not offer OAuth."""
    enabled = ConnectorRegistry([connector()]).get("example")
    assert [method.name for method in enabled.methods] == ["api_key", "client_credentials"]
    with pytest.raises(KeyError):
        enabled.method("oauth2")
    assert enabled.method().name == "api_key"


def test_with_a_client_the_recommended_method_stands_first() -> None:
    """The OAuth client, its scopes and the order of methods are as configured."""
    item = OAuth(connector(), client_id="id", client_secret="CANARY", scopes=["read"])
    registry = ConnectorRegistry([item])
    enabled = registry.get("example")
    oauth2 = enabled.method()
    assert oauth2.type == "oauth2"
    assert enabled.scopes(oauth2) == ("read",)
    assert registry.oauth_keys == ("example",)
    assert enabled.client is not None
    assert isinstance(enabled.client.secret, Secret)
    assert "CANARY" not in repr(enabled.client)
    plain = ConnectorRegistry([OAuth(connector(), client_id="id")]).get("example")
    assert plain.scopes(oauth2) == ("read", "users:read")


@pytest.mark.parametrize(
    ("items", "message"),
    [
        ([connector(), PATH], "configured twice"),
        (["zendesk", "zendesk"], "configured twice"),
        ([OAuth(connector(KEY_ONLY), client_id="x")], "does not sign in with OAuth 2"),
        ([7], "not 7"),
        (["connectors/localdesk.toml"], r"write Path\('connectors/localdesk.toml'\)"),
        ([Path("/nowhere/x.toml")], "/nowhere/x.toml cannot be read"),
    ],
)
def test_a_list_that_makes_no_sense_is_refused(items: list[object], message: str) -> None:
    """Twice the same connector, a client that is not used, a wrong type, a missing file: each is told."""
    with pytest.raises(ConfigurationError, match=message):
        ConnectorRegistry(items)  # type: ignore[arg-type]  # wrong on purpose


def test_scopes_are_a_list() -> None:
    """One text instead of a list of scopes would be read letter by letter: refused."""
    with pytest.raises(ConfigurationError, match="scopes is a list"):
        OAuth("slack", client_id="x", scopes="read write")
    with pytest.raises(ConfigurationError, match="odd character"):
        OAuth("slack", client_id="x", scopes=["read write"])
    with pytest.raises(ConfigurationError, match="odd character"):
        OAuth("slack", client_id="x\n")


def test_a_folder_is_enabled_whole_or_searched_by_key(tmp_path: Path) -> None:
    """A folder among the items enables its files; in `folders` it is where keys are looked up first."""
    (tmp_path / "example.toml").write_text(TEXT, encoding="utf-8")
    shadow = TEXT.replace('key = "example"', 'key = "zendesk"', 1).replace("Example Desk", "Our Own Desk")
    (tmp_path / "zendesk.toml").write_text(shadow, encoding="utf-8")
    assert sorted(ConnectorRegistry([tmp_path])) == ["example", "zendesk"]
    assert ConnectorRegistry(["zendesk"], folders=[tmp_path]).get("zendesk").name == "Our Own Desk"
    assert len(ConnectorRegistry([], folders=[tmp_path])) == 0
    (tmp_path / "broken.toml").write_text("version = 1", encoding="utf-8")
    with pytest.raises(ConfigurationError, match=r"broken.toml: key: it is missing: add `key = …`"):
        ConnectorRegistry([tmp_path])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ConfigurationError, match=r"no connector in .*/empty: put a file"):
        ConnectorRegistry([tmp_path / "empty"])
    with pytest.raises(ConfigurationError, match="There is no folder"):
        ConnectorRegistry([], folders=[tmp_path / "absent"])


def test_an_unknown_connector_is_not_found_by_its_own_name_and_nearest() -> None:
    """Asking for a connector that is not enabled raises ConnectorNotFound, which names the nearest."""
    registry = ConnectorRegistry([connector()])
    assert "example" in registry
    assert "zendesk" not in registry
    with pytest.raises(ConnectorNotFound, match="Did you mean 'example'"):
        registry.get("exampel")
    with pytest.raises(ConnectorNotFound) as caught:
        registry.get("x" * 1000)
    assert len(caught.value.message) < 200


def test_shipped_files_are_read_when_first_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Building a registry of shipped keys parses no file; asking for one parses it once."""
    parsed: list[str] = []
    whole = catalog.parse

    def spy(text: str, source: str) -> object:
        parsed.append(source)
        return whole(text, source)

    monkeypatch.setattr(catalog, "parse", spy)
    catalog.builtin.cache_clear()
    items = [OAuth(key, client_id="x") if "oauth2" in catalog.builtin_method_types(key) else key
             for key in catalog.builtin_keys()]  # fmt: skip  # one thought
    registry = ConnectorRegistry(items)
    assert parsed == []
    registry.get("zendesk")
    registry.get("zendesk")
    assert parsed == ["zendesk.toml"]
    assert [enabled.key for enabled in registry.all()] == list(catalog.builtin_keys())


def test_a_registry_is_imported_and_built_without_the_models() -> None:
    """These modules by themselves, and a registry of shipped keys, import no definition: they cost 0.1 s."""
    program = (
        "import importlib.util, sys\n"
        "spec = importlib.util.find_spec('connect_hub')\n"
        "sys.modules['connect_hub'] = importlib.util.module_from_spec(spec)  # not run\n"
        "import connect_hub.auth.engine, connect_hub.auth.callback\n"
        "from connect_hub.connectors.registry import ConnectorRegistry, OAuth\n"
        "ConnectorRegistry(['zendesk', OAuth('slack', client_id='x')])\n"
        "assert 'connect_hub.connectors.definition' not in sys.modules\n"
        "assert 'pydantic.main' not in sys.modules\n"
    )
    root = Path(catalog.__file__).parents[2]
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60, cwd=root)
