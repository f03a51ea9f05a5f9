"""The dashboard: what operators see and do, behind the host's own sign-in or a token's."""
