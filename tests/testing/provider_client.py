"""A customer's browser and an application, as small as the tests of the simulated provider need them."""

import base64
import hashlib
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx2

from connect_hub.secret import Secret
from connect_hub.testing.provider import ProviderClient, SimulatedProvider

REDIRECT = "https://app.example/oauth/callback?tenant=1"
SECRET = "client secret + with % signs & more"
CLIENT = ProviderClient(
    client_id="acme-hr",
    client_secret=Secret(SECRET),
    redirect_uris=(REDIRECT, "http://127.0.0.1:9/cb"),
    name="Acme HR <b>",
    grant_types=("authorization_code", "refresh_token", "client_credentials"),
)
OTHER = ProviderClient(client_id="other", client_secret=Secret("another"), redirect_uris=(REDIRECT,))
PUBLIC = ProviderClient(client_id="public", redirect_uris=(REDIRECT,))
VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


@asynccontextmanager
async def browser(provider: SimulatedProvider) -> AsyncIterator[httpx2.AsyncClient]:
    """An HTTP client that talks to the provider in this process, with cookies, without redirects."""
    transport = httpx2.ASGITransport(app=provider)
    async with httpx2.AsyncClient(transport=transport, base_url=provider.base_url) as client:
        yield client


def authorize_url(provider: SimulatedProvider, **changes: str | None) -> str:
    """A right authorization request, with `changes`; None leaves a parameter out."""
    parameters: dict[str, str | None] = {
        "response_type": "code",
        "client_id": "acme-hr",
        "redirect_uri": REDIRECT,
        "state": "s t/a+t=e&",
        "scope": "profile employees",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        **changes,
    }
    query = urlencode({name: value for name, value in parameters.items() if value is not None})
    return f"{provider.base_url}/oauth/authorize?{query}"


def answer_of(location: str) -> dict[str, str]:
    """The parameters that were added to a redirect URI."""
    return {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}


def request_id(page: str) -> str:
    """The hidden field of a consent page."""
    found = re.search(r'name="request" value="([^"]+)"', page)
    assert found is not None
    return found[1]


async def post_token(
    client: httpx2.AsyncClient, form: dict[str, str], *, auth: tuple[str, str] | None = ("acme-hr", SECRET)
) -> httpx2.Response:
    """A token request; `auth` goes, form-encoded as RFC 6749 has it, into Basic."""
    headers = {}
    if auth is not None:
        pair = ":".join(urlencode({"": part})[1:] for part in auth)
        headers["authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
    return await client.post("/oauth/token", data=form, headers=headers)


def code_form(code: str, **changes: str) -> dict[str, str]:
    """The form of a code grant."""
    return {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        **changes,
    }


def refresh_form(refresh_token: str) -> dict[str, str]:
    """The form of a refresh grant."""
    return {"grant_type": "refresh_token", "refresh_token": refresh_token}


async def sign_in(provider: SimulatedProvider, client: httpx2.AsyncClient) -> dict[str, str]:
    """The token answer of a complete sign-in."""
    code = answer_of(provider.approve(authorize_url(provider)))["code"]
    response = await post_token(client, code_form(code))
    assert response.status_code == 200
    answer: dict[str, str] = response.json()
    return answer
