"""Clients of the wire contract that others published, unmodified, against a running hub."""
