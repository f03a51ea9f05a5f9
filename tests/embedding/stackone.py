"""StackOne's own browser clients from npm, unmodified, in pages of a host."""

import json

from playwright.sync_api import Locator, Page

from tests.embedding.place import API_KEY, Place
from tests.peers.node import ROOT, NodeProgram

__all__ = ["component", "react_page", "sdk_token"]

_PACKAGES = ROOT / "node_modules"
_FILES = {
    "/stackone-hub.js": "@stackone/hub/dist/webcomponent.js",
    "/react-hub.mjs": "@stackone/react-hub/dist/index.esm.js",
    "/react.js": "react/umd/react.production.min.js",
    "/react-dom.js": "react-dom/umd/react-dom.production.min.js",
}
_COMPONENT = """<!doctype html><html lang="en"><title>Host</title>
<script>window.heard = [];</script><script src="/stackone-hub.js"></script>
<stackone-hub id="hub" mode="integration-picker" height="700px" token="{token}" base-url="{hub}"
  app-url="{hub}"></stackone-hub>
<script>
const hub = document.getElementById("hub");
for (const name of ["success", "close"]) {{
  hub.addEventListener(name, (event) => heard.push([name, event.detail ?? null]));
}}
</script>"""
# The package imports `react`, as any bundler would resolve it; here a few lines hand over React's own build.
_REACT = """<!doctype html><html lang="en"><title>Host</title><div id="root"></div><div id="box"></div>
<script>window.heard = [];</script><script src="/react.js"></script><script src="/react-dom.js"></script>
<script type="importmap">{{"imports": {{"react": "/react-shim.mjs"}}}}</script>
<script type="module">
import {{ useStackOneHub }} from "/react-hub.mjs";
const App = () => {{
  const {{ startConnect }} = useStackOneHub({{ connectUrl: "{hub}/connect.js" }});
  const begin = () => startConnect({{
    sessionToken: "{token}", {options}
    onSuccess: (account) => heard.push(["success", account]),
    onCancel: () => heard.push(["cancel"]),
    onClose: () => heard.push(["close"]),
  }});
  return React.createElement("button", {{ onClick: begin }}, "Connect Account");
}};
ReactDOM.createRoot(document.getElementById("root")).render(React.createElement(App));
</script>"""
_SHIM = """const React = globalThis.React;
export default React;
export const { useState, useEffect, useCallback } = React;"""


def _serve(place: Place, html: str) -> None:
    place.pages.update({path: _PACKAGES / name for path, name in _FILES.items()})
    shim = place.folder / "react-shim.mjs"
    shim.write_text(_SHIM)
    place.pages["/react-shim.mjs"] = shim
    place.pages["/"] = html


def component(place: Place, page: Page, token: str) -> Locator:
    """`<stackone-hub>` in the host's page."""
    _serve(place, _COMPONENT.format(token=token, hub=place.hub_url))
    page.goto(place.host + "/")
    return page.locator("stackone-hub")


def react_page(place: Place, page: Page, token: str, options: str = "") -> None:
    """A button that calls `startConnect` of `useStackOneHub`."""
    _serve(place, _REACT.format(token=token, hub=place.hub_url, options=options))
    page.goto(place.host + "/")


def sdk_token(place: Place, **fields: object) -> str:
    """A token made by StackOne's TypeScript client; names of fields are in camel case, as its own are."""
    wanted = {"originOwnerId": "acme-42", "originOwnerName": "Acme Corp", **fields}
    environment = {"CONNECT_HUB_URL": place.hub_url, "CONNECT_HUB_API_KEY": API_KEY}
    program = NodeProgram("tests/contract/sdk.mjs", environment=environment)
    try:
        program.write({"call": "connectSessions.createConnectSession", "arguments": wanted})
        answer = program.read()
    finally:
        program.close()
    assert isinstance(answer, dict), answer
    assert answer["ok"], json.dumps(answer)
    return str(answer["value"]["token"])
