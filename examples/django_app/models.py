"""The application's own tables."""

from django.conf import settings
from django.db import models


class Tenant(models.Model):
    """A customer: a company with users."""

    name = models.CharField(max_length=200)
    suspended = models.BooleanField(default=False)


class Member(models.Model):
    """One of Django's users, at a tenant."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)


class Connection(models.Model):
    """A tool that a tenant has connected: written in the transaction in which the hub writes the account."""

    account_id = models.CharField(primary_key=True, max_length=64)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    provider = models.CharField(max_length=100)
    connected_as = models.CharField(max_length=200)


class Notice(models.Model):
    """A message on a tenant's settings page. `event_id` is unique: an event may be delivered twice."""

    event_id = models.CharField(primary_key=True, max_length=64)
    tenant = models.ForeignKey(Tenant, on_delete=models.CASCADE)
    text = models.TextField()
