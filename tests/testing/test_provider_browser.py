"""The simulated provider's page in a real browser."""

from urllib.parse import urlencode

import pytest

from connect_hub.testing.provider import ProviderClient, SimulatedProvider
from tests.peers.browser import Observed, OpenPage
from tests.testing.provider_client import CHALLENGE, answer_of


@pytest.mark.browser
@pytest.mark.parametrize("javascript", [True, False], ids=["with scripts", "without"])
def test_a_person_in_chromium(open_page: OpenPage, observed: Observed, javascript: bool) -> None:
    """T30: in Chromium, with and without scripts, the styled page is answered by its buttons and leads back
    to the application on another origin; its Content-Security-Policy refuses nothing of its own."""
    application, provider = SimulatedProvider(name="Application"), SimulatedProvider()
    with application.serve() as app_url, provider.serve() as base_url:
        # Any page will do as the application's callback.
        callback = f"{app_url}/.well-known/oauth-authorization-server"
        provider.add_client(ProviderClient(client_id="acme-hr", redirect_uris=(callback,), name="Acme HR"))
        query = {
            "response_type": "code",
            "client_id": "acme-hr",
            "redirect_uri": callback,
            "state": "s",
            "code_challenge": CHALLENGE,
            "code_challenge_method": "S256",
        }
        url = f"{base_url}/oauth/authorize?{urlencode(query)}"
        page = open_page(javascript=javascript, width=320)
        page.goto(url)
        assert page.get_by_role("heading").inner_text() == "Acme HR wants to use your Acme account"
        width = page.get_by_role("main").bounding_box()
        assert width is not None
        assert width["x"] + width["width"] <= 320, "the stylesheet is allowed, and fits a narrow screen"
        page.get_by_label("Grace Hopper").check()
        page.get_by_role("button", name="Allow").click()
        page.wait_for_url(f"{callback}?*")
        assert set(answer_of(page.url)) == {"code", "state", "iss"}
        page.goto(url)
        page.get_by_label("Somebody else").fill("Zoë")
        page.get_by_role("button", name="Deny").click()
        page.wait_for_url(f"{callback}?*")
        assert answer_of(page.url)["error"] == "access_denied"
        page.goto(url)
        page.get_by_label("Somebody else").press("Enter")
        page.wait_for_url(f"{callback}?*")
        assert "code" in answer_of(page.url), "Enter allows"
        observed.assert_clean()
