"""Operators: who may use the dashboard, and what each may do in which project."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from connect_hub.host_address import check_host_address

__all__ = ["EVERY_PROJECT", "NoOperator", "Operator", "OperatorSession", "OperatorToken", "Role"]

EVERY_PROJECT = "*"
"""In the place of a project's id: all of them."""


class Role(StrEnum):
    """What somebody may do in a project; each may do what the one before may."""

    VIEWER = "viewer"
    """Look at everything but keys, the audit log and secrets."""
    OPERATOR = "operator"
    """Make, renew and revoke links; suspend, resume, convert, reconnect and disconnect accounts; test
    webhook endpoints, and send them again what they have not taken."""
    ADMIN = "admin"
    """Keys, connectors, webhook endpoints, and the audit log."""

    def covers(self, wanted: "Role") -> bool:
        """Whether whoever has this role may do what `wanted` may."""
        order = list(Role)
        return order.index(self) >= order.index(wanted)


@dataclass(frozen=True, slots=True)
class Operator:
    """Somebody who is signed in to the dashboard."""

    id: str
    """As the host, or the hub's own table, knows them; it stands in the audit log."""
    name: str
    """For people."""
    roles: Mapping[str, Role]
    """By project id; the key `*` is every project. A project that is not named is as if absent."""

    def role(self, project_id: str) -> Role | None:
        """The highest role in a project; None: the project is none of their business."""
        found = [role for key, role in self.roles.items() if key in {project_id, EVERY_PROJECT}]
        return max(found, key=list(Role).index) if found else None


@dataclass(frozen=True, slots=True)
class NoOperator:
    """Somebody is signed in to the host, and has no role in any project."""

    sign_in: str | None = None
    """Where they may sign in as another; None: they are offered no way."""

    def __post_init__(self) -> None:
        if self.sign_in is not None:
            check_host_address("sign_in", self.sign_in, example="/login")


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorToken:
    """An operator of the hub's own table. Only the SHA-256 of the token's secret is kept."""

    id: str
    name: str
    secret_hash: bytes
    roles: Mapping[str, Role]
    created_at: datetime
    last_used_at: datetime | None = None
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperatorSession:
    """A browser in which an operator signed in with a token. Its cookie's SHA-256 is `secret_hash`."""

    secret_hash: bytes = field(repr=False)
    operator_id: str
    created_at: datetime
    last_seen_at: datetime

    def is_live(self, now: datetime, *, idle: timedelta, absolute: timedelta) -> bool:
        """Whether it may still be used at `now`."""
        return now < self.last_seen_at + idle and now < self.created_at + absolute
