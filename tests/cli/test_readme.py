"""The README's code, run as it stands."""

import ast
import asyncio
import io
import json
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from types import CodeType, SimpleNamespace
from typing import Any
from wsgiref.util import setup_testing_defaults

import click
import flask
import httpx2
import pytest
from click.testing import CliRunner
from sqlalchemy import Column, Engine, MetaData, String, Table, select
from starlette.applications import Starlette
from starlette.routing import Route

from connect_hub import OAuth, Project, SQLStorage, Webhook
from connect_hub.cli import main
from connect_hub.cli.serving import Server, listen
from connect_hub.errors import ConfigurationError
from connect_hub.testing.demo.customer import play
from connect_hub.testing.demo.stage import set_stage
from connect_hub.testing.provider import simulated
from connect_hub.web.dashboard.states import (
    ACCOUNT_STATES,
    CONNECTOR_STATES,
    DELIVERY_STATES,
    ENDPOINT_STATES,
    LINK_STATES,
)
from connect_hub.webhooks import generate_secret
from connect_hub.webhooks.signing import sign
from tests.cli.conftest import Run
from tests.cli.process import running, variables
from tests.customer import Customer

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")
BLOCKS = dict(re.findall(r"```python\n# (\w+: \w+)\n(.*?)```", README, re.DOTALL))
HOST = "https://app.example.com"


def code(block: str) -> CodeType:
    """A block, to be run by `exec`, or awaited where it awaits."""
    compiled = compile(BLOCKS[block], f"README.md, {block}", "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    assert isinstance(compiled, CodeType)
    return compiled


def executed(block: str, **names: object) -> dict[str, Any]:
    """The names that a block that does not await leaves behind."""
    namespace: dict[str, Any] = {"__name__": "readme", **names}
    exec(code(block), namespace)  # noqa: S102  # what this module is for
    return namespace


async def awaited(block: str, **names: object) -> dict[str, Any]:
    """The same for a block that awaits."""
    namespace: dict[str, Any] = {"__name__": "readme", **names}
    await eval(code(block), namespace)  # noqa: S307  # the same
    return namespace


def test_every_block_is_run_by_a_test() -> None:
    """No code in the README goes unrun: this module names each block."""
    source = Path(__file__).read_text("utf-8")
    assert README.count("```python") == len(BLOCKS)
    assert [block for block in BLOCKS if f'"{block}"' not in source] == []


@pytest.mark.parametrize("framework", ["quickstart: starlette", "quickstart: fastapi"])
async def test_asgi_quickstarts(environment: pytest.MonkeyPatch, framework: str) -> None:
    """The hub answers under /connect of a Starlette and of a FastAPI application, and makes links."""
    names = executed(framework)
    app, hub = names["app"], names["hub"]
    async with (
        hub.lifespan(),
        httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=HOST) as http,
    ):
        assert (await http.get("/connect/link")).status_code == 200
        assert (await http.get("/connect/accounts")).status_code == 401
        await awaited("snippet: link", hub=hub)
    assert f"{HOST}/connect" == hub.public_url.text


async def test_the_link_is_printed(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The snippet prints a link that a customer can open."""
    hub = executed("quickstart: starlette")["hub"]
    await awaited("snippet: link", hub=hub)
    await hub.aclose()
    assert capsys.readouterr().out.startswith(f"{HOST}/connect/link#t=")


def test_flask_quickstart(environment: pytest.MonkeyPatch) -> None:
    """The hub answers under /connect of a Flask application, which makes links without awaiting."""
    names = executed("quickstart: flask")
    app, hub = names["app"], names["hub"]

    @app.post("/connect-a-tool")  # type: ignore[untyped-decorator]
    def connect_a_tool() -> object:
        link = hub.sync.links.create(origin_owner_id="42", origin_owner_name="Example Ltd")
        return flask.redirect(link.url, 303)

    client = app.test_client()
    assert client.get("/connect/link").status_code == 200
    assert client.post("/connect-a-tool").headers["location"].startswith(f"{HOST}/connect/link#t=")
    assert client.get("/other").status_code == 404
    _end(hub)


def test_django_quickstart(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In a project as Django lays it out: the tables come by `migrate`, the command line makes a link, the
    hub answers under /connect, and Django everywhere else."""

    def python(*words: str) -> str:
        command = [sys.executable, "-W", "ignore", *words]
        done = subprocess.run(
            command, cwd=tmp_path, env=given, capture_output=True, text=True, timeout=240, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    given = {name: value for name, value in os.environ.items() if not name.startswith("DJANGO")}
    given["PYTHONPATH"] = str(ROOT)
    python("-m", "django", "startproject", "shop", ".")
    (tmp_path / "shop" / "connect.py").write_text(BLOCKS["quickstart: django"], "utf-8")
    with (tmp_path / "shop" / "wsgi.py").open("a") as wsgi:
        wsgi.write(BLOCKS["quickstart: django_wsgi"])
    with (tmp_path / "shop" / "settings.py").open("a") as settings:
        settings.write('INSTALLED_APPS += ["connect_hub.hosts.django"]\nCONNECT_HUB = "shop.connect:hub"\n')
    python("manage.py", "migrate")
    owner = ("--origin-owner-id", "42", "--origin-owner-name", "Example Ltd")
    assert f"{HOST}/connect/link#t=" in python("manage.py", "connect_hub", "links", "create", *owner)
    assert python("-c", DJANGO_ASKED).split() == ["200", "404", "302"]


DJANGO_ASKED = """
from django.conf import settings
from shop.wsgi import application
import httpx2
settings.ALLOWED_HOSTS.append("app.example.com")
transport = httpx2.WSGITransport(app=application)
with httpx2.Client(transport=transport, base_url="https://app.example.com") as http:
    for path in ("/connect/link", "/connected", "/admin/"):
        print(http.get(path).status_code)
"""


def test_wsgi_quickstart(environment: pytest.MonkeyPatch) -> None:
    """The hub answers under /connect of a WSGI application, and that answers everywhere else."""
    names = executed("quickstart: wsgi")
    assert _wsgi(names["application"], "/connect/link")[0] == "200 OK"
    assert b"Hello world!" in _wsgi(names["application"], "/connected")[1]
    _end(names["hub"])


@pytest.fixture
def at_exit(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What waits for the end of the process is done at the end of the test."""
    ends: list[Callable[[], object]] = []
    monkeypatch.setattr(simulated, "atexit", SimpleNamespace(register=ends.append))
    yield
    assert ends != []
    for end in ends:
        end()


async def test_a_provider_that_needs_no_account(
    run: Run, environment: pytest.MonkeyPatch, tmp_path: Path, at_exit: None
) -> None:
    """With it a hub of one's own has an account after a minute, and a dashboard to see it in."""
    (tmp_path / "own_trial.py").write_text(BLOCKS["snippet: try"], "utf-8")
    environment.syspath_prepend(tmp_path)
    tried = executed("snippet: try")
    hub = tried["hub"]
    link = await hub.links.create(
        origin_owner_id="42", origin_owner_name="Example Ltd", provider="simulated-key"
    )
    customer = Customer(hub)
    form = await customer.enter(link.url)
    done = await customer.press(form, "Connect Acme Key", {"f.api_key": "sim_key_mine"})
    assert (done.status, len(await hub.accounts.list())) == (200, 1), done.text
    assert (await customer.get("/connect/dashboard/sign-in")).status == 200
    assert "My Product" in form.text
    names = executed("snippet: try_receiver", acme=tried["acme"])
    webhook = Webhook(url="http://127.0.0.1:9000/", secrets=[generate_secret()])
    for network, taken in ((hub.config.network, False), (names["network"], True)):
        with nullcontext() if taken else pytest.raises(ConfigurationError, match="allow_private_hosts"):
            replace(hub.config, network=network, projects={"default": Project(webhooks=[webhook])})
    assert hub.config.network.allow_private_hosts < names["network"].allow_private_hosts
    await hub.aclose()
    lines = README[README.index("# snippet: try") :].partition("```sh\n")[2].partition("```")[0].splitlines()
    assert len(lines) == 2
    for line in lines:
        arguments = shlex.split(line.replace("module:hub", "own_trial:hub"))[1:]
        made = await asyncio.to_thread(run, *arguments)
        assert made.exit_code == 0, made.output


def test_oauth_snippet(environment: pytest.MonkeyPatch) -> None:
    """The list of connectors is one that a hub takes."""
    from connect_hub.connectors.registry import ConnectorRegistry

    names = executed("snippet: oauth")
    assert isinstance(names["connectors"][1], OAuth)
    assert ConnectorRegistry(names["connectors"]).oauth_keys == ("hubspot",)


async def test_webhook_snippet(capsys: pytest.CaptureFixture[str]) -> None:
    """The receiver takes what the hub signed, and refuses anything else."""
    from datetime import UTC, datetime

    secret = generate_secret()
    receive = executed("snippet: webhook", WEBHOOK_SECRET=secret)["receive"]
    body = b'{"type": "account.created", "account_id": "acc_1"}'
    headers = sign(message_id="msg_1", timestamp=datetime.now(UTC), body=body, secrets=[secret])
    app = Starlette(routes=[Route("/", receive, methods=["POST"])])
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app=app), base_url=HOST) as http:
        assert (await http.post("/", content=body, headers=headers)).status_code == 204
        assert (await http.post("/", content=body + b" ", headers=headers)).status_code == 401
    assert capsys.readouterr().out == "account.created acc_1\n"


async def test_what_happens_to_an_account(capsys: pytest.CaptureFixture[str]) -> None:
    """A real account is made: both callbacks are called, the host's row is there, and the API answers."""
    tools = Table("tools", MetaData(), Column("customer", String), Column("account", String))
    listener = listen("127.0.0.1", 0)
    with listener, set_stage(f"http://127.0.0.1:{listener.getsockname()[1]}", say=_quiet) as stage:
        hub = stage.hub
        executed("snippet: callback", hub=hub)
        executed("snippet: transaction", hub=hub, tools=tools)
        storage = hub.storage
        assert isinstance(storage, SQLStorage)
        assert isinstance(storage.engine, Engine)
        tools.metadata.create_all(storage.engine)
        server = Server(stage.app, path="", listener=listener, logs=False)
        async with hub.lifespan():
            serving = asyncio.create_task(server.run())
            await play(stage, say=_quiet)
            accounts = await hub.accounts.list()
            await awaited("snippet: client", hub=hub, account_id=accounts[0].id)
            server.stop()
            await serving
            with storage.engine.connect() as connection:
                rows = {tuple(row) for row in connection.execute(select(tools))}
        assert rows == {("42", account.id) for account in accounts}
        said = capsys.readouterr().out
        assert all(f"42 {account.provider} {account.id}" in said for account in accounts)
        assert "Ada Lovelace" in said
        storage.engine.dispose()


def test_serve_quickstart(tmp_path: Path) -> None:
    """The shell lines make a key, and start a service that can be stopped."""
    (block,) = re.findall(r"```sh\n([^`]*?connect-hub serve\n)```", README)
    script = block.replace("connect-hub serve", "exec connect-hub serve --port 0")
    with running(["bash", "-euc", script], cwd=tmp_path, env=variables()) as service:
        service.wait_for(r"^chk_live_\w+")
        address = service.wait_for(r"connect-hub serves http://127\.0\.0\.1:8000 on (http://\S+)")[1]
        # Once it has answered, the server is the one that hears the signal.
        assert httpx2.get(f"{address}/healthz", trust_env=False, timeout=20).status_code == 200
        assert service.end() == 0


def test_commands_that_are_named_exist() -> None:
    """Every `connect-hub …` of the README and the docs is a command, and has help."""
    texts = [README, *(path.read_text("utf-8") for path in (ROOT / "docs").glob("*.md"))]
    named = {
        tuple(found.split())
        for text in texts
        for found in re.findall(r"`?connect-hub ((?:[a-z][a-z-]+)(?: [a-z][a-z-]+)?)\b", text)
    }
    assert {("serve",), ("links", "create"), ("db", "upgrade")} <= named
    groups = {"keys", "webhooks", "api-keys", "links", "connectors", "db", "accounts", "operators"}
    for words in named:
        arguments = words if words[0] in groups else words[:1]
        if arguments[0] in main.list_commands(None):  # type: ignore[arg-type,unused-ignore]
            result = CliRunner().invoke(main, [*arguments, "--help"])
            assert result.exit_code == 0, words


def test_every_command_is_in_the_table() -> None:
    """docs/operations.md names each command that there is, once."""
    page = (ROOT / "docs" / "operations.md").read_text("utf-8")
    named = []
    for cell in re.findall(r"^\| (`connect-hub [^|]+) \|", page, re.MULTILINE):
        first, *others = re.findall(r"`([^`]+)`", cell)
        words = [word for word in first.removeprefix("connect-hub ").split() if re.match(r"[a-z]", word)][:2]
        group = main.get_command(None, words[0])  # type: ignore[arg-type,unused-ignore]
        if isinstance(group, click.Group):
            named += [(words[0], name) for name in [*words[1:], *others] if re.fullmatch(r"[a-z-]+", name)]
        else:
            named.append((words[0], ""))
    there = []
    for name in main.list_commands(None):  # type: ignore[arg-type,unused-ignore]
        command = main.get_command(None, name)  # type: ignore[arg-type,unused-ignore]
        inner = sorted(command.commands) if isinstance(command, click.Group) else [""]
        there += [(name, each) for each in inner]
    assert sorted(named) == sorted(there)


def test_the_commands_of_the_dashboards_page_run_as_printed(
    run: Run, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """On the hub that this README's connectors describe, one after the other."""
    page = (ROOT / "docs" / "dashboard.md").read_text("utf-8")
    lines = [line for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) for line in block.splitlines()]
    (tmp_path / "secret.txt").write_text("canary-secret\n", "utf-8")
    assert sum("connectors configure" in line for line in lines) == 1
    for line in lines:
        words = shlex.split(line.replace("0f3c…", _operator(run)).replace("3sJ…", "acc_1"), comments=True)
        result = run(*words[1:])
        assert (result.exit_code, words[0]) == (0, "connect-hub"), (line, result.output)


def test_the_table_of_words_has_those_of_the_pages() -> None:
    """Each state's word beside its value."""
    page = (ROOT / "docs" / "dashboard.md").read_text("utf-8")
    for status, state in (*ACCOUNT_STATES.items(), *DELIVERY_STATES.items()):
        assert f"| {state.text} | `{status.value}` |" in page
    table = page.partition("| of | on the page | elsewhere |")[2].partition("\n\n")[0]
    words = [word for line in table.splitlines()[2:] for word in line.split(" | ")[1].split(", ")]
    shown = (ACCOUNT_STATES, LINK_STATES, DELIVERY_STATES, ENDPOINT_STATES, CONNECTOR_STATES)
    assert sorted(words) == sorted(state.text for states in shown for state in states.values())


def _operator(run: Run) -> str:
    """The newest operator's id; that of nobody while there is none."""
    found = [json.loads(line) for line in run("operators", "list", "--json").stdout.splitlines()]
    return str(found[0]["id"]) if found else "nobody"


def test_links_between_documents_lead_somewhere() -> None:
    """Every relative link of the README and the documents beside it points to a file."""
    for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/operations.md"):
        path = ROOT / name
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text("utf-8")):
            assert (path.parent / target).exists(), (name, target)


def _quiet(line: str) -> None:
    return None


def _end(hub: Any) -> None:
    hub._runtime.run(hub.aclose())
    sys.stdout.flush()


def _wsgi(application: Callable[..., Any], path: str) -> tuple[str, bytes]:
    environ: dict[str, Any] = {"wsgi.input": io.BytesIO(), "PATH_INFO": path, "REMOTE_ADDR": "127.0.0.1"}
    setup_testing_defaults(environ)
    answered: list[str] = []
    body = application(environ, lambda status, headers, exc_info=None: answered.append(status))
    try:
        return answered[0], b"".join(body)
    finally:
        if hasattr(body, "close"):
            body.close()
