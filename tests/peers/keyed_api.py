"""A provider's HTTP API behind an API key, each misbehaviour of which has a key of its own."""

import base64
import binascii
import json
from collections.abc import Iterator
from threading import Event
from urllib.parse import urlsplit

import pytest

from tests.peers.loopback import Answer, LoopbackServer, Received

__all__ = ["KeyedApi"]


class KeyedApi(LoopbackServer):
    """`GET /v1/me` and `GET /v1/employees` for the bearer of a key; `/v1/health` for anybody.

    The key comes as the user name of Basic, as a Bearer token or in `X-Api-Key`. Keys not named here are 401.
    """

    GOOD = "key-good-0001"
    """200: `{"id": "u1", "name": "Ada Lovelace", "email": "ada@example.com"}`."""
    OTHER = "key-other-0002"
    """200 as well, for another identity (`u2`, Grace Hopper)."""
    FORBIDDEN = "key-forbidden-0003"
    """403: the key is known but may not do this."""
    DOWN = "key-down-0004"
    """503."""
    HTML = "key-html-0005"
    """200, but a page of HTML."""
    REDIRECT = "key-redirect-0006"
    """302 to the metadata address of a cloud."""
    SLOW = "key-slow-0007"
    """No answer until `let_go` is set."""
    HUGE = "key-huge-0008"
    """200 and 8 MiB of JSON."""
    CUT = "key-cut-0009"
    """The connection is cut."""

    def __init__(self) -> None:
        self.let_go = Event()
        super().__init__(self._answer)

    @property
    def base_url(self) -> str:
        """The API's base URL, without a slash at its end."""
        return f"{self.origin}/v1"

    def _answer(self, request: Received) -> Answer:
        path = urlsplit(request.path).path
        if path == "/v1/health":
            return _json({"ok": True})
        key = presented_key(request)
        me = {
            self.GOOD: {"id": "u1", "name": "Ada Lovelace", "email": "ada@example.com"},
            self.OTHER: {"id": "u2", "name": "Grace Hopper", "email": "grace@example.com"},
        }.get(key)
        if me is None:
            return self._misbehave(key)
        if path == "/v1/me":
            return _json(me)
        if path == "/v1/employees":
            return _json({"employees": [me]})
        return _json({"error": "not found"}, status=404)

    def _misbehave(self, key: str) -> Answer:
        answers = {
            self.FORBIDDEN: _json({"error": "forbidden"}, status=403),
            self.DOWN: Answer(
                status=503, body=b"upstream is resting", headers={"Content-Type": "text/plain"}
            ),
            self.HTML: Answer(
                body=b"<!doctype html><title>Sign in</title>", headers={"Content-Type": "text/html"}
            ),
            self.REDIRECT: Answer(
                status=302, headers={"Location": "http://169.254.169.254/latest/meta-data/"}
            ),
            self.SLOW: Answer(status=200, after=self.let_go),
            self.HUGE: Answer(
                body=b'"' + b"x" * (8 << 20) + b'"', headers={"Content-Type": "application/json"}
            ),
            self.CUT: Answer(drop=True),
        }
        refusal = _json(
            {"error": "invalid key"}, status=401, headers={"WWW-Authenticate": 'Basic realm="keyed-api"'}
        )
        return answers.get(key, refusal)


def presented_key(request: Received) -> str:
    """The key that `request` carries, in whichever of the three ways; empty for none."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value
    if scheme.lower() == "basic":
        try:
            return base64.b64decode(value, validate=True).decode().partition(":")[0]
        except (binascii.Error, UnicodeDecodeError):
            return ""
    return request.headers.get("x-api-key", "")


def _json(body: object, *, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    return Answer(
        status=status,
        body=json.dumps(body).encode(),
        headers={"Content-Type": "application/json"} | (headers or {}),
    )


@pytest.fixture
def keyed_api() -> Iterator[KeyedApi]:
    """An API behind a key, of this test alone: `base_url`, keys as `KeyedApi.GOOD`, `requests`, `let_go`."""
    with KeyedApi() as api:
        yield api
