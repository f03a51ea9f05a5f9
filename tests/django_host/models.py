"""A table of the host's own."""

from django.db import models


class Tool(models.Model):
    """A tool that a customer has connected."""

    account_id = models.CharField(max_length=64, unique=True)
    is_used = models.BooleanField(default=True)
    added_at = models.DateTimeField(auto_now_add=True)
