"""Signing in to providers: one engine for each kind of auth method."""
