"""A Django project for tests. Django is configured once in a process, so all its tests share this one."""

import os

import django
from django.apps import apps as registry

__all__ = ["ready"]


def ready() -> None:
    """Configure Django with `tests.django_host.settings`, unless it is done."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.django_host.settings")
    if not registry.ready:
        django.setup()
