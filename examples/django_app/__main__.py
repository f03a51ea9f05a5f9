"""Run it here: python -m examples.django_app"""

import os
import secrets
import tempfile
from pathlib import Path

import django
from django.core.management import call_command

from connect_hub.keys import new_key_text
from examples.simulation import simulation

PORT = 5052
ORIGIN = f"http://127.0.0.1:{PORT}"


def main() -> None:
    """Serve on a simulated provider and a database that is gone afterwards."""
    with tempfile.TemporaryDirectory() as folder, simulation(f"{ORIGIN}/connect") as tools:
        os.environ.update(
            DJANGO_SETTINGS_MODULE="examples.django_app.settings",
            SECRET_KEY=secrets.token_hex(),
            DATABASE_URL=f"sqlite:///{Path(folder) / 'roster.db'}",
            ORIGIN=ORIGIN,
            CONNECT_HUB_KEYS=new_key_text(),
            SIMULATED=tools.provider.base_url,
        )
        django.setup()
        call_command("migrate", verbosity=0)
        from examples.django_app.demo import add_demo_users

        add_demo_users()
        print(f"Open {ORIGIN} and sign in as ada with the password: demo")  # noqa: T201
        print(f"The form of Acme Key takes this key: {tools.api_key.reveal()}")  # noqa: T201
        call_command("runserver", str(PORT), use_reloader=False)


if __name__ == "__main__":
    main()
