"""What the audit log tells of webhook endpoints: not the path of an address, nor the values
of headers, which may be secret."""

from connect_hub.flows.audit import changed
from connect_hub.flows.endpoint_addresses import origin_of
from connect_hub.flows.receivers import Contents
from connect_hub.models import Json
from connect_hub.storage.protocol import WebhookEndpoint

__all__ = ["told", "told_of_change"]


def told(one: WebhookEndpoint, contents: Contents) -> dict[str, Json]:
    """What it is."""
    return {
        "url": origin_of(one.url),
        "description": one.description,
        "events": None if one.events is None else list(one.events),
        "providers": None if one.providers is None else list(one.providers),
        "headers": list[Json](sorted(contents.headers)),
        "enabled": one.enabled,
    }


def told_of_change(
    before: tuple[WebhookEndpoint, Contents], after: tuple[WebhookEndpoint, Contents]
) -> tuple[dict[str, Json], dict[str, Json]]:
    """What differs; of another path at the same origin, that it is another one."""
    was, becomes = changed(told(*before), told(*after))
    if before[0].url != after[0].url and "url" not in becomes:
        was, becomes = {**was, "path": "…"}, {**becomes, "path": "…, another one"}
    return was, becomes
