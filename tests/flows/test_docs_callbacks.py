"""docs/callbacks.md: every block of code in it runs, and does what it says."""

import asyncio
import re
import textwrap
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import pytest

from connect_hub import HubConfig
from connect_hub.flows.sessions import IssuedSession
from connect_hub.testing.dispatcher import DispatcherConformance
from connect_hub.worker.embedded import EmbeddedDispatcher
from tests.customer import Customer
from tests.hubs import GOOD_KEY, Hub, make_hub

PAGE = Path(__file__).resolve().parents[2] / "docs" / "callbacks.md"
BLOCKS = dict(re.findall(r"```python\n# block: (\w+)\n(.*?)```", PAGE.read_text("utf-8"), re.S))


def run(name: str, made: Hub) -> dict[str, Any]:
    """Run a block; what it defined."""
    names: dict[str, Any] = {"__name__": "the_host", "hub": made.hub}
    exec(compile(BLOCKS[name], str(PAGE), "exec"), names)  # noqa: S102 - our own page
    return names


def awaited(name: str, made: Hub) -> Coroutine[object, object, None]:
    """A block that awaits, as the body of a coroutine."""
    code = f"async def block():\n{textwrap.indent(BLOCKS[name], '    ')}"
    names: dict[str, Any] = {"__name__": "the_host", "hub": made.hub}
    exec(compile(code.replace('"bamboohr"', '"simulated-key"'), str(PAGE), "exec"), names)  # noqa: S102
    coroutine: Coroutine[object, object, None] = names["block"]()
    return coroutine


async def connect(made: Hub, url: str) -> None:
    customer = Customer(made.hub)
    done = await customer.press(await customer.enter(url), "Connect Acme Key", {"f.api_key": GOOD_KEY})
    assert done.status == 200


async def test_callbacks_hear_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The callbacks of the page are called with the account's events in their order."""
    made = make_hub(tmp_path)
    run("callbacks", made)
    link = await made.hub.links.create(
        origin_owner_id="42", origin_owner_name="Acme", provider="simulated-key"
    )
    await connect(made, link.url)
    [account] = await made.hub.accounts.list()
    await made.hub.accounts.delete(account.id)
    while await made.hub.deliveries.run_due():
        continue
    said = capsys.readouterr().out
    assert said == f"account.created {account.id} 1\naccount.deleted {account.id} 2\n"


async def test_waiting_and_listening(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The blocks that wait get the account that a customer connects meanwhile."""
    assert set(BLOCKS) == {"callbacks", "wait", "listen", "dispatcher", "conformance"}
    made = make_hub(tmp_path)
    create, links = made.hub.links.create, asyncio.Queue[IssuedSession]()

    async def create_and_tell(**fields: Any) -> IssuedSession:
        link = await create(**fields)
        links.put_nowait(link)
        return link

    monkeypatch.setattr(made.hub.links, "create", create_and_tell)
    since, looked = made.hub._live._since, asyncio.Event()

    async def look(*arguments: Any) -> Any:
        found = await since(*arguments)
        looked.set()
        return found

    monkeypatch.setattr(made.hub._live, "_since", look)
    listening = asyncio.create_task(awaited("listen", made))
    await looked.wait()
    waiting = asyncio.create_task(awaited("wait", made))
    said = ""
    async with asyncio.timeout(60):
        link = await links.get()
        await connect(made, link.url)
        await waiting
        while "account.created" not in said:
            said += capsys.readouterr().out
            await asyncio.sleep(0.05)
    listening.cancel()
    [account] = await made.hub.accounts.list()
    assert said.count(account.id) == 2


async def test_a_dispatcher_of_ones_own(tmp_path: Path) -> None:
    """The block configures one that passes the port's contract, and the class of the page is a test suite."""
    made = make_hub(tmp_path)
    config: HubConfig = run("dispatcher", made)["config"]
    assert config.dispatcher is not None
    assert isinstance(config.dispatcher(made.hub.deliveries), EmbeddedDispatcher)
    suite: DispatcherConformance = run("conformance", made)["TestMyDispatcher"]()
    await suite.test_it_begins_with_what_is_due()
