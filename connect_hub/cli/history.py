"""What happened to an account: its events, and what the audit log tells of it."""

from connect_hub.hub import ConnectHub

__all__ = ["history_of"]

_MOST = 50
"""Of each kind."""


async def history_of(hub: ConnectHub, account_id: str, project: str) -> list[dict[str, object]]:
    """The newest first."""
    events = await hub.events.list(account_id=account_id, project=project, limit=_MOST)
    entries = await hub.audit.list(subject=account_id, project=project, limit=_MOST)
    told = [
        *((one.at, one.action, one.actor.name, (one.after or {}).get("reason")) for one in entries),
        *((event.created_at, event.name, None, None) for event in events),
    ]
    told.sort(key=lambda row: row[0], reverse=True)
    return [dict(zip(("at", "what", "by", "reason"), row, strict=True)) for row in told]
