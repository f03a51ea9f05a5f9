"""The project's settings, with a SQLite file of the process's own that is gone afterwards."""

import atexit
import shutil
import tempfile
from pathlib import Path

_folder = tempfile.mkdtemp(prefix="chub-django-")
atexit.register(shutil.rmtree, _folder, ignore_errors=True)

SECRET_KEY = "made up"
ALLOWED_HOSTS = ["*"]
USE_TZ = True
ROOT_URLCONF = "tests.django_host.urls"
STATIC_URL = "/static/"
CONNECT_HUB = "tests.django_host.hub:hub"
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "connect_hub.hosts.django",
    "tests.django_host",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(Path(_folder, "default.db")),
        "OPTIONS": {"timeout": 20},
    }
}
