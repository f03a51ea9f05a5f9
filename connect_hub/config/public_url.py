"""Where the hub is reached from outside."""

from connect_hub.config.checks import refuse, split_web_address


class PublicUrl:
    """Where the hub is reached from outside. Every absolute address is made from it, none from a request."""

    __slots__ = ("host", "origin", "path", "text")

    def __init__(self, text: str, *, insecure_dev: bool = False) -> None:
        parts = split_web_address("public_url", text, insecure_dev=insecure_dev)
        if parts.query or parts.fragment or "?" in text or "#" in text:
            raise refuse("public_url", "it has a query or a fragment", "End it with the mount's path.")
        path = parts.path.rstrip("/")
        if "//" in path or any(part in {".", ".."} for part in path.split("/")) or "%" in path:
            raise refuse("public_url", f"its path {path!r} is not plain", "Use a path such as /connect.")
        self.origin: str = f"{parts.scheme}://{parts.netloc.lower()}"
        """Scheme, host and port, as a browser sends it in `Origin`."""
        self.host: str = parts.hostname or ""
        """The host name alone."""
        self.path: str = path
        """The mount's path without a slash at its end; empty when mounted at `/`."""
        self.text: str = self.origin + path

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"PublicUrl({self.text!r})"
