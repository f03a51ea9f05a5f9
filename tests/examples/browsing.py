"""A browser for the examples: the host's pages and the hub's, through the application's front door."""

import asyncio

import httpx2
from flask import Flask

from connect_hub.testing.provider import SimulatedProvider
from tests.customer import Seen
from tests.hosts.mounted import HostedCustomer

__all__ = ["Browser", "FlaskTestClient"]


class FlaskTestClient(httpx2.AsyncBaseTransport):
    """Requests by Flask's own test client, from a thread as in a server."""

    def __init__(self, app: Flask) -> None:
        self._client = app.test_client(use_cookies=False)

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        body = await request.aread()

        def call() -> httpx2.Response:
            answer = self._client.open(
                request.url.raw_path.decode(),
                method=request.method,
                base_url=f"{request.url.scheme}://{request.url.netloc.decode()}",
                headers=list(request.headers.items()),
                data=body,
            )
            return httpx2.Response(answer.status_code, headers=list(answer.headers), content=answer.data)

        return await asyncio.to_thread(call)


class Browser(HostedCustomer):
    """Signs in to the host, too."""

    async def sign_in(self, email: str, *, path: str = "/login") -> Seen:
        """Sign in as a user of the demonstration: the page after it."""
        seen = await self.get(path)
        return await self.press(seen, "Sign in", {"email": email, "password": "demo"})

    async def ask_for_link(self) -> str:
        """Press 'Connect a tool' on the settings page: the link that the host answers with."""
        form = (await self.get("/settings")).form("Connect a tool")
        seen = await self.request("POST", form.action, form.fields, origin=self.origin)
        assert seen.status == 303, seen.text
        return seen.headers["location"]

    async def connect_with_key(self, link: str, key: str) -> Seen:
        """The way by an API key: the last page."""
        seen = await self.pick(link, "Acme Key")
        return await self.press(seen, "Connect Acme Key", {"f.api_key": key})

    async def hop(self, link: str) -> str:
        """The way by sign-in as far as the provider's own page: its address."""
        seen = await self.pick(link, "Acme Login")
        seen = await self.press(seen, "Connect Acme Login")
        assert seen.refresh is not None, seen.text
        return seen.refresh

    async def connect_with_sign_in(self, link: str, provider: SimulatedProvider) -> Seen:
        """The way by sign-in at the provider: the last page."""
        return await self.get(provider.approve(await self.hop(link)))
