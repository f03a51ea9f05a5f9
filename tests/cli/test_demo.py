"""`connect-hub demo`: the whole way on one machine, and honest about it."""

import asyncio
import signal
from dataclasses import replace
from pathlib import Path

import pytest

from connect_hub.cli.serving import Server, listen
from connect_hub.secret import Secret
from connect_hub.testing.demo.customer import DemoFailed, play
from connect_hub.testing.demo.stage import set_stage
from tests.cli.process import COMMAND, running, variables


def test_the_customer_can_be_played(tmp_path: Path) -> None:
    """`demo --auto` goes the whole way, says each step, exits with 0, and leaves nothing behind."""
    with running([COMMAND, "demo", "--auto"], cwd=tmp_path, env=variables(TMPDIR=str(tmp_path))) as demo:
        assert demo.ended() == 0
    for step in (
        "A wrong API key is refused (422",
        "The right API key is accepted (200",
        "Allowed, and back (200",
        "webhook verified: account.created simulated-key",
        "webhook verified: account.created simulated ",
        "Two webhooks were verified",
        "reads the employees with hub.client (200",
    ):
        assert step in demo.output
    assert "Traceback" not in demo.output
    assert list(tmp_path.iterdir()) == []


def test_it_waits_for_a_person(tmp_path: Path) -> None:
    """Without --auto it prints where to go and what to type, until it is told to stop; then all is gone."""
    env = variables(TMPDIR=str(tmp_path))
    with running([COMMAND, "demo", "--port", "0"], cwd=tmp_path, env=env) as demo:
        demo.wait_for(r"Acme HR, with the hub inside: http://127\.0\.0\.1:\d+/$")
        demo.wait_for(r"right: sim_key_")
        demo.wait_for(r"wrong: sim_key_")
        demo.wait_for(r"http://127\.0\.0\.1:\d+/connect/link#t=")
        demo.wait_for("Ctrl-C")
        assert demo.end(signal.SIGINT) == 0
    assert "Traceback" not in demo.output
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("broken", ["key", "signature"])
async def test_it_fails_when_a_step_fails(broken: str) -> None:
    """The played customer does not call it a success when the key is refused or a webhook is not verified."""
    listener = listen("127.0.0.1", 0)
    said: list[str] = []
    with listener, set_stage(f"http://127.0.0.1:{listener.getsockname()[1]}", say=said.append) as stage:
        if broken == "key":
            stage = replace(stage, right_key=Secret("sim_key_of_nobody"))
        else:
            stage.receiver.trust()
        server = Server(stage.app, path="", listener=listener, logs=False)
        async with stage.hub.lifespan():
            running = asyncio.create_task(server.run())
            with pytest.raises(DemoFailed):
                await play(stage, say=said.append, patience=1.0)
            server.stop()
            await running
    assert not any("Two webhooks" in line for line in said)
