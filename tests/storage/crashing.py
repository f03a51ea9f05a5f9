"""A process whose children link an account and kill themselves, with SIGKILL, before statement number N.

`python -m tests.storage.crashing FILE`: for N from 1 on, a child of its own works on a copy, FILE.N, of the
hub's own FILE. Ends after the N at which the link came through; prints that N. The commit counts as a
statement.
"""

import asyncio
import dataclasses
import os
import shutil
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Engine, event

from connect_hub.models import Account
from connect_hub.storage.protocol import Change, NewEvent
from connect_hub.storage.sql import SQLStorage
from connect_hub.testing.storage.values import attempt, link_request, session, telling

SESSION, ATTEMPT, ACCOUNT = 7, "att", "acc"
LINKED = 3
"""The exit status of a child that reached the end."""


def announce(account: Account, change: Change, before: Account | None) -> Sequence[NewEvent]:
    return [dataclasses.replace(one, id="msg") for one in telling("webhook:one")(account, change, before)]


async def link_and_die(storage: SQLStorage, fatal: int) -> None:
    made = session(id=SESSION, provider="acme")
    tried = attempt(made, id=ATTEMPT)
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
    await storage.link(link_request(made, tried, new_account_id=ACCOUNT, announce=announce))
    os._exit(LINKED)


def main(file: Path) -> None:
    for fatal in range(1, 100):
        copy = shutil.copy(file, f"{file}.{fatal}")
        child = os.fork()
        if child == 0:
            asyncio.run(link_and_die(SQLStorage.sqlite(copy), fatal))
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status) and os.WEXITSTATUS(status) == LINKED:
            sys.stdout.write(str(fatal))
            return
        assert os.WTERMSIG(status) == signal.SIGKILL, status


if __name__ == "__main__":
    main(Path(sys.argv[1]))
