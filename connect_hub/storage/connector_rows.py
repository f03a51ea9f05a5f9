"""Settings of connectors to rows and back; see `connect_hub.storage.rows`."""

import json

from connect_hub.storage.protocol import ConnectorSettings
from connect_hub.storage.rows import Row, Values, dumped, instant, milliseconds

__all__ = ["settings_of", "settings_row"]


def settings_row(settings: ConnectorSettings) -> Row:
    set_at = settings.secret_set_at
    return {
        "project_id": settings.project_id,
        "provider": settings.provider,
        "enabled": settings.enabled,
        "client_id": settings.client_id,
        "scopes": None if settings.scopes is None else dumped(settings.scopes),
        "generation": settings.generation,
        "key_id": settings.key_id,
        "sealed": None if settings.sealed is None else bytes(settings.sealed),
        "secret_set_at": None if set_at is None else milliseconds(set_at),
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
        secret_set_at=None if secret_set_at is None else instant(secret_set_at),
        secret_set_by=secret_set_by,
        updated_at=instant(updated_at),
    )
