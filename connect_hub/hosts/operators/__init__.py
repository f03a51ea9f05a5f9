"""The dashboard behind a host's own sign-in: one module for each way in which hosts know their users."""
