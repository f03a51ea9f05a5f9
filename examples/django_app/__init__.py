"""An example: Django, its own users, and models written in the hub's transaction."""
