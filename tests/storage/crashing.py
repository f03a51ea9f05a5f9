"""A process whose children link an account and kill themselves, with SIGKILL, before statement number N.

`python -m tests.storage.crashing WHERE`: for N from 1 on, a child of its own works on a copy, FILE.N, of the
hub's own FILE, or on the database of a URL, with a session and an attempt numbered N. Ends after the N at
which the link came through; prints that N. The commit counts as a statement.
"""

import asyncio
import dataclasses
import os
import shutil
import signal
import sys
from collections.abc import Sequence

from sqlalchemy import Engine, event

from connect_hub.models import Account
from connect_hub.storage.protocol import Change, NewEvent
from connect_hub.storage.sql import SQLStorage
from connect_hub.storage.sql.schema import open_url
from connect_hub.testing.storage.values import attempt, link_request, session, telling

LINKED = 3
"""The exit status of a child that reached the end."""


def announce(account: Account, change: Change, before: Account | None) -> Sequence[NewEvent]:
    told = telling("webhook:one")(account, change, before)
    return [dataclasses.replace(one, id=account.id.replace("acc", "msg")) for one in told]


def names(fatal: int) -> tuple[int, str, str]:
    """Session, attempt and account of the N-th child."""
    return fatal, f"att-{fatal}", f"acc-{fatal}"


async def link_and_die(storage: SQLStorage, fatal: int) -> None:
    session_id, attempt_id, account_id = names(fatal)
    made = session(id=session_id, provider="acme", origin_owner_id=f"owner-{fatal}", jti=f"jti-{fatal}")
    tried = attempt(made, id=attempt_id)
    await storage.create_session(made)
    await storage.save_attempt(tried)
    seen = 0

    def count(*_: object) -> None:
        nonlocal seen
        seen += 1
        if seen == fatal:
            os.kill(os.getpid(), signal.SIGKILL)

    engine = storage.engine
    assert isinstance(engine, Engine)
    event.listen(engine, "before_cursor_execute", count)
    event.listen(engine, "commit", count)
    await storage.link(link_request(made, tried, new_account_id=account_id, announce=announce))
    os._exit(LINKED)


def main(where: str) -> None:
    for fatal in range(1, 100):
        if "://" not in where:
            shutil.copy(where, f"{where}.{fatal}")
        child = os.fork()
        if child == 0:
            storage = SQLStorage.sqlite(f"{where}.{fatal}") if "://" not in where else open_url(where)
            asyncio.run(link_and_die(storage, fatal))
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == LINKED:
            sys.stdout.write(str(fatal))
            return
        assert os.WTERMSIG(status) == signal.SIGKILL, status


if __name__ == "__main__":
    main(sys.argv[1])
