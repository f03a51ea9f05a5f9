"""Operators with a token of the hub's own: made, signed in, signed out, revoked."""

import hashlib
import hmac
import logging
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from connect_hub.audit import Actor, ActorKind, AuditAction, acting_as, current_actor
from connect_hub.dashboard import OperatorTokens
from connect_hub.errors import FieldError, NotFound, OperatorTokenRefused, ValidationFailed
from connect_hub.flows.audit import AuditLog
from connect_hub.flows.core import Core
from connect_hub.models import Json
from connect_hub.operators import EVERY_PROJECT, Operator, OperatorSession, OperatorToken, Role

__all__ = ["IssuedOperator", "Operators", "SignedIn"]

log = logging.getLogger("connect_hub.dashboard")

# cho_<id>_<secret of 256 bits>
_FORM = re.compile(r"cho_([0-9a-f]{16})_([A-Za-z0-9_-]{43})")
_NO_HASH = bytes(32)
_TOUCH_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class IssuedOperator:
    """An operator who was just made; the token is shown this once and kept nowhere."""

    operator: OperatorToken
    token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class SignedIn:
    """An operator in a browser."""

    operator: Operator
    binding: str = field(repr=False)
    """What forms of this browser are bound to: a hash of its cookie."""


class Operators:
    """The hub's own operators. A host with a sign-in of its own needs none."""

    def __init__(self, core: Core, audit: AuditLog) -> None:
        self._core = core
        self._audit = audit

    async def add(self, *, name: str, roles: Mapping[str, Role]) -> IssuedOperator:
        """Make an operator. Raises ValidationFailed for no name, no role, or a project that is not there."""
        await self._core.ready()
        name = " ".join(name.split())
        if not 0 < len(name) <= 80:
            raise ValidationFailed(FieldError("name", "must have 1 to 80 characters"))
        if not roles:
            raise ValidationFailed(FieldError("roles", "must name a project (* is all) and a role"))
        for project in roles:
            if project != EVERY_PROJECT and project not in self._core.config.projects:
                raise ValidationFailed(FieldError("roles", f"there is no project {project[:64]!r}"))
        secret = secrets.token_urlsafe(32)
        operator = OperatorToken(
            id=secrets.token_hex(8),
            name=name,
            secret_hash=hashlib.sha256(secret.encode()).digest(),
            roles=dict(roles),
            created_at=self._core.clock.now(),
        )
        told: dict[str, Json] = {project: role.value for project, role in roles.items()}
        note = self._audit.entry(
            EVERY_PROJECT, AuditAction.OPERATOR_ADDED, operator.id, after={"name": name, "roles": told}
        )
        await self._core.storage.create_operator(operator, note=note)
        return IssuedOperator(operator, f"cho_{operator.id}_{secret}")

    async def list(self) -> list[OperatorToken]:
        """All of them, newest first, revoked ones too."""
        await self._core.ready()
        return await self._core.storage.operators()

    async def revoke(self, operator_id: str) -> OperatorToken:
        """Sign the operator out everywhere, and refuse the token from now on. Idempotent. Raises NotFound."""
        await self._core.ready()
        note = self._audit.entry(EVERY_PROJECT, AuditAction.OPERATOR_REVOKED, operator_id)
        operator = await self._core.storage.revoke_operator(
            operator_id, now=self._core.clock.now(), note=note
        )
        if operator is None:
            raise NotFound(f"There is no operator {operator_id[:64]!r}.")
        return operator

    async def sign_in(self, token: str, *, source: str, replaces: str | None = None) -> str:
        """A new cookie's value for whoever has `token`; the browser's old one, if any, ends.

        Raises OperatorTokenRefused, which is logged. An unknown id costs the same comparison as a wrong
        secret.
        """
        match = _FORM.fullmatch(token.strip())
        stored = None if match is None else await self._core.storage.operator(match[1])
        digest = hashlib.sha256((match[2] if match else token).encode()).digest()
        same = hmac.compare_digest(digest, _NO_HASH if stored is None else stored.secret_hash)
        if not same or stored is None or match is None or stored.revoked_at is not None:
            raise _refused(source, stored)
        now, cookie = self._core.clock.now(), secrets.token_urlsafe(32)
        session = OperatorSession(
            secret_hash=self._core.cookie_hash(cookie),
            operator_id=stored.id,
            created_at=now,
            last_seen_at=now,
        )
        with acting_as(Actor(ActorKind.OPERATOR, stored.id, stored.name, source)):
            note = self._audit.entry(EVERY_PROJECT, AuditAction.OPERATOR_SIGNED_IN, stored.id)
        old = None if replaces is None else self._core.cookie_hash(replaces)
        if not await self._core.storage.open_operator_session(session, replaces=old, note=note):
            raise _refused(source, stored)
        return cookie

    async def signed_in(
        self, cookie: str, limits: OperatorTokens, *, watching: bool = False
    ) -> SignedIn | None:
        """Who is signed in in the browser with this cookie; None: nobody, or not any more.

        It is used by this, and so lasts longer, unless somebody is only `watching`.
        """
        secret_hash = self._core.cookie_hash(cookie)
        found = await self._core.storage.operator_session(secret_hash)
        if found is None:
            return None
        session, stored = found
        now = self._core.clock.now()
        if stored.revoked_at is not None or not session.is_live(
            now, idle=limits.idle, absolute=limits.absolute
        ):
            return None
        if not watching and now - session.last_seen_at >= min(_TOUCH_EVERY, limits.idle / 4):
            await self._core.storage.touch_operator_session(secret_hash, now=now)
        # Not the stored hash itself, which finds the session.
        binding = hashlib.sha256(secret_hash).hexdigest()
        return SignedIn(Operator(stored.id, stored.name, stored.roles), binding)

    async def sign_out(self, cookie: str) -> None:
        """End the browser's session."""
        actor = current_actor()
        who = "" if actor is None else actor.id
        note = self._audit.entry(EVERY_PROJECT, AuditAction.OPERATOR_SIGNED_OUT, who)
        await self._core.storage.end_operator_session(self._core.cookie_hash(cookie), note=note)


def _refused(source: str, stored: OperatorToken | None) -> OperatorTokenRefused:
    """Logged. An id is no secret; how often one address may try is limited, and so are the lines."""
    of = "nobody" if stored is None else f"the operator {stored.id}"
    log.warning("a sign-in to the dashboard from %.64a, with a token of %s, was refused", source, of)
    return OperatorTokenRefused()
