"""The use cases. No web framework, no SQL and no HTTP library in here."""
