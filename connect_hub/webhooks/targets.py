"""How an endpoint is named as the target of a delivery."""

__all__ = ["WEBHOOK", "webhook_target"]

WEBHOOK = "webhook:"
"""Prefix of `<project>/<endpoint>`."""


def webhook_target(project_id: str, endpoint: str) -> str:
    """The target that stands for an endpoint: its name in the configuration, or its id in the database."""
    return f"{WEBHOOK}{project_id}/{endpoint}"
