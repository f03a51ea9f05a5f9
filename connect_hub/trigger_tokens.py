"""Tokens of triggers: what makes an address unguessable that a provider's own webhook is pointed at."""

import base64
import hashlib
import hmac
import re
import secrets
from datetime import datetime

from connect_hub.keys import KeyProvider, Purpose, framed
from connect_hub.models import Trigger

__all__ = ["TriggerTokens", "token_hash"]

_TOKEN = re.compile(r"trg_[A-Za-z0-9_-]{43}")


class TriggerTokens:
    """`trg_` and 256 bits: HMAC-SHA256 over the account and a nonce.

    Only a hash is stored, by which a token is found whatever the keys are by then. Under its key it can be
    made again, so that it can be shown again.
    """

    def __init__(self, *, keys: KeyProvider) -> None:
        self._keys = keys

    def new(self, project_id: str, account_id: str, now: datetime) -> tuple[Trigger, str]:
        """A new trigger of an account, and its token."""
        kid, key = self._keys.signing_key(Purpose.TRIGGERS)
        nonce = secrets.token_hex(16)
        token = _token(key, project_id, account_id, nonce)
        trigger = Trigger(
            account_id=account_id,
            project_id=project_id,
            token_hash=hashlib.sha256(token.encode()).digest(),
            nonce=nonce,
            key_id=kid,
            created_at=now,
        )
        return trigger, token

    def of(self, trigger: Trigger) -> str | None:
        """The token of a stored trigger; None if the key it was made under is gone."""
        key = self._keys.verifying_key(Purpose.TRIGGERS, trigger.key_id)
        return None if key is None else _token(key, trigger.project_id, trigger.account_id, trigger.nonce)


def token_hash(token: str) -> bytes | None:
    """What a token is found by; None if it does not look like one."""
    return hashlib.sha256(token.encode()).digest() if _TOKEN.fullmatch(token) else None


def _token(key: bytes, project_id: str, account_id: str, nonce: str) -> str:
    digest = hmac.digest(key, framed("chub/v1", "trigger", project_id, account_id, nonce), "sha256")
    return "trg_" + base64.urlsafe_b64encode(digest).decode().rstrip("=")
