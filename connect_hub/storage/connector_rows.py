"""Settings of connectors to rows and back; see `connect_hub.storage.rows`."""

import json

from connect_hub.storage.protocol import ConnectorSettings
from connect_hub.storage.rows import (
    Row,
    Values,
    dumped_or_none,
    instant,
    instant_or_none,
    milliseconds,
    milliseconds_or_none,
)

__all__ = ["settings_of", "settings_row"]


def settings_row(settings: ConnectorSettings) -> Row:
    return {
        "project_id": settings.project_id,
        "provider": settings.provider,
        "enabled": settings.enabled,
        "client_id": settings.client_id,
        "scopes": dumped_or_none(settings.scopes),
        "generation": settings.generation,
        "key_id": settings.key_id,
        "sealed": None if settings.sealed is None else bytes(settings.sealed),
        "secret_set_at": milliseconds_or_none(settings.secret_set_at),
        "secret_set_by": settings.secret_set_by,
        "updated_at": milliseconds(settings.updated_at),
    }


def settings_of(values: Values) -> ConnectorSettings:
    (
        project_id,
        provider,
        enabled,
        client_id,
        scopes,
        generation,
        key_id,
        sealed,
        secret_set_at,
        secret_set_by,
        updated_at,
    ) = values
    return ConnectorSettings(
        project_id=project_id,
        provider=provider,
        enabled=bool(enabled),
        client_id=client_id,
        scopes=None if scopes is None else tuple(json.loads(scopes)),
        generation=generation,
        key_id=key_id,
        sealed=None if sealed is None else bytes(sealed),
        secret_set_at=instant_or_none(secret_set_at),
        secret_set_by=secret_set_by,
        updated_at=instant(updated_at),
    )
