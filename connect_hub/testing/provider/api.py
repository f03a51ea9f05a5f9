"""The provider's own API: two resources behind API keys and access tokens."""

import base64
import binascii
import hashlib
import secrets as randomness
import threading

from starlette.responses import JSONResponse, Response

from connect_hub.secret import Secret
from connect_hub.testing.provider.grants import GrantBook
from connect_hub.testing.provider.users import ProviderUser

__all__ = ["EMPLOYEES", "ProviderApi"]

EMPLOYEES: tuple[dict[str, str], ...] = (
    {"id": "emp_1", "name": "Ada Lovelace", "title": "Analyst", "email": "ada@acme.example"},
    {"id": "emp_2", "name": "Grace Hopper", "title": "Rear admiral", "email": "grace@acme.example"},
    {"id": "emp_3", "name": "Þóra Jónsdóttir 🦊", "title": "Engineer", "email": "thora@acme.example"},
)
"""What `/api/v1/employees` lists, always."""

_ORGANIZATION = {"id": "org_acme", "name": "Acme"}


class ProviderApi:
    """Answers `/api/v1/me` (scope `profile`) and `/api/v1/employees` (scope `employees`)."""

    def __init__(self, *, grants: GrantBook) -> None:
        self._grants = grants
        self._lock = threading.Lock()
        self._keys: dict[bytes, tuple[ProviderUser | None, tuple[str, ...]]] = {}

    def add_key(self, key: Secret, user: ProviderUser, scopes: tuple[str, ...]) -> None:
        with self._lock:
            self._keys[_digest(key.reveal())] = (user, scopes)

    def remove_key(self, key: Secret) -> None:
        with self._lock:
            self._keys.pop(_digest(key.reveal()), None)

    def me(self, authorization: str | None) -> Response:
        caller = self._caller(authorization, "profile")
        if isinstance(caller, Response):
            return caller
        user, _ = caller
        if user is None:
            return _json({"id": "app", "name": "Application", "email": None, "organization": _ORGANIZATION})
        return _json({"id": user.id, "name": user.name, "email": user.email, "organization": _ORGANIZATION})

    def employees(self, authorization: str | None) -> Response:
        caller = self._caller(authorization, "employees")
        return caller if isinstance(caller, Response) else _json(list(EMPLOYEES))

    def _caller(
        self, authorization: str | None, scope: str
    ) -> tuple[ProviderUser | None, tuple[str, ...]] | Response:
        """Who calls, or the 401 or 403 to answer (RFC 6750, 3)."""
        text = None if authorization is None else _credential(authorization)
        if text is None:
            return _denied(401, "unauthorized", "Send an API key as Basic user name, or a Bearer token.")
        token = self._grants.find(text)
        with self._lock:
            # By hash: how long the look-up takes says nothing about a key.
            holder = self._keys.get(_digest(text))
        if token is not None and token.active and token.kind == "access":
            holder = (token.family.user, token.scopes)
        if holder is None:
            return _denied(401, "invalid_token", "This key or token is not valid, or not any more.")
        if scope not in holder[1]:
            return _denied(403, "insufficient_scope", f"This needs the permission {scope}.")
        return holder


def _credential(authorization: str) -> str | None:
    """The key or token in a header: `Bearer …`, or the user name of `Basic …` with an empty password."""
    scheme, _, rest = authorization.partition(" ")
    if scheme.lower() == "bearer":
        return rest.strip() or None
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(rest.strip(), validate=True).decode().partition(":")
    except (binascii.Error, ValueError):
        return None
    return user or None if password == "" else None


def new_key() -> Secret:
    """A random API key."""
    return Secret("sim_key_" + randomness.token_urlsafe(32))


def _denied(status: int, code: str, message: str) -> Response:
    headers = {"www-authenticate": f'Bearer realm="api", error="{code}", Basic realm="api"'}
    return _json({"error": {"code": code, "message": message}}, status, headers if status == 401 else None)


def _json(content: object, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return JSONResponse(content, status, {"cache-control": "no-store", **(headers or {})})


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="replace")).digest()
