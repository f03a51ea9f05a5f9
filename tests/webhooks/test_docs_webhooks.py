"""The receivers in docs/webhooks.md are run as they stand there."""

import asyncio
import json
import os
import re
import subprocess
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from shutil import which

import httpx2
import pytest

from connect_hub import HubConfig
from connect_hub.clock import SystemClock
from connect_hub.errors import ValidationFailed
from connect_hub.events import DEFAULT_EVENTS, EVENT_NAMES
from connect_hub.secret import Secret
from connect_hub.webhooks import generate_secret, sign
from tests.hubs import make_hub

PAGE = Path(__file__).resolve().parents[2] / "docs" / "webhooks.md"
SECRET = generate_secret()
BODY = json.dumps({"type": "account.created", "account_id": "acc_1", "label": "Zoë 🦊"}).encode()

Post = Callable[[bytes, dict[str, str]], int]
"""Sends a body with headers to a receiver; the status."""


def snippet(name: str) -> str:
    """The one code block of the page that begins with a comment of this name."""
    found = re.findall(rf"```(?:python|javascript)\n(?:#|//) {name}\n(.*?)```", PAGE.read_text("utf-8"), re.S)
    assert len(found) == 1
    text: str = found[0]
    return text


def run(name: str, **given: object) -> dict[str, object]:
    """The names that a Python block leaves behind."""
    namespace: dict[str, object] = {"__name__": "the_host", **given}  # a name that no installed package has
    exec(compile(snippet(name), str(PAGE), "exec"), namespace)  # noqa: S102 - our own page
    return namespace


def headers(secret: Secret = SECRET, *, late: int = 0, body: bytes = BODY) -> dict[str, str]:
    at = SystemClock().now() - timedelta(seconds=late)
    signed = sign(message_id="msg_1", timestamp=at, body=body, secrets=[secret])
    return {"content-type": "application/json; charset=utf-8", **signed}


def verifies(post: Post) -> None:
    """What every receiver has to do."""
    assert post(BODY, headers()) == 204
    assert post(BODY.replace(b"acc_1", b"acc_2"), headers()) == 401
    assert post(BODY, headers(generate_secret())) == 401
    assert post(BODY, headers(late=301)) == 401
    rotated = headers()
    rotated["webhook-signature"] = f"v1,AAAA {rotated['webhook-signature']}"
    assert post(BODY, rotated) == 204
    without = headers()
    del without["webhook-signature"]
    assert post(BODY, without) == 401


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEBHOOK_SECRET", SECRET.reveal())


def test_flask(capsys: pytest.CaptureFixture[str]) -> None:
    """T47: the Flask receiver takes what the hub signed, prints it, and refuses the rest with 401."""
    app = run("receiver: flask")["app"]
    client = app.test_client()  # type: ignore[attr-defined]  # what a block leaves behind has no type
    verifies(lambda body, sent: client.post("/webhooks/connect", data=body, headers=sent).status_code)
    assert "account.created acc_1" in capsys.readouterr().out


def test_fastapi(capsys: pytest.CaptureFixture[str]) -> None:
    """T47: the FastAPI receiver, likewise."""
    app = run("receiver: fastapi")["app"]

    async def send(body: bytes, sent: dict[str, str]) -> int:
        transport = httpx2.ASGITransport(app=app)  # type: ignore[arg-type]  # likewise
        async with httpx2.AsyncClient(transport=transport, base_url="http://host.test") as client:
            return (await client.post("/webhooks/connect", content=body, headers=sent)).status_code

    verifies(lambda body, sent: asyncio.run(send(body, sent)))
    assert "account.created acc_1" in capsys.readouterr().out


def test_django(capsys: pytest.CaptureFixture[str]) -> None:
    """T47: the Django view, likewise; with CSRF protection on, which the view is exempt from."""
    settings = pytest.importorskip("django.conf", reason="Django is not installed").settings
    factory = pytest.importorskip("django.test").RequestFactory()
    if not settings.configured:
        settings.configure(SECRET_KEY="of a test", ALLOWED_HOSTS=["*"])
    view = run("receiver: django")["connect_webhook"]
    assert getattr(view, "csrf_exempt", False)

    def post(body: bytes, sent: dict[str, str]) -> int:
        content_type = sent.pop("content-type")
        request = factory.post("/", data=body, content_type=content_type, headers=sent)
        status: int = view(request).status_code  # type: ignore[operator]  # likewise
        return status

    verifies(post)
    assert "account.created acc_1" in capsys.readouterr().out


@pytest.fixture
def node(tmp_path: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """The Node receiver on a free port, and its process."""
    program = which("node")
    if program is None:
        pytest.skip("Node is not installed")
    script = tmp_path / "receiver.mjs"
    script.write_text(snippet("receiver: node"), encoding="utf-8")
    environment = {**os.environ, "PORT": "0"}
    command = [program, str(script)]
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        port = process.stdout.readline().split()[-1]
        try:
            yield f"http://127.0.0.1:{port}/", process
        finally:
            process.terminate()


@pytest.mark.node
def test_node(node: tuple[str, subprocess.Popen[str]]) -> None:
    """T47: the Node receiver, a foreign implementation, likewise."""
    url, process = node

    def post(body: bytes, sent: dict[str, str]) -> int:
        request = urllib.request.Request(url, data=body, headers=sent)
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                status: int = response.status
                return status
        except urllib.error.HTTPError as error:
            error.close()
            return error.code

    verifies(post)
    assert process.stdout is not None
    assert process.stdout.readline() == "account.created acc_1\n"


def test_the_receiver_for_tests() -> None:
    """The page's own test passes, with a sender in the hub's place that tries again after a 503."""

    def deliver(url: str, secret: Secret) -> None:
        statuses = []
        for _ in range(2):
            answer = httpx2.post(url, content=BODY, headers=headers(secret), trust_env=False)
            statuses.append(answer.status_code)
        assert statuses == [503, 204]

    run("test: receiver", deliver=deliver)


def test_the_secret_snippet(capsys: pytest.CaptureFixture[str]) -> None:
    """The page's way to make a secret prints one."""
    begin = "```python\nfrom connect_hub.webhooks import generate_secret\n"
    block = PAGE.read_text("utf-8").partition(begin)[2].partition("```")[0]
    exec(compile(begin.partition("\n")[2] + block, str(PAGE), "exec"), {})  # noqa: S102 - our own page
    assert re.fullmatch(r"whsec_[A-Za-z0-9+/]{43}=\n", capsys.readouterr().out)


def test_the_page_names_every_event() -> None:
    """The page lists exactly the events there are, with the right ones as sent by default."""
    page = PAGE.read_text("utf-8")
    sent, _, subscribed = page.partition("Sent unless")[2].partition("To be subscribed:")
    names = re.compile(r"`((?:account|link|webhook_endpoint)\.[a-z_]+)`")
    assert set(names.findall(sent)) == DEFAULT_EVENTS
    assert set(names.findall(subscribed.partition("| header")[0])) == EVENT_NAMES - DEFAULT_EVENTS


async def test_a_receiver_on_your_own_machine(tmp_path: Path) -> None:
    """With the settings of the page an endpoint on loopback can be made, and no other private one."""
    config = run("local receiver")["config"]
    assert isinstance(config, HubConfig)
    endpoints = make_hub(tmp_path, config=config).hub.endpoints
    made = await endpoints.create(url="http://127.0.0.1:8741/webhooks/connect")
    assert made.endpoint.enabled
    for url in ("http://127.0.0.1:8742/", "https://10.0.0.1/"):
        with pytest.raises(ValidationFailed):
            await endpoints.create(url=url)
