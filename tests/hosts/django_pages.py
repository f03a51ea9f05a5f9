"""A Django project for real servers, with and without the hub: what its answers show must be the same."""

import json
import os
from collections.abc import Callable
from typing import Any

import django
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.urls import path

__all__ = ["around_asgi", "around_wsgi", "bare_asgi", "bare_wsgi"]


def first(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Notes itself in the request before the second, and in the answer after it."""
    return _noting("first", get_response)


def second(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    return _noting("second", get_response)


def _noting(
    name: str, get_response: Callable[[HttpRequest], HttpResponse]
) -> Callable[[HttpRequest], HttpResponse]:
    def middleware(request: HttpRequest) -> HttpResponse:
        request.seen = [*getattr(request, "seen", []), name]
        response = get_response(request)
        response["X-Order"] = " ".join([*response.get("X-Order", "").split(), name])
        return response

    return middleware


def visit(request: HttpRequest) -> HttpResponse:
    """Counts visits in the session, and sets the CSRF cookie."""
    request.session["visits"] = request.session.get("visits", 0) + 1
    get_token(request)
    body = {"visits": request.session["visits"], "middleware": request.seen, "path": request.get_full_path()}
    return HttpResponse(json.dumps(body), content_type="application/json")


def change(request: HttpRequest) -> HttpResponse:
    return HttpResponse(request.body)


def boom(request: HttpRequest) -> HttpResponse:
    raise ZeroDivisionError


urlpatterns = [path("visit", visit), path("change", change), path("boom", boom)]


def _set_up() -> None:
    settings.configure(
        SECRET_KEY="made up",
        ALLOWED_HOSTS=["127.0.0.1"],
        ROOT_URLCONF=__name__,
        INSTALLED_APPS=["django.contrib.sessions"],
        MIDDLEWARE=[
            "django.middleware.security.SecurityMiddleware",
            f"{__name__}.first",
            f"{__name__}.second",
            "django.contrib.sessions.middleware.SessionMiddleware",
            "django.middleware.common.CommonMiddleware",
            "django.middleware.csrf.CsrfViewMiddleware",
            "django.middleware.clickjacking.XFrameOptionsMiddleware",
        ],
        SESSION_ENGINE="django.contrib.sessions.backends.file",
        SESSION_FILE_PATH=os.environ["DJANGO_SESSIONS"],
    )
    django.setup()


def bare_wsgi() -> Any:
    from django.core.wsgi import get_wsgi_application

    _set_up()
    return get_wsgi_application()


def around_wsgi() -> Any:
    from tests.hosts.hub_apps import make

    return make().wsgi_middleware(bare_wsgi(), "/connect")


def bare_asgi() -> Any:
    from django.core.asgi import get_asgi_application

    _set_up()
    return get_asgi_application()


def around_asgi() -> Any:
    from connect_hub.hosts.asgi import ConnectHubMiddleware
    from tests.hosts.hub_apps import make

    return ConnectHubMiddleware(bare_asgi(), hub=make(), prefix="/connect")
