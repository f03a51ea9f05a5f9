"""The urls.py of the journey's Django project."""

from django.http import HttpRequest, JsonResponse
from django.urls import path

from connect_hub import ConnectHub

hubs: list[ConnectHub] = []
"""The one that the application was made with."""


def call(request: HttpRequest, account_id: str) -> JsonResponse:
    """A plain view, which Django runs in a thread under ASGI."""
    with hubs[0].sync.client(account_id) as http:
        answer = http.get("me")
    return JsonResponse({"status": answer.status_code, "body": answer.json()})


urlpatterns = [path("call/<str:account_id>", call)]
