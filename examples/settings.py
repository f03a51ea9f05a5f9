"""What an example is configured with."""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

from connect_hub import Connector, KeyRing, NetworkConfig, OAuth


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Built by `from_env` where it runs, and by hand in tests."""

    secret_key: str
    database_url: str
    origin: str
    """Where the application is reached, such as https://app.example.com."""
    keys: KeyRing
    connectors: Sequence[str | OAuth | Connector]
    network: NetworkConfig = field(default_factory=NetworkConfig)

    @classmethod
    def from_env(cls) -> "Settings":
        """SECRET_KEY, DATABASE_URL, ORIGIN, CONNECT_HUB_KEYS and CONNECTORS: `bamboohr,hubspot`. A connector
        with sign-in needs its own client: HUBSPOT_CLIENT_ID and HUBSPOT_CLIENT_SECRET."""
        return cls(
            secret_key=os.environ["SECRET_KEY"],
            database_url=os.environ["DATABASE_URL"],
            origin=os.environ["ORIGIN"],
            keys=KeyRing.from_env(),
            connectors=connectors_from_env()[0],
        )


def connectors_from_env() -> tuple[list[str | OAuth], NetworkConfig]:
    """Those that CONNECTORS names, on the open network."""
    return [_connector(key.strip()) for key in os.environ["CONNECTORS"].split(",")], NetworkConfig()


def _connector(key: str) -> str | OAuth:
    name = key.upper().replace("-", "_")
    client_id = os.environ.get(f"{name}_CLIENT_ID")
    if client_id is None:
        return key
    return OAuth(key, client_id=client_id, client_secret=os.environ[f"{name}_CLIENT_SECRET"])
