"""The project's own application."""

from django.apps import AppConfig


class HostConfig(AppConfig):
    """No migrations: `migrate --run-syncdb` makes its table."""

    name = "tests.django_host"
    label = "host"
    default_auto_field = "django.db.models.BigAutoField"
