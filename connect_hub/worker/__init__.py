"""Who runs deliveries: the dispatchers."""
