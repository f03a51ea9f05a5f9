"""A caller of the REST API, in process."""

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx2

from connect_hub import ConnectHub, HubConfig, Project, Secret
from tests.customer import Customer
from tests.hubs import API_KEY, GOOD_KEY, Hub, make_hub

__all__ = ["OTHER_API_KEY", "OWNER", "Caller", "basic", "in_two_projects", "linked"]

OWNER = {"origin_owner_id": "42", "origin_owner_name": "Acme"}
OTHER_API_KEY = "other-api-key-0123456789-0123456789-xyz"


def basic(text: str) -> str:
    """An Authorization header of HTTP Basic over exactly this text."""
    return "Basic " + base64.b64encode(text.encode()).decode()


class Caller:
    """Sends requests to a hub, with an API key unless told otherwise."""

    def __init__(self, hub: ConnectHub, *, key: str | None = API_KEY) -> None:
        path = hub.public_url.path
        transport = httpx2.ASGITransport(app=hub.app, root_path=path, raise_app_exceptions=False)
        headers = {} if key is None else {"Authorization": basic(f"{key}:")}
        self._http = httpx2.AsyncClient(transport=transport, base_url=hub.public_url.text, headers=headers)

    async def __call__(self, method: str, path: str, **options: Any) -> httpx2.Response:
        """One request; the options are httpx2's. The body of a refusal is checked against the contract."""
        answer = await self._http.request(method, path.lstrip("/") if path != "/" else "", **options)
        if answer.status_code >= 400 and answer.headers["content-type"] == "application/json":
            refusal = answer.json()
            assert refusal["statusCode"] == answer.status_code
            assert isinstance(refusal["message"], str)
            assert refusal["message"]
            assert refusal["timestamp"].endswith("Z")
            assert isinstance(refusal["errorCode"], str)
        return answer

    async def get(self, path: str, **options: Any) -> httpx2.Response:
        return await self("GET", path, **options)

    async def post(self, path: str, json: object, **options: Any) -> httpx2.Response:
        return await self("POST", path, json=json, **options)

    async def patch(self, path: str, json: object, **options: Any) -> httpx2.Response:
        return await self("PATCH", path, json=json, **options)

    async def delete(self, path: str, **options: Any) -> httpx2.Response:
        return await self("DELETE", path, **options)

    async def created(self, **fields: object) -> dict[str, Any]:
        """A new connect session of the usual owner."""
        answer = await self.post("connect_sessions", {**OWNER, **fields})
        assert answer.status_code == 201, answer.text
        session: dict[str, Any] = answer.json()
        return session


async def linked(made: Hub, owner: str = "42", *, project: str = "default", **fields: Any) -> str:
    """An account of this owner at `simulated-key`, connected over the hub's pages; its id."""
    before = {account.id for account in await made.hub.accounts.list(project=project, limit=100)}
    link = await made.hub.links.create(
        project=project, origin_owner_id=owner, origin_owner_name="Acme", provider="simulated-key", **fields
    )
    customer = Customer(made.hub)
    done = await customer.press(await customer.enter(link.url), "Connect Acme Key", {"f.api_key": GOOD_KEY})
    assert done.status == 200, done.text
    [new] = {account.id for account in await made.hub.accounts.list(project=project, limit=100)} - before
    return new


def in_two_projects(tmp_path: Path, config: HubConfig | None = None, **projects: Any) -> Hub:
    """A hub with the projects `default` and `other`; their keys are API_KEY and OTHER_API_KEY."""
    config = HubConfig() if config is None else config
    config = config.with_project("default", Project(api_keys=[Secret(API_KEY)], **projects))
    config = config.with_project("other", Project(api_keys=[Secret(OTHER_API_KEY)]))
    return make_hub(tmp_path, config=config)


def names_of(answer: httpx2.Response) -> Mapping[str, str]:
    """What a 400 says, field by field."""
    assert answer.status_code == 400, answer.text
    assert answer.json()["errorCode"] == "validation_error"
    return {detail["field"]: detail["message"] for detail in answer.json()["details"]}
