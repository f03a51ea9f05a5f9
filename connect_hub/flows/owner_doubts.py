"""What speaks against an owner's id before a link is made for it: whoever types one should be asked."""

from dataclasses import dataclass

from connect_hub.errors import ValidationFailed
from connect_hub.flows.core import Core
from connect_hub.flows.requests import OwnerName, parse
from connect_hub.storage.protocol import AccountQuery, SessionQuery

__all__ = ["OwnerDoubts", "owner_doubts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerDoubts:
    """Nothing here is an error: an id may have spaces at its ends, and a customer a new name."""

    trimmed_id: str | None = None
    """The id without the spaces at its ends, if it has some: mostly a slip, and then no account is ever found
    by it."""
    known_name: str | None = None
    """The name that the id is known under, if that is another: it may be another customer's."""


async def owner_doubts(
    core: Core, origin_owner_id: str, origin_owner_name: str, *, project: str
) -> OwnerDoubts:
    """None about an id that no owner can have: it is refused where it is used."""
    try:
        parse(OwnerName, {"origin_owner_id": origin_owner_id})
    except ValidationFailed:
        return OwnerDoubts()
    await core.ready()
    trimmed, name = origin_owner_id.strip(), origin_owner_name.strip()
    known = await _known_name(core, origin_owner_id, project=project)
    return OwnerDoubts(
        trimmed_id=trimmed if trimmed and trimmed != origin_owner_id else None,
        known_name=known if known is not None and name and known.strip() != name else None,
    )


async def _known_name(core: Core, owner_id: str, *, project: str) -> str | None:
    """Of the owner's newest account, else of the newest link."""
    accounts = await core.storage.accounts(
        AccountQuery(project_id=project, origin_owner_ids=frozenset([owner_id]), limit=1)
    )
    if accounts:
        return accounts[0].origin_owner_name
    sessions = await core.storage.sessions(
        SessionQuery(project_id=project, now=core.clock.now(), origin_owner_id=owner_id, limit=1)
    )
    return sessions[0].origin_owner_name if sessions else None
