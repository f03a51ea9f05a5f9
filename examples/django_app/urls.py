"""The application's addresses. The hub's are not among them: wsgi.py and asgi.py pass those on."""

from django.contrib import admin
from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path
from django.views.generic import RedirectView

from examples.django_app import views

urlpatterns = [
    path("", RedirectView.as_view(url="/settings")),
    path("login", LoginView.as_view(template_name="roster/login.html"), name="login"),
    path("logout", LogoutView.as_view(), name="logout"),
    path("settings", views.show_settings, name="settings"),
    path("settings/connect", views.connect, name="connect"),
    path("connections/<str:account_id>/employees", views.employees, name="employees"),
    path("connections/<str:account_id>/disconnect", views.disconnect, name="disconnect"),
    path("admin/", admin.site.urls),
]
