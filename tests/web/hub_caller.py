"""A page of a host that draws the hub itself: calls `/hub/…` in process with a session's token."""

from typing import Any

import httpx2

from connect_hub import ConnectHub

__all__ = ["HubCaller"]


class HubCaller:
    """Sends requests with a token, as a program or, with `origin`, as a script of a page there."""

    def __init__(self, hub: ConnectHub, token: str, *, origin: str | None = None) -> None:
        path = hub.public_url.path
        transport = httpx2.ASGITransport(app=hub.app, root_path=path, raise_app_exceptions=False)
        headers = {"x-hub-session-token": token, "x-hub-version": "1.11.4"}
        if origin is not None:
            headers |= {"origin": origin, "sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}
        self._http = httpx2.AsyncClient(transport=transport, base_url=hub.public_url.text, headers=headers)

    async def __call__(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """One request. No answer under `/hub/` may be 401 or 403, every refusal has the usual body."""
        answer = await self._http.request(method, path, **options)
        assert answer.status_code not in {401, 403}, f"{method} {path}"
        if answer.status_code >= 400:
            refusal = answer.json()
            assert refusal["statusCode"] == answer.status_code
            assert refusal["message"]
            assert refusal["timestamp"].endswith("Z")
        return answer

    async def get(self, path: str, **options: Any) -> Any:
        """The JSON of an answer that must be 200."""
        answer = await self("GET", path, **options)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def connect(
        self, key: str, integration_id: str = "simulated-key", **more: object
    ) -> httpx2.Response:
        """POST /hub/accounts with an API key."""
        body = {"integration_id": integration_id, "credentials": {"api_key": key}, **more}
        return await self("POST", "hub/accounts", json=body)
