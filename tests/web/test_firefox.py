"""The customer's way in Debian's Firefox, which Playwright cannot drive: by puppeteer-core over BiDi."""

import os
import shutil
from pathlib import Path

import pytest

from tests.embedding.place import place_of
from tests.peers.node import NodeProgram

pytestmark = [pytest.mark.browser, pytest.mark.node]


def firefox_path() -> str:
    path = os.environ.get("FIREFOX") or shutil.which("firefox-esr") or shutil.which("firefox")
    assert path is not None, (
        "Firefox is missing: scripts/test installs it, or apt-get install firefox-esr, or set FIREFOX"
    )
    return path


def test_journey_in_firefox(tmp_path: Path) -> None:
    """From a link with its token in the fragment by way of the search, a refused key whose value is kept, and
    a provider's own sign-in, to two connections; nothing is refused or thrown on the way. Then a hub in a
    frame, whose list comes with its first answer, and again by Back."""
    with place_of(tmp_path) as place:
        link = str(place.session(multiple=True)["auth_link_url"])
        place.pages["/"] = f"""<!doctype html><html lang="en"><title>Host</title><h1>Host</h1>
          <script src="{place.hub_url}/connect.js"></script>
          <script>Connect.start({{ sessionToken: "{place.token()}" }});</script>"""
        program = NodeProgram("tests/web/firefox.mjs", firefox_path(), link, place.key, f"{place.host}/")
        lines: list[dict[str, object]] = []
        try:
            while lines[-1:] != [{"done": True}]:
                line = program.read()
                assert isinstance(line, dict)
                lines.append(line)
        finally:
            program.close()
        accounts = place.accounts()
    assert [line["heading"] for line in lines if "heading" in line] == [
        "Connect to 127.0.0.1",
        "Which tool do you use?",
        "Connect Acme Key",
        "Acme Key is connected",
        "Which tool do you use?",
        "Connect Acme Login",
        "Acme Login is connected",
    ]
    assert all(line["focused"] == "H1" for line in lines if "heading" in line)
    assert {"kept": "wrong-key-0123456789"} in lines
    assert {"first": f"{place.hub_url}/embed"} in lines
    assert {"framed": "Which tool do you use?"} in lines
    assert [line for line in lines if "console" in line or "error" in line] == []
    assert {account["provider"] for account in accounts} == {"simulated", "simulated-key"}
