"""Run it here: python -m examples.headless"""

import logging
import secrets
import tempfile
from pathlib import Path

import uvicorn

from connect_hub import KeyRing
from connect_hub.keys import new_key_text
from examples.headless.app import create_app
from examples.settings import Settings
from examples.simulation import simulation

PORT = 5053
ORIGIN = f"http://127.0.0.1:{PORT}"


def main() -> None:
    """Serve on a simulated provider and a database that is gone afterwards."""
    logging.basicConfig(level=logging.INFO)
    logging.getLogger("httpx2").setLevel(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder, simulation(f"{ORIGIN}/connect") as tools:
        app = create_app(
            Settings(
                secret_key=secrets.token_hex(),
                database_url=str(Path(folder) / "hub.db"),
                origin=ORIGIN,
                keys=KeyRing.from_text(new_key_text()),
                connectors=tools.connectors,
                network=tools.network,
            )
        )
        print(f"Open {ORIGIN}")  # noqa: T201
        print(f"The form of Acme Key takes this key: {tools.api_key.reveal()}")  # noqa: T201
        uvicorn.run(app, port=PORT, log_level="warning")


if __name__ == "__main__":
    main()
