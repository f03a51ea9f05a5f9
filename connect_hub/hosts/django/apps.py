"""The application that stands in INSTALLED_APPS."""

from django.apps import AppConfig

__all__ = ["ConnectHubConfig"]


class ConnectHubConfig(AppConfig):
    """Brings tables, checks and commands, and loads no hub: a build without keys can collect its files."""

    name = "connect_hub.hosts.django"
    label = "connect_hub"
    verbose_name = "connect_hub"
    default_auto_field = "django.db.models.BigAutoField"
