"""The simulated provider over a socket, with Authlib's client as a foreign application."""

import json
import sys
import threading
import urllib.error
import urllib.request
from dataclasses import replace
from datetime import UTC, datetime

import httpx2
import pytest
from authlib.common.security import generate_token
from authlib.integrations.base_client import OAuthError
from authlib.integrations.httpx_client import AsyncOAuth2Client

from connect_hub.clock import FixedClock
from connect_hub.secret import Secret
from connect_hub.testing.provider import SimulatedProvider
from tests.testing.provider_client import CLIENT, REDIRECT, browser, request_id


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_a_foreign_client_does_it_all(method: str) -> None:
    """Authlib signs in with PKCE, calls the API, refreshes, and revokes, whichever way it authenticates."""
    provider = SimulatedProvider(clients=[CLIENT], clock=FixedClock(datetime(2026, 11, 23, tzinfo=UTC)))
    # Authlib does not form-encode what it puts into Basic, so this client's secret is a plain one.
    provider.add_client(replace(CLIENT, client_secret=Secret("plain-secret")))
    metadata_url = f"{provider.base_url}/.well-known/oauth-authorization-server"
    async with browser(provider) as person:
        metadata = (await person.get(metadata_url)).json()
        async with AsyncOAuth2Client(
            client_id="acme-hr",
            client_secret="plain-secret",
            token_endpoint_auth_method=method,
            revocation_endpoint_auth_method=method,
            redirect_uri=REDIRECT,
            scope="profile employees",
            code_challenge_method="S256",
            transport=httpx2.ASGITransport(app=provider),
            token_endpoint=metadata["token_endpoint"],
        ) as client:
            verifier = generate_token(48)
            url, state = client.create_authorization_url(
                metadata["authorization_endpoint"], code_verifier=verifier
            )
            page = await person.get(url)
            form = {"request": request_id(page.text), "decision": "allow", "user": "Ada Lovelace"}
            location = (await person.post("/oauth/consent", data=form)).headers["location"]
            first = await client.fetch_token(
                metadata["token_endpoint"],
                authorization_response=location,
                state=state,
                code_verifier=verifier,
            )
            assert (await client.get(f"{provider.base_url}/api/v1/me")).json()["name"] == "Ada Lovelace"
            second = await client.refresh_token(
                metadata["token_endpoint"], refresh_token=first["refresh_token"]
            )
            assert second["access_token"] != first["access_token"]
            employees = await client.get(f"{provider.base_url}/api/v1/employees")
            assert len(employees.json()) == 3
            await client.revoke_token(metadata["revocation_endpoint"], token=second["refresh_token"])
            with pytest.raises(OAuthError, match="invalid_grant"):
                await client.refresh_token(metadata["token_endpoint"], refresh_token=second["refresh_token"])
    assert provider.families[0].ended == "revoked"


def get(url: str, **headers: str) -> object:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=5) as response:
        return json.load(response)


def test_served_over_a_socket() -> None:
    """`serve()` answers on loopback, names itself the issuer, can be held from another thread, and is gone
    with its thread when the block ends."""
    provider = SimulatedProvider(clients=[CLIENT])
    key = provider.add_api_key()
    with provider.serve() as base_url:
        assert base_url.startswith("http://127.0.0.1:")
        metadata = get(f"{base_url}/.well-known/oauth-authorization-server")
        assert isinstance(metadata, dict)
        assert metadata["issuer"] == base_url
        hold = provider.faults.hold("api")
        names: list[object] = []
        headers = {"Authorization": f"Bearer {key.reveal()}"}
        caller = threading.Thread(target=lambda: names.append(get(f"{base_url}/api/v1/me", **headers)))
        caller.start()
        hold.wait_arrived()
        assert names == []
        hold.release()
        caller.join(5)
        assert isinstance(names[0], dict)
    assert not any(thread.name == "simulated server" for thread in threading.enumerate())
    with pytest.raises(urllib.error.URLError):
        get(base_url)


def test_without_the_extra_it_says_which(monkeypatch: pytest.MonkeyPatch) -> None:
    """The module that is missing is not what one installs by itself."""
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    with pytest.raises(ModuleNotFoundError, match=r'pip install "connect-hub\[serve\]"'):
        SimulatedProvider().start()


def test_stopping_lets_go_of_held_requests() -> None:
    """Leaving the block while a request is held ends both: no test hangs on its own fault switch."""
    provider = SimulatedProvider()
    key = provider.add_api_key()
    done = threading.Event()

    def call(base_url: str) -> None:
        get(f"{base_url}/api/v1/me", Authorization=f"Bearer {key.reveal()}")
        done.set()

    with provider.serve() as base_url:
        hold = provider.faults.hold("api")
        caller = threading.Thread(target=call, args=(base_url,))
        caller.start()
        hold.wait_arrived()
    caller.join(5)
    assert done.is_set()


def test_two_at_once_and_one_twice() -> None:
    """Two providers run side by side, and one can be served again after it stopped."""
    first, second = SimulatedProvider(name="One"), SimulatedProvider(name="Two")
    with first.serve() as one, second.serve() as two:
        assert one != two
        for url in (one, two):
            get(f"{url}/.well-known/oauth-authorization-server")
    with first.serve() as again:
        get(f"{again}/.well-known/oauth-authorization-server")
    assert (first.calls["metadata"], second.calls["metadata"]) == (2, 1)
