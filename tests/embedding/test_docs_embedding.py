"""docs/embedding.md: its snippets connect an account in Chromium, and the types say what they promise."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from playwright.sync_api import Page, expect

from connect_hub.keys import new_key_text
from connect_hub.web.static import STATIC
from tests.embedding.place import Place, place_of
from tests.embedding.test_connect_js import PATIENCE
from tests.peers.browser import Observed
from tests.peers.node import ROOT, node_path

DOCS = (ROOT / "docs" / "embedding.md").read_text("utf-8")
BLOCKS = {
    re.sub(r"^(?:#|//|<!--) | -->$", "", text.partition("\n")[0]): text
    for text in re.findall(r"```(?:python|html|jsx|vue)\n(.*?)```", DOCS, re.DOTALL)
}
PACKAGES = ROOT / "node_modules"
HEAD = '<!doctype html><html lang="en"><title>Host</title>'
IMPORTS = '<script type="importmap">{"imports": {"react": "/react.mjs", "vue": "/vue.js"}}</script>'
REACT = f"""{HEAD}<script src="/react.js"></script><script src="/react-dom.js"></script>{IMPORTS}
<div id="root"></div><script type="module">
import {{ ConnectButton }} from "/button.js";
const told = (account) => console.log("connected", account.id, account.provider);
ReactDOM.createRoot(document.getElementById("root")).render(
  React.createElement(ConnectButton, {{ hubUrl: "HUB", onConnected: told }}));
</script>"""
VUE = f"""{HEAD}{IMPORTS}<div id="root"></div><script type="module">
import {{ createApp }} from "vue";
import ConnectButton from "/button.js";
const told = (account) => console.log("connected", account.id, account.provider);
createApp(ConnectButton, {{ hubUrl: "HUB", onConnected: told }}).mount("#root");
</script>"""
SHIM = """const React = globalThis.React;
export default React;
export const { useCallback, useEffect, useState } = React;"""
USES = """
import type { ConnectAccount } from "./connect";
const open: { close(): void } = Connect.start({
  sessionToken: "a",
  styles: { inline: { containerId: "a", width: 1, height: "2px" }, options: { back: false } },
  onSuccess(account) { const id: string = account.id; console.log(id, account.provider); },
});
open.close();
window.Connect.start({ sessionToken: "a", onError({ code }) { console.log(code.length); } }).close();
const attributes: JSX.IntrinsicElements["connect-hub"] = { token: "a", "hub-url": "/x", className: "b" };
console.log(attributes);
// @ts-expect-error the attribute is a text
const wrong: JSX.IntrinsicElements["connect-hub"] = { token: 3 };
console.log(wrong);
document.createElement("connect-hub").addEventListener("error", (event) => console.log(event.detail.code));
document.createElement("connect-hub").addEventListener("success", (event) => {
  const account: ConnectAccount = event.detail;
  console.log(account);
});
// @ts-expect-error the token is missing
Connect.start({});
// @ts-expect-error no such option
Connect.start({ sessionToken: "a", onFailure() {} });
// @ts-expect-error an account has no name
Connect.start({ sessionToken: "a", onSuccess: (account) => account.name });
"""


def node(*arguments: str, given: str = "", folder: Path = ROOT) -> str:
    done = subprocess.run(
        [node_path(), *arguments], input=given, capture_output=True, text=True, cwd=folder, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_blocks_are_known() -> None:
    """A block that is added has to be run below."""
    assert set(BLOCKS) == {"the hub", "token", "plain", "element", "again", "react", "vue"}


@pytest.mark.node
def test_the_types_are_those_of_the_script(tmp_path: Path) -> None:
    """TypeScript takes a right use of connect.d.ts, and refuses wrong ones."""
    (tmp_path / "connect.d.ts").write_bytes((STATIC / "connect.d.ts").read_bytes())
    (tmp_path / "uses.ts").write_text(USES)
    options = ["--strict", "--noEmit", "--target", "es2022", "--module", "es2022", "--types", ""]
    compiler = str(PACKAGES / "typescript" / "bin" / "tsc")
    node(compiler, *options, "--moduleResolution", "bundler", "uses.ts", folder=tmp_path)


REACT_19 = """
declare module "react" {
  interface HTMLAttributes<T> { className?: string; onClick?: (event: { currentTarget: T }) => void }
  namespace JSX {
    interface IntrinsicElements { div: HTMLAttributes<HTMLDivElement> }
  }
}
declare module "react/jsx-runtime" {
  export { JSX } from "react";
  export function jsx(type: string, attributes: object): object;
}
"""
"""What React's types have of this, where the elements of its JSX are looked up since React 19."""

ELEMENTS = """
const right = <connect-hub token="a" hub-url="https://app.example.com/connect" height={400} className="b" />;
// @ts-expect-error the token is a text
const wrong = <connect-hub token={3} />;
// @ts-expect-error there is no such attribute
const other = <connect-hub colour="red" />;
export { right, wrong, other };
"""


@pytest.mark.node
def test_the_element_is_known_to_the_jsx_of_react(tmp_path: Path) -> None:
    """The TypeScript block: with it TSX takes the element with its attributes and React's own, and refuses
    wrong ones; without it there is no such element."""
    [declaration] = re.findall(r"```ts\n(.*?)```", DOCS, re.DOTALL)
    (tmp_path / "connect.d.ts").write_bytes((STATIC / "connect.d.ts").read_bytes())
    (tmp_path / "react.d.ts").write_text(REACT_19)
    (tmp_path / "elements.tsx").write_text(ELEMENTS)
    options = ["--strict", "--noEmit", "--target", "es2022", "--module", "es2022", "--jsx", "react-jsx"]
    command = [str(PACKAGES / "typescript" / "bin" / "tsc"), *options, "--types", ""]
    command += ["--moduleResolution", "bundler", "elements.tsx", "react.d.ts"]
    with pytest.raises(AssertionError, match="'connect-hub' does not exist"):
        node(*command, folder=tmp_path)
    (tmp_path / "jsx.d.ts").write_text(declaration)
    node(*command, "jsx.d.ts", folder=tmp_path)


async def test_the_server_hands_over_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python blocks: the token that the route answers with may read /hub/ from the configured origin."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONNECT_HUB_KEYS", new_key_text())
    names: dict[str, Any] = {"__name__": "the_host"}
    exec(BLOCKS["the hub"], names)  # noqa: S102  # our own documentation
    exec(BLOCKS["token"], names)  # noqa: S102
    transport = httpx2.ASGITransport(app=names["app"])
    async with httpx2.AsyncClient(transport=transport, base_url="https://app.example.com") as http:
        token = (await http.post("/connect-token")).json()["token"]
        headers = {"x-hub-session-token": token, "origin": "https://www.example.com"}
        answer = await http.get("/connect/hub/connectors", headers=headers)
    assert [one["provider"] for one in answer.json()["integrations"]] == ["bamboohr"]
    assert answer.headers["access-control-allow-origin"] == "https://www.example.com"


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with place_of(tmp_path) as running:
        yield running


def connects(place: Place, page: Page, html: str, *, frame: str = "iframe") -> None:
    """Show `html` as the host's page, follow its hub to an account, and hear of it on the console."""
    token = place.token(provider="simulated-key")
    page.route("**/connect-token", lambda route: route.fulfill(json={"token": token}))
    html = html.replace("https://app.example.com/connect", place.hub_url).replace("HUB", place.hub_url)
    place.pages["/"] = html.replace('token="…"', f'token="{token}"')
    page.goto(place.host + "/")
    if frame == "iframe":
        page.get_by_role("button", name="Connect a tool").click(timeout=PATIENCE)
    hub = page.frame_locator(frame)
    hub.get_by_label("API key").fill(place.key, timeout=PATIENCE)
    with page.expect_console_message(lambda said: "connected" in said.text, timeout=PATIENCE) as told:
        hub.get_by_role("button", name="Connect Acme Key").click()
    expect(hub.get_by_role("heading", name="Acme Key is connected")).to_be_visible(timeout=PATIENCE)
    [account] = place.accounts()
    assert told.value.text == f"connected {account['id']} simulated-key"


@pytest.mark.browser
def test_the_element_begins_again_with_another_token(place: Place, page: Page) -> None:
    """An element whose session has ended asks the server of the host for another token, and begins again."""
    tokens = [place.token(provider="simulated-key"), place.token()]
    page.route("**/connect-token", lambda route: route.fulfill(json={"token": tokens.pop(0)}))
    place.pages["/"] = HEAD + BLOCKS["again"].replace("https://app.example.com/connect", place.hub_url)
    page.goto(place.host + "/")
    hub = page.frame_locator("connect-hub iframe")
    expect(hub.get_by_label("API key")).to_be_visible(timeout=PATIENCE)
    page.evaluate("hub.dispatchEvent(new CustomEvent('error', { detail: { code: 'link_expired' } }))")
    expect(hub.get_by_role("link", name="Acme Login")).to_be_visible(timeout=PATIENCE)
    assert tokens == []


@pytest.mark.browser
@pytest.mark.node
@pytest.mark.parametrize("name", ["plain", "element", "react", "vue"])
def test_the_snippet_connects(
    name: str, place: Place, page: Page, observed: Observed, tmp_path: Path
) -> None:
    """Plain HTML, the element, React and Vue: as they stand there, compiled where they have to be."""
    button = tmp_path / "button.js"
    place.pages["/button.js"] = button
    if name == "react":
        (tmp_path / "button.jsx").write_text(BLOCKS["react"])
        options = ["--allowJs", "--noCheck", "--jsx", "react", "--target", "es2022", "--module", "es2022"]
        compiler = str(PACKAGES / "typescript" / "bin" / "tsc")
        node(
            compiler,
            *options,
            "--moduleResolution",
            "bundler",
            "--outDir",
            ".",
            "button.jsx",
            folder=tmp_path,
        )
        # A bundler would resolve `react`; and JSX of the classic kind needs it in scope.
        (tmp_path / "react.mjs").write_text(SHIM)
        place.pages["/react.mjs"] = tmp_path / "react.mjs"
        for file in ("react", "react-dom"):
            place.pages[f"/{file}.js"] = PACKAGES / file / "umd" / f"{file}.production.min.js"
    if name == "vue":
        button.write_text(node(str(ROOT / "tests" / "embedding" / "compile.mjs"), given=BLOCKS["vue"]))
        place.pages["/vue.js"] = PACKAGES / "vue" / "dist" / "vue.esm-browser.prod.js"
    html = {"react": REACT, "vue": VUE}.get(name, HEAD + BLOCKS.get(name, ""))
    connects(place, page, html, frame="connect-hub iframe" if name == "element" else "iframe")
    assert observed.page_errors == []
