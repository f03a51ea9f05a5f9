"""The customer of the demonstration, played over HTTP from the first click to the employees' names."""

from collections.abc import Callable
from urllib.parse import urlsplit

from connect_hub.errors import ConnectHubError
from connect_hub.net import Outbound, OutboundPolicy
from connect_hub.testing.demo.browser import Browser, Page
from connect_hub.testing.demo.stage import Stage
from connect_hub.testing.provider.api import EMPLOYEES

__all__ = ["DemoFailed", "play"]


class DemoFailed(Exception):
    """A step did not end as it should."""


async def play(stage: Stage, *, say: Callable[[str], None], patience: float = 15.0) -> None:
    """Connect a tool with an API key, wrong and then right; another by signing in; then use both.

    Each step is said. Webhooks may take `patience` seconds. Raises DemoFailed at the first step that
    goes wrong.
    """
    hosts = frozenset(urlsplit(url).netloc for url in (stage.address, stage.provider.base_url))
    outbound = Outbound(policy=OutboundPolicy(allow_private_hosts=hosts, allow_http=True))
    try:
        await _Customer(stage, Browser(outbound), say, patience).play()
    except (LookupError, TimeoutError, ConnectHubError) as error:
        raise DemoFailed(str(error)) from error
    finally:
        await outbound.aclose()


class _Customer:
    def __init__(self, stage: Stage, browser: Browser, say: Callable[[str], None], patience: float) -> None:
        self._stage = stage
        self._browser = browser
        self._say = say
        self._patience = patience

    async def play(self) -> None:
        tools = await self._open_link()
        await self._enter_keys(tools)
        await self._sign_in(tools)
        await self._wait_for_webhooks()
        await self._use()

    async def _open_link(self) -> Page:
        browser, stage = self._browser, self._stage
        home = self._expect(await browser.open(stage.address + "/"), 200, "Acme HR")
        opener = self._expect(
            await browser.submit(home, home.form("connect-a-tool")), 200, "Connect a tool: the link"
        )
        token = urlsplit(opener.url).fragment.removeprefix("t=")
        # What the page's script does: it posts the token, so that no log ever sees it.
        landing = self._expect(
            await browser.submit(opener, opener.form("/link/open"), {"token": token}), 200, "The link opens"
        )
        return self._expect(
            await browser.submit(landing, landing.form("/link/confirm")), 200, "Continue: the list of tools"
        )

    async def _enter_keys(self, tools: Page) -> None:
        form = await self._tool(tools, "simulated-key")
        wrong = await self._type_key(form, self._stage.wrong_key)
        self._expect(wrong, 422, "A wrong API key is refused")
        right = await self._type_key(wrong, self._stage.right_key.reveal())
        self._expect(right, 200, "The right API key is accepted")

    async def _type_key(self, page: Page, key: str) -> Page:
        form = next(form for form in page.forms if form.fields)
        return await self._browser.submit(page, form, {form.fields[0]: key})

    async def _sign_in(self, tools: Page) -> None:
        page = await self._tool(tools, "simulated")
        leaving = await self._browser.submit(page, page.form("/connect/simulated"))
        self._expect(leaving, 200, "Sign in instead: on the way to the provider")
        consent = self._expect(await self._browser.open(leaving.refresh or ""), 200, "The provider asks")
        done = await self._browser.submit(consent, consent.form("consent"), {"decision": "allow"})
        self._expect(done, 200, "Allowed, and back")
        if not done.url.startswith(self._stage.address):
            raise DemoFailed(f"The sign-in ended at {done.url}.")

    async def _tool(self, tools: Page, key: str) -> Page:
        ending = f"/connect/{key}"
        address = next((link for link in tools.links if link.endswith(ending)), None)
        if address is None:
            raise DemoFailed(f"The list of tools does not offer {key}.")
        return self._expect(
            await self._browser.open(self._stage.address + urlsplit(address).path), 200, f"Picked {key}"
        )

    async def _wait_for_webhooks(self) -> None:
        receiver = self._stage.receiver
        await receiver.arrived(2, timeout=self._patience, event_type="account.created")
        providers = sorted(str(event["provider"]) for event in receiver.events("account.created"))
        if providers != ["simulated", "simulated-key"] or receiver.refusals:
            raise DemoFailed(f"The webhooks were of {providers}, and {len(receiver.refusals)} were refused.")
        self._say("ok  Two webhooks were verified")

    async def _use(self) -> None:
        home = await self._browser.open(self._stage.address + "/")
        pages = [link for link in home.links if link.endswith("/employees")]
        if len(pages) != 2:
            raise DemoFailed(f"Acme HR has {len(pages)} accounts, not 2.")
        for link in pages:
            page = await self._browser.open(self._stage.address + link)
            self._expect(page, 200, "Acme HR reads the employees with hub.client")
            if not all(person["name"] in page.text for person in EMPLOYEES):
                raise DemoFailed("An employee is missing.")

    def _expect(self, page: Page, status: int, step: str) -> Page:
        if page.status != status:
            raise DemoFailed(f"{step}: status {page.status}, not {status} ({page.heading}).")
        self._say(f"ok  {step} ({page.status}: {page.heading})")
        return page
