"""How long a claim takes, with a thousand and with a hundred thousand deliveries due.

`python -m bench.claiming [sqlite] [postgres] [mariadb] [--explain]`: fills a database of its own with events
of many accounts, of few, and of one, to one endpoint and to forty, and prints the median time of claims that
take eight deliveries each. The aim: the same with a hundred thousand as with a thousand.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from sqlalchemy import Engine, create_engine, delete, event, insert, text

from connect_hub.storage.sql import SQLStorage, Tables
from connect_hub.storage.sql.claiming import claim
from tests.peers.mariadb import MariadbServer
from tests.peers.postgres import PostgresServer

SMALL, LARGE = 1_000, 100_000
CLAIMS = 15
NOW = datetime(2026, 1, 2, tzinfo=UTC)
T = Tables()


def shape(name: str, number: int) -> tuple[str, int, str]:
    """(record, sequence, target) of the event with this number."""
    match name:
        case "an account each":
            return f"acc_{number:08}", 1, "webhook:one"
        case "100 accounts":
            return f"acc_{number % 100:08}", number, "webhook:one"
        case "one account":
            return "acc_1", number, "webhook:one"
        case _:
            return f"acc_{number // 40:08}", 1, f"webhook:{number % 40:02}"


SHAPES = ("an account each", "100 accounts", "one account", "40 endpoints")


def fill(engine: Engine, name: str, count: int) -> None:
    start = int(NOW.timestamp() * 1000) - count * 10
    with engine.begin() as c:
        c.execute(delete(T.deliveries))
        c.execute(delete(T.events))
        for first in range(0, count, 5000):
            events, deliveries = [], []
            for number in range(first, min(first + 5000, count)):
                record, sequence, target = shape(name, number)
                # Ids are random: an order of theirs would help the index.
                event_id = f"msg_{(number * 2654435761) % 2**32:08x}{number:08x}"
                at = start + number * 10
                events.append(
                    {
                        "id": event_id,
                        "project_id": "default",
                        "name": "account.updated",
                        "record_id": record,
                        "owner_id": "42",
                        "sequence": sequence,
                        "body": b"{}",
                        "created_at": at,
                    }
                )
                deliveries.append(
                    {
                        "id": "dlv_" + event_id[4:],
                        "event_id": event_id,
                        "record_id": record,
                        "sequence": sequence,
                        "target": target,
                        "state": "pending",
                        "attempts": 0,
                        "epoch": 0,
                        "next_at": at,
                        "created_at": at,
                    }
                )
            c.execute(insert(T.events), events)
            c.execute(insert(T.deliveries), deliveries)
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as c:
        match engine.dialect.name:
            case "postgresql":
                c.execute(text("VACUUM ANALYZE"))
            case "mysql" | "mariadb":
                c.execute(text(f"ANALYZE TABLE {T.deliveries.name}")).all()


def one_claim(engine: Engine, targets: list[str]) -> tuple[float, int]:
    began = time.perf_counter()
    with engine.begin() as c:
        if engine.dialect.name == "sqlite":
            c.exec_driver_sql("BEGIN IMMEDIATE")
        claimed = claim(c, T, dict.fromkeys(targets, 8), 8, timedelta(minutes=1), NOW)
    return time.perf_counter() - began, len(claimed)


def explain(engine: Engine, targets: list[str]) -> None:
    """The plans of the statements of one claim."""
    seen: list[tuple[str, object]] = []

    def keep(conn: object, cursor: object, statement: str, parameters: object, *_: object) -> None:
        if statement.lstrip().startswith(("SELECT", "WITH")):
            seen.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", keep)
    one_claim(engine, targets)
    event.remove(engine, "before_cursor_execute", keep)
    how = {"sqlite": "EXPLAIN QUERY PLAN ", "postgresql": "EXPLAIN ANALYZE "}.get(
        engine.dialect.name, "EXPLAIN "
    )
    for statement, parameters in seen:
        with engine.connect() as c:
            rows = c.exec_driver_sql(how + statement, parameters).all()  # type: ignore[arg-type]  # as they were
            print("   ", statement.split("FROM")[0][:70].replace("\n", " "))
            for row in rows:
                print("       ", *row)


@contextmanager
def databases(wanted: list[str]) -> Iterator[list[Engine]]:
    with ExitStack() as stack:
        engines = []
        if "sqlite" in wanted:
            folder = stack.enter_context(tempfile.TemporaryDirectory())
            engines.append(create_engine(f"sqlite:///{Path(folder) / 'hub.db'}"))
        if "postgres" in wanted:
            postgres = PostgresServer()
            stack.callback(postgres.close)
            engines.append(create_engine(stack.enter_context(postgres.fresh_database()).url("psycopg")))
        if "mariadb" in wanted:
            mariadb = MariadbServer()
            stack.callback(mariadb.close)
            engines.append(create_engine(stack.enter_context(mariadb.fresh_database()).url("pymysql")))
        yield engines
        for engine in engines:
            engine.dispose()


def main() -> None:
    wanted = [name for name in sys.argv[1:] if not name.startswith("-")] or ["sqlite", "postgres", "mariadb"]
    with databases(wanted) as engines:
        for engine in engines:
            SQLStorage.create_all(engine)
            for name in SHAPES:
                targets = (
                    ["webhook:one"] if name != "40 endpoints" else [f"webhook:{n:02}" for n in range(40)]
                )
                times = []
                for count in (SMALL, LARGE):
                    fill(engine, name, count)
                    if count == LARGE and "--explain" in sys.argv:
                        explain(engine, targets)
                    taken = [one_claim(engine, targets) for _ in range(CLAIMS)]
                    times.append(median(seconds for seconds, _ in taken) * 1000)
                    given = sum(number for _, number in taken)
                print(
                    f"{engine.dialect.name:11} {name:16} {SMALL:,} due: {times[0]:7.2f} ms   "
                    f"{LARGE:,} due: {times[1]:7.2f} ms   ({given} given out in {CLAIMS} claims)",
                    flush=True,
                )


if __name__ == "__main__":
    main()
