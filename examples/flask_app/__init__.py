"""An example: Flask, SQLAlchemy, and rows of the host's own in the hub's transaction."""

from examples.flask_app.app import create_app

__all__ = ["create_app"]
