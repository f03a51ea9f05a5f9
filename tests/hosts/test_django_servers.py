"""T35: what a Django project answers under a real server is, byte for byte, what it is without the hub."""

import json
import re
from pathlib import Path

import pytest

from connect_hub.keys import new_key_text
from connect_hub.webhooks import generate_secret
from tests.hosts.servers import Server, serving

SERVERS = {
    "gunicorn": ("gunicorn", "wsgi", ("--worker-class", "gthread", "--threads", "2")),
    "waitress": ("waitress", "wsgi", ()),
    "uvicorn": ("uvicorn", "asgi", ("--factory",)),
}


@pytest.mark.parametrize("name", SERVERS)
def test_django_is_as_without_the_hub(name: str, tmp_path: Path) -> None:
    """Session and CSRF cookies, the order of middleware, a refused and an accepted form, 404 and 500."""
    bare, around = answers(name, "bare", tmp_path), answers(name, "around", tmp_path)
    assert b'"visits": 2' in bare["visit again"]
    assert b'"middleware": ["first", "second"]' in bare["visit"]
    assert b"second first" in bare["visit"]
    assert b"sessionid=" in bare["visit"]
    assert b"csrftoken=" in bare["visit"]
    statuses = {what: int(answer.split(b" ", 2)[1]) for what, answer in bare.items()}
    assert statuses == {
        "visit": 200,
        "visit again": 200,
        "form": 200,
        "form without token": 403,
        "beside the prefix": 404,
        "nowhere": 404,
        "boom": 500,
    }
    assert around == bare


def answers(name: str, which: str, folder: Path) -> dict[str, bytes]:
    """Every answer, raw, but for what is made up or is the time: random values have one letter for each."""
    kind, interface, options = SERVERS[name]
    sessions = folder / which
    sessions.mkdir()
    given = {
        "public_url": "http://127.0.0.1/connect",
        "keys": new_key_text(),
        "database": str(sessions / "hub.db"),
        "provider": "http://127.0.0.1:9",
        "api_key": "made-up-key-of-the-project-of-32-or-more",
        "receiver": "http://127.0.0.1:9/",
        "secret": generate_secret().reveal(),
        "private": ["127.0.0.1:9"],
    }
    env = {"HUB_TEST": json.dumps(given), "DJANGO_SESSIONS": str(sessions)}
    factory = f"tests.hosts.django_pages:{which}_{interface}" + ("" if "--factory" in options else "()")
    with serving(kind, factory, *options, env=env) as server:
        assert (b'action="/connect/link/open"' in get(server, "/connect/")) == (which == "around")
        first = get(server, "/visit")
        cookies = {
            key.decode(): value.decode() for key, value in re.findall(rb"(?i)set-cookie: *(\w+)=(\w+)", first)
        }
        sent = "; ".join(f"{key}={value}" for key, value in sorted(cookies.items()))
        form = f"csrfmiddlewaretoken={cookies['csrftoken']}&a=1"
        raw = {
            "visit": first,
            "visit again": get(server, "/visit?a=%C3%A4", cookie=sent),
            "form": get(server, "/change", form, cookie=sent),
            "form without token": get(server, "/change", "a=1", cookie=sent),
            "beside the prefix": get(server, "/connected"),
            "nowhere": get(server, "/nowhere"),
            "boom": get(server, "/boom"),
        }
    return {what: _without_chance(answer) for what, answer in raw.items()}


def _without_chance(answer: bytes) -> bytes:
    answer = re.sub(rb"(?i)((?:sessionid|csrftoken)=)(\w+)", lambda m: m[1] + b"x" * len(m[2]), answer)
    answer = re.sub(rb"csrfmiddlewaretoken=\w+", b"csrfmiddlewaretoken=", answer)
    return re.sub(rb"(?i)((?:\r\ndate: |expires=))[^;\r]+", rb"\1", answer)


def get(server: Server, path: str, form: str | None = None, *, cookie: str = "") -> bytes:
    """A request on a connection of its own; the answer as it came."""
    lines = [f"{'GET' if form is None else 'POST'} {path} HTTP/1.1", "Host: 127.0.0.1", "Connection: close"]
    if cookie:
        lines.append(f"Cookie: {cookie}")
    if form is not None:
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(form)}"]
    received = b""
    with server.connect(30.0) as connection:
        connection.sendall(("\r\n".join(lines) + "\r\n\r\n" + (form or "")).encode())
        while chunk := connection.recv(65536):
            received += chunk
    return received
