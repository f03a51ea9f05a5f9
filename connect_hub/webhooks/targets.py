"""How an endpoint is named as the target of a delivery."""

__all__ = ["WEBHOOK"]

WEBHOOK = "webhook:"
"""Prefix of `<project>/<endpoint>`."""
