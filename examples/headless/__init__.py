"""A host that draws the hub's page itself, from the hub's JSON."""

from examples.headless.app import create_app

__all__ = ["create_app"]
