"""Webhooks: `sign` what the hub sends, `verify` what a host receives."""

from connect_hub.errors import WebhookInvalid
from connect_hub.webhooks.signing import generate_secret, sign, verify

__all__ = ["WebhookInvalid", "generate_secret", "sign", "verify"]
