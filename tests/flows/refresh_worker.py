"""A process that asks for one account's credentials many times at once, when it is told to go.

`python -m tests.flows.refresh_worker ACCOUNT CALLS`: writes a line when it is ready, waits for a line, and
writes what it got as JSON: fingerprints of the access tokens, and errors.
"""

import asyncio
import hashlib
import json
import sys

from connect_hub import Credentials
from tests.journey.apps import _hub


async def _ask(account_id: str, calls: int) -> dict[str, list[str]]:
    hub = _hub()
    async with hub.lifespan():
        await hub.check()
        _say("ready")
        await asyncio.to_thread(sys.stdin.readline)
        found = await asyncio.gather(
            *(hub.credentials(account_id) for _ in range(calls)), return_exceptions=True
        )
    tokens = [c.secrets["access_token"].reveal().encode() for c in found if isinstance(c, Credentials)]
    return {
        "tokens": sorted({hashlib.sha256(token).hexdigest() for token in tokens}),
        "errors": [repr(error) for error in found if isinstance(error, BaseException)],
    }


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _say(json.dumps(asyncio.run(_ask(sys.argv[1], int(sys.argv[2])))))
