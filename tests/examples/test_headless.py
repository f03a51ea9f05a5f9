"""The headless example in Chromium: the host's own page, drawn from the hub's JSON."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from connect_hub import KeyRing
from connect_hub.keys import new_key_text
from connect_hub.testing.serving import serving
from examples.headless import create_app
from examples.settings import Settings
from examples.simulation import Simulation, simulation
from tests.embedding.place import Late, closing
from tests.peers.browser import Observed

pytestmark = pytest.mark.browser

PATIENCE = 30_000


@pytest.fixture
def site(tmp_path: Path) -> Iterator[tuple[str, Simulation]]:
    late = Late()
    with serving(late, before_stop=lambda: None) as origin, simulation(f"{origin}/connect") as tools:
        app = create_app(
            Settings(
                secret_key="made up",
                database_url=str(tmp_path / "hub.db"),
                origin=origin,
                keys=KeyRing.from_text(new_key_text()),
                connectors=tools.connectors,
                network=tools.network,
            )
        )
        late.app = app
        with closing(late, app.state.hub, origin):
            yield origin, tools


def test_the_host_s_own_page_connects(site: tuple[str, Simulation], page: Page, observed: Observed) -> None:
    """A key that is refused, one that is taken, and a sign-in through a window; no token in a URL (T5)."""
    origin, tools = site
    page.goto(origin)
    page.get_by_role("button", name="Acme Key").click(timeout=PATIENCE)
    page.get_by_label("API key").fill("wrong")
    page.get_by_role("button", name="Connect").click()
    status = page.get_by_role("status")
    expect(status).to_contain_text("did not accept", timeout=PATIENCE)
    page.get_by_label("API key").fill(tools.api_key.reveal())
    page.get_by_role("button", name="Connect").click()
    expect(status).to_contain_text("Acme Key is connected", timeout=PATIENCE)
    page.get_by_role("button", name="Acme Login").click()
    with page.expect_popup(timeout=PATIENCE) as opening:
        page.get_by_role("button", name="Connect").click()
    window = opening.value
    window.get_by_role("button", name="Continue").click(timeout=PATIENCE)
    window.get_by_role("button", name="Allow").click(timeout=PATIENCE)
    expect(status).to_contain_text("Acme Login is connected", timeout=PATIENCE)
    assert observed.page_errors == observed.csp_violations == []
    assert not [r.url for r in observed.requests if "token=" in r.url]
