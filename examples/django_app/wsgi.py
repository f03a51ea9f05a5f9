"""gunicorn examples.django_app.wsgi"""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "examples.django_app.settings")
django = get_wsgi_application()

from examples.django_app.hub import PREFIX, hub  # noqa: E402  # it has models, which want a Django that is set up

application = hub.wsgi_middleware(django, PREFIX)
