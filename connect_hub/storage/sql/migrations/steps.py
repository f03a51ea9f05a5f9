"""What each version of the schema added to the one before.

To add a table: make it in `tables` and name it here, without its prefix, under the version that is not
released yet. To add a column to a table that was released: make it nullable, or with a `server_default`, and
name it here. The same with an index of such a table. `tests/storage/test_migrations.py` says what was
forgotten.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

__all__ = ["STEPS", "Step"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """What one version added. Names are those of `tables`, without prefixes."""

    version: int
    tables: tuple[str, ...] = ()
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """New columns of tables that were there."""
    indexes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """New indexes of tables that were there."""
    exact: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Columns that were there, in which MariaDB and MySQL shall count spaces at the end from now on."""


STEPS = (
    Step(
        version=2,
        tables=(
            "account_days",
            "attempt_steps",
            "audit",
            "connector_settings",
            "delivery_attempts",
            "endpoints",
            "operator_sessions",
            "operators",
            "triggers",
        ),
        columns={
            "deliveries": ("endpoint_id",),
            "events": ("provider", "directed"),
            "visits": ("embedded", "attempt_id"),
        },
        indexes={
            "accounts": ("provider", "status"),
            "api_keys": ("newest",),
            "deliveries": ("endpoint", "newest", "ready", "state", "turn"),
            "events": ("newest",),
        },
        exact={
            "accounts": ("origin_owner_id", "identity_id"),
            "audit": ("actor_id", "owner_id"),
            "events": ("owner_id",),
            "sessions": ("origin_owner_id",),
        },
    ),
)
