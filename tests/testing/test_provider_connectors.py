"""The simulated provider's connectors describe the provider that is there."""

from pathlib import Path

import pytest

from connect_hub.connectors.catalog import read_folder
from connect_hub.connectors.definition import ApiKeyMethod, OAuth2Method
from connect_hub.testing.provider import ProviderPolicy, SimulatedProvider, key_toml, oauth_toml
from tests.testing.provider_client import browser


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:4000", "https://provider.test"])
async def test_the_connectors_lead_to_the_endpoints(base_url: str) -> None:
    """Every address in the connectors is one of the metadata or the API; http is allowed on loopback only,
    and on https the issuer is pinned."""
    provider = SimulatedProvider(base_url=base_url, name='Acme "HR" \\ Söhne')
    login, key = provider.connector(), provider.key_connector()
    assert (login.key, key.key) == ("simulated", "simulated-key")
    assert (login.name, key.name) == (f"{provider.name} Login", f"{provider.name} Key")
    method, key_method = login.methods[0], key.methods[0]
    assert isinstance(method, OAuth2Method)
    assert isinstance(key_method, ApiKeyMethod)
    api_key = provider.add_api_key().reveal()
    async with browser(provider) as client:
        metadata = (await client.get("/.well-known/oauth-authorization-server")).json()
        assert method.authorize_url == metadata["authorization_endpoint"]
        assert method.token_url == metadata["token_endpoint"]
        assert method.revoke is not None
        assert method.revoke.url == metadata["revocation_endpoint"]
        assert list(method.scopes) == metadata["scopes_supported"]
        assert key_method.probe is not None
        probe = await client.get(key.address(key_method, key_method.probe.url, {}), auth=(api_key, ""))
        assert set(probe.json()) >= {"id", "name", "email"}
    https = base_url.startswith("https")
    assert login.allow_http is not https
    assert (method.issuer, method.authorization_response_iss_parameter_supported) == (
        (base_url, True) if https else (None, False)
    )
    quiet = SimulatedProvider(base_url=base_url, policy=ProviderPolicy(send_iss=False)).connector().methods[0]
    assert isinstance(quiet, OAuth2Method)
    assert not quiet.authorization_response_iss_parameter_supported


def test_the_texts_are_files_that_a_host_can_keep(tmp_path: Path) -> None:
    """The TOML texts, written into a folder, are read as the two connectors."""
    (tmp_path / "simulated.toml").write_text(oauth_toml(base_url="http://127.0.0.1:1"), encoding="utf-8")
    (tmp_path / "simulated-key.toml").write_text(key_toml(base_url="http://127.0.0.1:1"), encoding="utf-8")
    provider = SimulatedProvider(base_url="http://127.0.0.1:1")
    assert read_folder(tmp_path) == {
        "simulated": provider.connector().read_in(tmp_path),
        "simulated-key": provider.key_connector().read_in(tmp_path),
    }
