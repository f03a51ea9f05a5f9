"""uvicorn examples.django_app.asgi:application"""

import os

from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "examples.django_app.settings")
django = get_asgi_application()

from connect_hub.hosts.asgi import ConnectHubMiddleware  # noqa: E402
from examples.django_app.hub import PREFIX, hub  # noqa: E402  # it has models, which want a Django that is set up

application = ConnectHubMiddleware(django, hub=hub, prefix=PREFIX)
