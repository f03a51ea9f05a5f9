"""The contract of `connect_hub.storage.protocol` as a test suite, for a storage of your own.

Subclass `StorageConformance` in a test module, give it a `storage` fixture, and run pytest; the plugin that
comes with anyio runs the coroutines:

    class TestMyStorage(StorageConformance):
        @pytest.fixture
        def storage(self) -> Storage:
            return MyStorage()
"""

import pytest

pytest.register_assert_rewrite(
    *(
        f"connect_hub.testing.storage.{part}"
        for part in (
            "accounts",
            "endpoints",
            "event_log",
            "events",
            "linking",
            "renewing",
            "sessions",
            "upkeep",
            "visits",
        )
    )
)

from connect_hub.testing.storage.conformance import StorageConformance  # noqa: E402  # after the line above

__all__ = ["StorageConformance"]
