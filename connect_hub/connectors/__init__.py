"""Connectors: what a provider is, as data."""
