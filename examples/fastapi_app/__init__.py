"""An example: FastAPI, pages of the host's own, and links that only the right tenant can use."""

from examples.fastapi_app.app import create_app

__all__ = ["create_app"]
