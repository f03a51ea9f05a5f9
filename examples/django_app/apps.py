"""The application that stands in INSTALLED_APPS."""

from django.apps import AppConfig


class RosterConfig(AppConfig):
    """Customers, and the tools that they have connected."""

    name = "examples.django_app"
    label = "roster"
    default_auto_field = "django.db.models.BigAutoField"
