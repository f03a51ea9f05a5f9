"""The example's settings, with passwords that are quick to check."""

from examples.django_app.settings import *  # noqa: F403  # as Django's settings are varied

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
