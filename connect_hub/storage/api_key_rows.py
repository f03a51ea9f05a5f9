"""API keys as rows, and back."""

from connect_hub.models import ApiKey
from connect_hub.storage.rows import Row, Values, instant, instant_or_none, milliseconds, milliseconds_or_none

__all__ = ["api_key_of", "api_key_row"]


def api_key_row(key: ApiKey) -> Row:
    return {
        "id": key.id,
        "project_id": key.project_id,
        "secret_hash": key.secret_hash.hex(),
        "name": key.name,
        "created_at": milliseconds(key.created_at),
        "last_used_at": milliseconds_or_none(key.last_used_at),
        "revoked_at": milliseconds_or_none(key.revoked_at),
    }


def api_key_of(values: Values) -> ApiKey:
    key_id, project_id, secret_hash, name, created_at, last_used_at, revoked_at = values
    return ApiKey(
        id=key_id,
        project_id=project_id,
        secret_hash=bytes.fromhex(secret_hash),
        name=name,
        created_at=instant(created_at),
        last_used_at=instant_or_none(last_used_at),
        revoked_at=instant_or_none(revoked_at),
    )
