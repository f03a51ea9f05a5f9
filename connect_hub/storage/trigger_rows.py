"""Triggers to rows and back; see `connect_hub.storage.rows`."""

from connect_hub.models import Trigger
from connect_hub.storage.rows import Row, Values, instant, milliseconds

__all__ = ["trigger_of", "trigger_row"]


def trigger_row(trigger: Trigger) -> Row:
    return {
        "account_id": trigger.account_id,
        "project_id": trigger.project_id,
        "token_hash": trigger.token_hash.hex(),
        "nonce": trigger.nonce,
        "key_id": trigger.key_id,
        "created_at": milliseconds(trigger.created_at),
    }


def trigger_of(values: Values) -> Trigger:
    account_id, project_id, token_hash, nonce, key_id, created_at = values
    return Trigger(
        account_id=account_id,
        project_id=project_id,
        token_hash=bytes.fromhex(token_hash),
        nonce=nonce,
        key_id=key_id,
        created_at=instant(created_at),
    )
