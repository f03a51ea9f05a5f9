"""How an endpoint is named as the target of a delivery."""

__all__ = ["endpoint_of", "webhook_target"]

_WEBHOOK = "webhook:"
"""Prefix of `<project>/<endpoint>`."""


def webhook_target(project_id: str, endpoint: str) -> str:
    """The target that stands for an endpoint: its name in the configuration, or its id in the database."""
    return f"{_WEBHOOK}{project_id}/{endpoint}"


def endpoint_of(target: str) -> str | None:
    """The endpoint that a target stands for; None: it is a callback's."""
    return target.rpartition("/")[2] if target.startswith(_WEBHOOK) else None
