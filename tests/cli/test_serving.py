"""A server, and the signals that end it."""

import asyncio
import signal

import pytest
from starlette.applications import Starlette

from connect_hub.cli.serving import Server, listen


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_before_it_runs_is_not_lost(number: signal.Signals) -> None:
    """R18: a signal that comes before uvicorn listens for signals ends the server as well; the handlers from
    before are there again afterwards."""
    before = signal.getsignal(number)
    with listen("127.0.0.1", 0) as listener:
        server = Server(Starlette(), path="", listener=listener)
        with server.stops_on_signals():
            signal.raise_signal(number)
            await asyncio.wait_for(server.run(), timeout=30)
    assert signal.getsignal(number) is before
