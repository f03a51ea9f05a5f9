"""What `import connect_hub` and building a hub cost, beside the libraries that it needs anyway.

    .venv/bin/python -m bench.import_time [--rounds 9]

Each import is timed in a fresh interpreter, in turns. The floor is the libraries together, as an application
that used them would import them (`import pydantic` alone puts off most of its work to the first name used).
"""

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

LIBRARIES = (
    "import starlette.applications, starlette.requests, starlette.responses, starlette.routing, "
    "starlette.staticfiles, jinja2, jwt; from pydantic import BaseModel"
)
TIMED = "import time; before = time.process_time()\n{code}\nprint(time.process_time() - before)"

BUILD = """
from connect_hub import ConnectHub, KeyRing, MemoryStorage
from connect_hub.keys import new_key_text
keys, storage = KeyRing.from_text(new_key_text()), MemoryStorage()
import time
for _ in range(2):
    before = time.process_time()
    ConnectHub(public_url="https://a.example/connect", keys=keys, storage=storage, connectors=["bamboohr"])
    print(time.process_time() - before)
"""


def seconds(code: str, cache: str) -> list[float]:
    """What `code` prints in a fresh interpreter: CPU seconds, one a line. `cache` keeps compiled code."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    outcome = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=environment | {"PYTHONPYCACHEPREFIX": cache},
        capture_output=True,
        text=True,
        check=True,
    )
    return [float(line) for line in outcome.stdout.split()]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=9)
    rounds = parser.parse_args().rounds
    libraries, hub, first, again = [], [], [], []
    with tempfile.TemporaryDirectory() as cache:
        for _ in range(rounds + 1):
            libraries += seconds(TIMED.format(code=LIBRARIES), cache)
            hub += seconds(TIMED.format(code="import connect_hub"), cache)
            built = seconds(BUILD, cache)
            first.append(built[0])
            again.append(built[1])
    for times in (libraries, hub, first, again):
        del times[0]  # which compiled
    for name, times in (
        ("the libraries", libraries),
        ("import connect_hub", hub),
        ("the first hub", first),
        ("another hub", again),
    ):
        print(f"{name:20} best {min(times) * 1e3:6.1f} ms   median {statistics.median(times) * 1e3:6.1f} ms")
    ratio = statistics.median(h / bare for h, bare in zip(hub, libraries, strict=True))
    print(f"import: best {min(hub) / min(libraries):.2f}, median {ratio:.2f} of the libraries'")


if __name__ == "__main__":
    main()
