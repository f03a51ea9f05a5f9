"""Clauses of `ConnectorStore`."""

import asyncio
from dataclasses import replace

import pytest

from connect_hub.audit import AuditEntry
from connect_hub.errors import StorageConflict
from connect_hub.storage.protocol import AuditQuery, ConnectorSettings, Storage
from connect_hub.testing.storage.operators import entry
from connect_hub.testing.storage.values import HOSTILE, NOW, Clauses, later

__all__ = ["ConnectorClauses"]


def filled(settings: ConnectorSettings) -> ConnectorSettings:
    """The settings, with everything set that can be."""
    return replace(
        settings,
        enabled=False,
        client_id="client",
        scopes=("read", "write"),
        generation=settings.generation + 1,
        key_id="k1",
        sealed=b"\x00sealed\xff",
        secret_set_at=later(1),
        secret_set_by=HOSTILE[0],
    )


class ConnectorClauses(Clauses):
    """What every storage does with the settings of connectors."""

    async def test_settings_come_back_as_they_were_set_by_their_keys(self, storage: Storage) -> None:
        assert await storage.connector_settings("default") == []
        second = await storage.change_connector("default", "second", filled, now=later(5))
        assert second == filled(
            ConnectorSettings(project_id="default", provider="second", updated_at=later(5))
        )
        first = await storage.change_connector(
            "default", "first", lambda one: replace(one, client_id=HOSTILE[1]), now=later(6)
        )
        assert (first.enabled, first.generation, first.sealed) == (True, 0, None)
        assert await storage.connector_settings("default") == [first, second]

    async def test_settings_are_those_of_one_project(self, storage: Storage) -> None:
        await storage.change_connector("default", "one", filled, now=NOW)
        other = await storage.change_connector(
            "other", "one", lambda one: replace(one, client_id="theirs"), now=NOW
        )
        assert (other.project_id, other.enabled, other.sealed) == ("other", True, None)
        (mine,) = await storage.connector_settings("default")
        assert await storage.connector_settings("other") == [other]
        assert await storage.connector_settings(None) == [mine, other]

    async def test_whose_they_are_cannot_be_changed(self, storage: Storage) -> None:
        changed = await storage.change_connector(
            "default",
            "one",
            lambda one: replace(
                one, project_id="other", provider="another", updated_at=later(900), enabled=False
            ),
            now=later(1),
        )
        assert (changed.project_id, changed.provider, changed.updated_at) == ("default", "one", later(1))
        assert await storage.connector_settings("other") == []

    async def test_changes_at_the_same_moment_all_count(self, storage: Storage) -> None:
        def count(settings: ConnectorSettings) -> ConnectorSettings:
            return replace(settings, generation=settings.generation + 1)

        await asyncio.gather(*(storage.change_connector("default", "one", count, now=NOW) for _ in range(5)))
        (one,) = await storage.connector_settings("default")
        assert one.generation == 5

    async def test_what_changes_nothing_writes_nothing(self, storage: Storage) -> None:
        def noting(before: ConnectorSettings, after: ConnectorSettings) -> AuditEntry:
            raise AssertionError("nothing was changed")

        await storage.change_connector("default", "one", lambda one: one, now=NOW, note=noting)
        assert await storage.connector_settings("default") == []
        before = await storage.change_connector("default", "one", filled, now=NOW)
        again = await storage.change_connector("default", "one", lambda one: one, now=later(60))
        assert again == before

    async def test_a_change_is_noted_in_the_audit_log_with_it(self, storage: Storage) -> None:
        await storage.change_connector(
            "default",
            "one",
            filled,
            now=NOW,
            note=lambda before, after: entry("first", subject=f"{before.enabled} {after.enabled}"),
        )
        (noted,) = await storage.audit_entries(AuditQuery(project_id="default", subject="True False"))
        assert noted.id == "first"
        with pytest.raises(StorageConflict):
            await storage.change_connector(
                "default",
                "one",
                lambda one: replace(one, enabled=True),
                now=NOW,
                note=lambda before, after: entry("first"),
            )
        (one,) = await storage.connector_settings("default")
        assert one.enabled is False
