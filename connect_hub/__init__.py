"""An integrations hub that mounts into a Python application."""
