"""Run it here: python -m examples.flask_app"""

import secrets
import tempfile
from pathlib import Path

from connect_hub import KeyRing
from connect_hub.keys import new_key_text
from examples.flask_app.app import create_app
from examples.settings import Settings
from examples.simulation import simulation

PORT = 5050
ORIGIN = f"http://127.0.0.1:{PORT}"


def main() -> None:
    """Serve on a simulated provider and a database that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder, simulation(f"{ORIGIN}/connect") as tools:
        app = create_app(
            Settings(
                secret_key=secrets.token_hex(),
                database_url=f"sqlite:///{Path(folder) / 'roster.db'}",
                origin=ORIGIN,
                keys=KeyRing.from_text(new_key_text()),
                connectors=tools.connectors,
                network=tools.network,
            )
        )
        app.test_cli_runner().invoke(args=["init-db"])
        print(f"Open {ORIGIN} and sign in as ada@acme.example with the password: demo")  # noqa: T201
        print(f"The form of Acme Key takes this key: {tools.api_key.reveal()}")  # noqa: T201
        app.run(port=PORT, threaded=True)


if __name__ == "__main__":
    main()
