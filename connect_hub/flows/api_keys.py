"""API keys: made, checked, listed, revoked."""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from connect_hub.audit import AuditAction
from connect_hub.errors import FieldError, InvalidApiKey, NotFound, ValidationFailed
from connect_hub.flows.audit import AuditLog
from connect_hub.flows.core import Core
from connect_hub.models import ApiKey

__all__ = ["ApiKeys", "Caller", "IssuedApiKey"]

# chk_<environment>_<id>_<secret of 256 bits>
_FORM = re.compile(r"chk_[a-z]{1,16}_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
_TOUCH_EVERY = timedelta(minutes=1)
_NO_HASH = bytes(32)
_LONGEST_NAME = 80


@dataclass(frozen=True, slots=True)
class IssuedApiKey:
    """A key that was just made; its text is shown this once and kept nowhere."""

    key: ApiKey
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls the API."""

    project_id: str
    key_id: str
    """Names the key; configured keys are named by a part of their hash."""


class ApiKeys:
    """The keys of the projects: those in the database, and those in the configuration."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._audit = AuditLog(core)
        self._touched: dict[str, datetime] = {}
        self._configured: dict[bytes, Caller] = {}
        for project_id, project in core.config.projects.items():
            for key in project.secret_api_keys:
                digest = hashlib.sha256(key.reveal().encode()).digest()
                self._configured[digest] = Caller(project_id, f"config-{digest.hex()[:12]}")

    async def create(self, *, name: str, project: str = "default", environment: str = "live") -> IssuedApiKey:
        """Make a key for a project. `name` is for people; `environment` is a word in the key's text.

        Raises ValidationFailed for a name that is not 1 to 80 printable characters.
        """
        if not 0 < len(name.strip()) <= _LONGEST_NAME or not name.isprintable():
            raise ValidationFailed(FieldError("name", f"must be 1 to {_LONGEST_NAME} printable characters"))
        await self._core.ready()
        self._core.project(project)
        if not re.fullmatch(r"[a-z]{1,16}", environment):
            raise ValueError("environment is a word of 1 to 16 lower-case letters, such as live or test")
        secret = secrets.token_urlsafe(32)
        key = ApiKey(
            id=secrets.token_hex(8),
            project_id=project,
            secret_hash=hashlib.sha256(secret.encode()).digest(),
            name=name,
            created_at=self._core.clock.now(),
        )
        note = self._audit.entry(project, AuditAction.API_KEY_CREATED, key.id, after={"name": name})
        await self._core.storage.create_api_key(key, note=note)
        return IssuedApiKey(key, f"chk_{environment}_{key.id}_{secret}")

    async def list(
        self,
        *,
        project: str = "default",
        limit: int | None = None,
        before: tuple[datetime, str] | None = None,
    ) -> list[ApiKey]:
        """The project's keys in the database, newest first, revoked ones too; all of them, or `limit`.

        `before` is (created_at, id) of the last one of the page before.
        """
        await self._core.ready()
        return await self._core.storage.api_keys(project, limit=limit, before=before)

    async def get(self, key_id: str, *, project: str = "default") -> ApiKey:
        """One key of the database. Raises NotFound."""
        await self._core.ready()
        key = await self._core.storage.api_key(key_id)
        if key is None or key.project_id != project:
            raise NotFound(f"There is no API key {key_id!r} in this project.")
        return key

    async def revoke(self, key_id: str, *, project: str = "default") -> ApiKey:
        """Refuse the key from the next request on. Idempotent. Raises NotFound."""
        await self._core.ready()
        note = self._audit.entry(project, AuditAction.API_KEY_REVOKED, key_id)
        key = await self._core.storage.revoke_api_key(project, key_id, now=self._core.clock.now(), note=note)
        if key is None:
            raise NotFound(f"There is no API key {key_id!r} in this project.")
        return key

    def configured(self, text: str) -> Caller | None:
        """The caller behind a key of the configuration."""
        # Looked up by its hash: what the look-up's time tells is about the hash, which is of no use.
        return self._configured.get(hashlib.sha256(text.encode()).digest())

    @staticmethod
    def id_of(text: str) -> str | None:
        """The id that a key's text names; None if it has not the form of one in the database."""
        match = _FORM.fullmatch(text)
        return None if match is None else match[1]

    async def identify(self, text: str) -> Caller:
        """Whose key this is. Raises InvalidApiKey."""
        caller = self.configured(text)
        if caller is not None:
            return caller
        key_id = self.id_of(text)
        return await self.accept(text, None if key_id is None else await self._core.storage.api_key(key_id))

    async def accept(self, text: str, stored: ApiKey | None) -> Caller:
        """The caller, if `text` is the key that is `stored` and live. Raises InvalidApiKey.

        An unknown id costs the same comparison as a wrong secret.
        """
        match = _FORM.fullmatch(text)
        digest = hashlib.sha256((match[2] if match else text).encode()).digest()
        same = hmac.compare_digest(digest, _NO_HASH if stored is None else stored.secret_hash)
        if not same or stored is None or match is None or stored.revoked_at is not None:
            raise InvalidApiKey
        if stored.project_id not in self._core.config.projects:
            raise InvalidApiKey
        await self._touch(stored)
        return Caller(stored.project_id, stored.id)

    async def _touch(self, key: ApiKey) -> None:
        now = self._core.clock.now()
        last = self._touched.get(key.id, key.last_used_at)
        if last is None or now - last >= _TOUCH_EVERY:
            self._touched[key.id] = now
            await self._core.storage.touch_api_key(key.id, now=now)
