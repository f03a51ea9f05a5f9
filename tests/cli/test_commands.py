"""The small commands: what they make, what they print, and what they refuse."""

import asyncio
import json
import os
import re
import sqlite3
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest

from connect_hub.cli.links import create as links_create
from connect_hub.cli.serving import listen
from connect_hub.events import DEFAULT_EVENTS
from connect_hub.flows.requests import SessionFields
from connect_hub.keys import KeyRing, new_key_text
from connect_hub.secret import Secret
from connect_hub.storage.protocol import DeliveryQuery, DeliveryRecord, DeliveryState, NewEvent
from connect_hub.storage.sql import SQLStorage, Tables
from connect_hub.storage.sql.tables import SCHEMA_VERSION
from connect_hub.webhooks.signing import secret_key
from tests.cli.conftest import Run
from tests.cli.process import COMMAND, variables
from tests.cli.test_settings import KEY_CONNECTOR

OWNER = ("--origin-owner-id", "42", "--origin-owner-name", "Example Ltd")


def test_a_new_key_is_one_that_the_ring_takes(run: Run) -> None:
    """`keys new` prints a key ready for CONNECT_HUB_KEYS, another one each time."""
    first, second = run("keys", "new").stdout, run("keys", "new", "--kid", "k2").stdout
    ring = KeyRing.from_text(f"{first.strip()},{second.strip()}")
    assert ring.kids[1] == "k2"


def test_a_webhook_secret_is_one_that_signs(run: Run) -> None:
    """`webhooks secret` prints 32 random bytes in the form of Standard Webhooks."""
    assert len(secret_key(Secret(run("webhooks", "secret").stdout.strip()))) == 32


def test_an_api_key_is_shown_once_and_can_be_revoked(run: Run, tmp_path: Path) -> None:
    """T36: the key is printed when it is made; the database and the list have never the key itself."""
    key = run("api-keys", "create", "--name", "billing", "--environment", "test").stdout.strip()
    match = re.fullmatch(r"chk_test_([0-9a-f]{16})_([A-Za-z0-9_-]{43})", key)
    assert match is not None
    listed = run("api-keys", "list").output
    assert match[1] in listed
    assert "billing" in listed
    assert match[2] not in listed
    assert match[2].encode() not in (tmp_path / "connect_hub.db").read_bytes()
    assert run("api-keys", "revoke", match[1], "--yes").stdout == f"revoked {match[1]} (billing)\n"
    assert run("api-keys", "list").stdout.splitlines()[1].split()[-1] != "-"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("api-keys", "revoke", "0123456789abcdef", "--yes"), "no API key '0123456789abcdef'"),
        (("api-keys", "create", "--environment", "Live!"), "lower-case letters"),
        (("links", "create", *OWNER, "--provider", "slak"), "did you mean 'slack'?"),
        (("links", "create", *OWNER, "--return-url", "https://evil.example/"), "return_url"),
        (("links", "create", *OWNER, "--metadata", "novalue"), "KEY=VALUE"),
        (("connectors", "redirect-uri", "greenhous"), "Did you mean 'greenhouse'?"),
        (("links", "create", *OWNER, "--project", "other"), "other"),
        (("triggers", "show", "acc_none"), "no account with this id"),
        (("triggers", "rotate", "acc_none"), "no account with this id"),
        (("webhooks", "create", "--url", "http://10.0.0.1/"), "url"),
        (("webhooks", "rotate", "ep_none"), "no webhook endpoint"),
        (("events", "resend", "none"), "no delivery"),
        (("worker", "--app", "nomodule"), "module:hub"),
        (("worker", "--app", "no_such_module:hub"), "no module 'no_such_module'"),
        (("worker", "--app", "json:dumps.x"), "json has no 'dumps.x'"),
        (("db", "upgrade", "--database-url", "nonsense"), "--database-url: this is not a database URL"),
        (("db", "upgrade", "--database-url", "oracle://a:hidden-word@b/c"), "--database-url"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(run: Run, arguments: tuple[str, ...], said: str) -> None:
    """Bad input ends with exit code 2 and a sentence that names what to change; never with a traceback."""
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.stderr
    assert result.stdout == ""
    assert "Traceback" not in result.output
    assert "hidden-word" not in result.output


def test_a_link_has_every_field_of_a_session(run: Run) -> None:
    """Each field of a session is an option of `links create`, described as the API describes it."""
    fields = {p.name for p in links_create.params if isinstance(p, click.Option)}
    own = {"project", "as_json", "app", "keep_spaces", "new_name"}
    assert fields - own == set(SessionFields.__annotations__)
    shown = run("links", "create", "--help").output
    assert all(f"--{field.replace('_', '-')}" in shown for field in SessionFields.__annotations__)


def test_a_link_carries_what_was_asked_for(run: Run, tmp_path: Path) -> None:
    """`links create` makes a session with the options given, for five days; --json tells of it."""
    result = run(
        *("links", "create", *OWNER, "--json", "--providers", "slack", "--providers", "bamboohr"),
        *("--metadata", "plan=gold", "--setup-information", "company=acme", "--multiple", "--type", "test"),
        *("--max-connects", "3", "--label", "Main", "--locale", "de"),
    )
    about = json.loads(result.stdout)
    assert about["auth_link_url"].startswith("https://connect.example.com/hub/link#t=")
    with sqlite3.connect(tmp_path / "connect_hub.db") as database:
        database.row_factory = sqlite3.Row
        (row,) = database.execute("select * from connect_hub_sessions").fetchall()
    database.close()
    assert row["id"] == about["id"]
    assert json.loads(row["providers"]) == ["slack", "bamboohr"]
    assert json.loads(row["metadata"]) == {"plan": "gold"}
    assert json.loads(row["setup_information"]) == {"company": "acme"}
    assert (row["multiple"], row["type"], row["max_connects"], row["label"]) == (1, "test", 3, "Main")
    assert row["expires_at"] - row["created_at"] == pytest.approx(5 * 86_400_000, abs=1000)


def test_a_link_alone_is_all_that_is_printed(run: Run) -> None:
    """Without --json the output is the link, ready to be piped."""
    assert re.fullmatch(
        r"https://connect\.example\.com/hub/link#t=\S+\n", run("links", "create", *OWNER).stdout
    )


def test_redirect_uris_need_no_client_id(run: Run, environment: pytest.MonkeyPatch) -> None:
    """What must be registered to get a client id is printed without one, and is what the hub then uses."""
    printed = run("connectors", "redirect-uri", "hubspot").stdout.strip()
    environment.setenv("CONNECT_HUB_CONNECTORS", "hubspot")
    environment.setenv("CONNECT_HUB_CONNECTOR_HUBSPOT_CLIENT_ID", "id")
    environment.setenv("CONNECT_HUB_CONNECTOR_HUBSPOT_CLIENT_SECRET", "secret-of-the-client")
    from connect_hub.cli.host import chosen_hub

    assert dict(chosen_hub(None).redirect_uris) == {"hubspot": printed}
    assert printed in run("connectors", "redirect-uri").stdout


def test_nothing_to_register_is_said(run: Run, environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without a connector that signs in with OAuth there is no table, which would have a head alone."""
    (tmp_path / "own-tool.toml").write_text(KEY_CONNECTOR)
    environment.setenv("CONNECT_HUB_CONNECTORS_PATH", ".")
    environment.setenv("CONNECT_HUB_CONNECTORS", "own-tool")
    assert run("connectors", "redirect-uri").stdout == (
        "No enabled connector signs in with OAuth 2, so there is nothing to register.\n"
    )


def test_the_preview_shows_what_serve_would(run: Run, environment: pytest.MonkeyPatch) -> None:
    """With --environment the pages have the brand of the settings, which is not the one of --app."""
    environment.setenv("CONNECT_HUB_PRODUCT_NAME", "Acme Payroll")
    assert run("preview", "--environment", "--output", "out").exit_code == 0
    assert "Acme Payroll" in Path("out/en/landing.html").read_text("utf-8")
    assert "Choose one" in run("preview", "--environment", "--app", "shop:hub").output


def test_a_taken_port_names_the_options_that_the_command_has(run: Run) -> None:
    """`serve` listens where it is told; `demo` and `preview` on loopback alone."""
    with listen("127.0.0.1", 0) as taken:
        port = str(taken.getsockname()[1])
        for command in ("serve", "demo", "preview"):
            said = run(command, "--port", port).output
            assert f"Cannot listen on 127.0.0.1 port {port}" in said
            assert ("--host" in said) == (command == "serve")


def test_connectors_are_listed(run: Run) -> None:
    """All shipped ones by default, with --enabled those of the environment's hub."""
    assert "zendesk" in run("connectors", "list").stdout
    enabled = [line.split()[0] for line in run("connectors", "list", "--enabled").stdout.splitlines()]
    assert enabled == ["key", "bamboohr", "slack"]


def test_tables_are_created_once(run: Run, tmp_path: Path) -> None:
    """`db upgrade` creates what is missing and says so; then there is nothing to do."""
    url = f"sqlite:///{tmp_path / 'own.db'}"
    assert run("db", "upgrade", "--database-url", url).stdout.count("created connect_hub_") == len(
        Tables().all()
    )
    with sqlite3.connect(tmp_path / "own.db") as database:
        database.execute("drop table connect_hub_visits")
    database.close()
    assert run("db", "upgrade", "--database-url", url).stdout == "created connect_hub_visits\n"
    assert run("db", "upgrade", "--database-url", url).stdout == "All tables are there.\n"


HUB = """
from connect_hub import ConnectHub, KeyRing, SQLStorage
class Host:
    async def __call__(self, scope, receive, send): ...
def make(): return ConnectHub(public_url="https://host.example/c", keys=KeyRing.from_env(),
    storage=SQLStorage.sqlite("host.db"), connectors=[])
async def later(): return make()
def with_more(settings): return make()
def forgetful(): make()
class holder: hub = make()
connect, app = make(), Host()
"""


@pytest.mark.parametrize(
    ("named", "says"),
    [
        ("app", "'own_shop:app' is an object of Host, not a ConnectHub. Write --app own_shop:connect."),
        ("hub", "own_shop has no 'hub'. Write --app own_shop:connect."),
        ("holder.hubs", "own_shop has no 'holder.hubs'. Write --app own_shop:connect."),
        ("later", "'own_shop:later' is a coroutine function. Name a plain one"),
        ("with_more", "'own_shop:with_more' wants arguments (settings), and is called without any"),
        ("forgetful", "'own_shop:forgetful' returned an object of NoneType, not a ConnectHub"),
        ("Host", "'own_shop:Host' is a class, not a ConnectHub"),
        ("SQLStorage.sqlite", "wants arguments (path)"),
        ("", "is not of the form module:hub"),
    ],
)
def test_what_is_no_hub_is_told_from_one(
    run: Run, environment: pytest.MonkeyPatch, tmp_path: Path, named: str, says: str
) -> None:
    """--app that names something else says what it is, what is expected, and the hub that is there."""
    (tmp_path / "own_shop.py").write_text(HUB)
    environment.setattr(sys, "path", [*sys.path])
    refused = run("links", "list", "--app", f"own_shop:{named}")
    sys.modules.pop("own_shop", None)
    assert (refused.exit_code, says in refused.stderr) == (2, True), refused.stderr


@pytest.mark.parametrize("wrong", ["top", "function"])
def test_a_driver_that_the_hosts_own_hub_lacks(
    run: Run, environment: pytest.MonkeyPatch, tmp_path: Path, wrong: str
) -> None:
    """It is named with the extra that brings it, as for a URL, and is a finding of the doctor."""
    code = "from sqlalchemy import create_engine\n"
    making = "create_engine('postgresql+psycopg://h/d')\n"
    code += making if wrong == "top" else f"def hub():\n    {making}"
    (tmp_path / "own_shop.py").write_text(code)
    environment.setattr(sys, "path", [*sys.path])
    environment.setitem(sys.modules, "psycopg", None)
    says = (
        "--app: 'own_shop:hub' cannot be loaded: the driver 'psycopg' is not installed. Run: "
        'pip install "connect-hub[postgres]"'
    )
    refused = run("db", "check", "--app", "own_shop:hub")
    assert (refused.exit_code, refused.stderr.strip()) == (2, f"Error: {says}")
    assert f"FIX   {says}" in run("doctor", "--app", "own_shop:hub").stdout
    sys.modules.pop("own_shop", None)


def test_a_version_that_does_not_exist_yet(run: Run) -> None:
    """`db sql --since` takes the versions that there are."""
    refused = run("db", "sql", "--dialect", "sqlite", "--since", "99")
    assert (refused.exit_code, f"0<=x<={SCHEMA_VERSION}" in refused.stderr) == (2, True)


def test_tables_of_a_hosts_own_hub(run: Run, environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With --app, `db check` and `db upgrade` work where the hub in the host's code has its tables, by their
    names there; what says otherwise beside it is refused, and a storage without tables is named."""
    (tmp_path / "own_tables_app.py").write_text(
        "from sqlalchemy import create_engine\n"
        "from connect_hub import ConnectHub, KeyRing, MemoryStorage, SQLStorage\n"
        "def hub(storage):\n"
        "    return ConnectHub(public_url='https://host.example/c', keys=KeyRing.from_env(),\n"
        "        storage=storage, connectors=[])\n"
        "sql = hub(SQLStorage(create_engine('sqlite:///own.db'), prefix='hub_'))\n"
        "memory = hub(MemoryStorage())\n"
    )
    environment.setattr(sys, "path", [*sys.path])
    app = ("--app", "own_tables_app:sql")
    lacking = run("db", "check", *app)
    assert lacking.exit_code == 1
    assert "missing: table hub_accounts" in lacking.stdout
    command = "connect-hub db upgrade --database-url … --prefix hub_"
    assert f"`{command}`" in lacking.stdout
    assert f"`{command}`" in run("doctor", *app).stdout
    assert "created hub_accounts" in run("db", "upgrade", *app).stdout
    assert run("db", "check", *app).exit_code == 0
    for more in (("--prefix", "x_"), ("--schema", "x"), ("--database-url", "sqlite:///own.db")):
        refused = run("db", "check", *app, *more)
        assert (refused.exit_code, f"{more[0]}: " in refused.stderr) == (2, True)
    for asked in ("check", "upgrade"):
        refused = run("db", asked, "--app", "own_tables_app:memory")
        assert (refused.exit_code, "MemoryStorage has no tables" in refused.stderr) == (2, True)
    assert not (tmp_path / "connect_hub.db").exists()
    sys.modules.pop("own_tables_app")


def test_an_async_engine_upgrades_as_well(run: Run, environment: pytest.MonkeyPatch) -> None:
    """A URL of an asynchronous driver works for every command."""
    environment.setenv("CONNECT_HUB_DATABASE_URL", "sqlite+aiosqlite:///other.db")
    missing = run("api-keys", "list")
    assert (missing.exit_code, "db upgrade" in missing.stderr) == (2, True)
    assert run("db", "upgrade").exit_code == 0
    assert run("api-keys", "create").exit_code == 0


def test_newer_tables_are_left_alone(run: Run, tmp_path: Path) -> None:
    """R21: a database that a newer release upgraded is refused, with the way out."""
    run("db", "upgrade")
    with sqlite3.connect(tmp_path / "connect_hub.db") as database:
        database.execute("update connect_hub_meta set value = ? where name = 'schema_version'", [b"99"])
    database.close()
    result = run("db", "upgrade")
    assert result.exit_code == 2
    assert "version 99" in result.stderr
    assert "pip install --upgrade" in result.stderr


@pytest.mark.parametrize(
    ("module", "arguments"),
    [("uvicorn", ("demo", "--auto")), ("uvicorn", ("serve",)), ("pydantic_settings", ("api-keys", "list"))],
)
def test_a_missing_extra_is_named(
    run: Run, environment: pytest.MonkeyPatch, module: str, arguments: tuple[str, ...]
) -> None:
    """Without what an extra brings, the command says which one to install."""
    for name in [name for name in sys.modules if name.startswith(("connect_hub.cli.", module))]:
        environment.delitem(sys.modules, name)
    environment.setitem(sys.modules, module, None)
    result = run(*arguments)
    assert result.exit_code == 2
    assert 'pip install "connect-hub[serve]"' in result.stderr


def test_a_hosts_own_hub_is_found(run: Run, environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """--app takes a hub, or a function that makes one, from a module in the working folder."""
    (tmp_path / "own_host_app.py").write_text(
        "from connect_hub import ConnectHub, KeyRing, SQLStorage\n"
        "def make():\n"
        "    return ConnectHub(public_url='https://host.example/c', keys=KeyRing.from_env(),\n"
        "        storage=SQLStorage.sqlite('host.db'), connectors=['greenhouse'])\n"
        "hub = make()\n"
    )
    environment.delenv("CONNECT_HUB_PUBLIC_URL")
    environment.setattr(sys, "path", [*sys.path])
    for app in ("own_host_app:hub", "own_host_app:make"):
        result = run("links", "create", *OWNER, "--app", app)
        assert result.stdout.startswith("https://host.example/c/link#t=")
    sys.modules.pop("own_host_app")


def test_an_endpoint_is_made_tried_and_taken_away(run: Run, tmp_path: Path) -> None:
    """T46: its secret is printed when it is made and when it is rotated, and is in no list."""
    made = run("webhooks", "create", "--url", "https://hooks.example.com/in", "--event", "account.created")
    assert len(secret_key(Secret(made.stdout.strip()))) == 32
    [row] = [json.loads(line) for line in run("webhooks", "list", "--json").stdout.splitlines()]
    assert (row["url"], row["events"], row["enabled"]) == (
        "https://hooks.example.com/in",
        ["account.created"],
        True,
    )
    assert "whsec_" not in json.dumps(row)
    assert run("webhooks", "rotate", row["id"]).stdout.strip() != made.stdout.strip()
    assert run("webhooks", "list").stdout.splitlines()[1].split()[3] == "enabled"
    sent = run("webhooks", "test", row["id"]).stdout
    delivery = sent.split()[-1]
    shown = json.loads(run("events", "delivery", delivery, "--json").stdout)
    assert (shown["event_type"], shown["state"]) == ("webhook.test", "pending")
    assert shown["next_attempt_at"] is not None
    [line] = run("events", "deliveries").stdout.splitlines()[1:]
    assert line.split()[0] == delivery
    assert f"hooks.example.com ({row['id']})" in line
    [event] = run("events", "list", "--type", "webhook.test", "--json").stdout.splitlines()
    details = json.loads(run("events", "show", json.loads(event)["id"], "--json").stdout)
    assert (details["data"]["test"], details["deliveries"][0]["id"]) == (True, delivery)
    assert "hooks.example.com" in run("events", "show", details["id"]).stdout
    assert run("webhooks", "disable", row["id"]).stdout == f"disabled {row['id']}\n"
    assert "disabled by hand" in run("webhooks", "list").stdout
    assert "disabled" in run("events", "resend", delivery).output
    assert run("webhooks", "enable", row["id"]).stdout == f"enabled {row['id']}\n"
    assert "30 days" in run("webhooks", "replay", row["id"], "--since", "2020-01-01").output
    since = datetime.now(UTC).strftime("%Y-%m-%d")
    run("webhooks", "disable", row["id"])
    assert "30 days" in run("webhooks", "enable", row["id"], "--replay-since", "2020-01-01").output
    assert json.loads(run("webhooks", "show", row["id"], "--json").stdout)["enabled"] is False
    said = run("webhooks", "enable", row["id"], "--replay-since", since).stdout
    assert said == f"enabled {row['id']}\nsending 0 events\n"
    assert run("webhooks", "delete", row["id"], "--yes").stdout == f"deleted {row['id']}\n"
    assert run("webhooks", "list", "--json").stdout == ""


def test_an_endpoint_is_changed(run: Run, tmp_path: Path) -> None:
    """T46: what is given is changed, what is cleared is gone, the rest stays; header values are never shown,
    also where they cannot be read."""
    (tmp_path / "headers").write_text("X-Gate: open-sesame\n\nX-Key:  b\n")
    run("webhooks", "create", "--url", "https://hooks.example.com/in", "--header", "@headers")
    [row] = [json.loads(line) for line in run("webhooks", "list", "--json").stdout.splitlines()]

    def change(*arguments: str) -> dict[str, Any]:
        shown: dict[str, Any] = json.loads(run("webhooks", "change", row["id"], *arguments, "--json").stdout)
        assert "open-sesame" not in json.dumps(shown)
        return shown

    after = change("--description", "ops", "--event", "account.deleted", "--provider", "slack")
    assert (after["description"], after["events"], after["providers"]) == (
        "ops",
        ["account.deleted"],
        ["slack"],
    )
    assert after["header_names"] == ["X-Gate", "X-Key"]
    after = change("--clear", "events", "--clear", "providers", "--header", "X-Only: 1")
    assert (after["description"], after["providers"]) == ("ops", None)
    assert after["events"] == sorted(DEFAULT_EVENTS)
    assert after["header_names"] == ["X-Only"]
    assert change("--clear", "headers")["header_names"] == []
    for wrong, said in {
        (): "Nothing to change",
        ("--description", "a", "--clear", "description"): "--clear description: it is given a value as well",
        ("--header", "open-sesame"): "written 'Name: value'",
        ("--header", "@nowhere"): "cannot be read",
        ("--url", "http://hooks.example.com/"): "url",
    }.items():
        result = run("webhooks", "change", row["id"], *wrong)
        assert (result.exit_code, said in result.output) == (2, True)
        assert "open-sesame" not in result.output


def test_the_tables_join_those_of_an_application_in_its_own_file(run: Run, tmp_path: Path) -> None:
    """`db upgrade` and `db check` work on the file that a mounted hub shares, and leave its settings."""
    file = tmp_path / "shop.db"
    with sqlite3.connect(file) as shop:
        shop.execute("CREATE TABLE tenants (id INTEGER)")
    shop.close()
    url = f"sqlite:///{file}"
    assert run("db", "check", "--database-url", url).exit_code == 1
    assert run("db", "upgrade", "--database-url", url).exit_code == 0
    assert "All tables are there." in run("db", "upgrade", "--database-url", url).output
    assert run("db", "check", "--database-url", url).exit_code == 0
    with sqlite3.connect(file) as shop:
        assert shop.execute("PRAGMA application_id").fetchone() == (0,)
        assert shop.execute("SELECT count(*) FROM tenants").fetchone() == (0,)
    shop.close()


DELIVERING_HOST = """
from connect_hub import ConnectHub, KeyRing, SQLStorage

hub = ConnectHub(public_url="https://host.example/c", keys=KeyRing.from_env(),
    storage=SQLStorage.sqlite("host.db"), connectors=["bamboohr"])

@hub.on("account.created", name="welcome")
def welcome(event):
    print("welcomed", event.id, flush=True)
"""


@pytest.mark.parametrize(
    "arguments",
    [
        ("events", "list", "--json"),
        ("events", "deliveries", "--json"),
        ("accounts", "list", "--json"),
        ("webhooks", "create", "--url", "https://hooks.example.com/in", "--json"),
        ("purge",),
        ("doctor",),
    ],
    ids=lambda arguments: "-".join(arguments[:2]),
)
def test_a_command_delivers_nothing(
    run: Run, environment: pytest.MonkeyPatch, tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """R18: with a hub that delivers in its own processes a command leaves that to them and to workers, and
    its output has nothing of the host's callbacks in it."""
    (tmp_path / "delivering_host.py").write_text(DELIVERING_HOST)
    environment.setattr(sys, "path", [*sys.path])
    storage = SQLStorage.sqlite(tmp_path / "host.db")
    asyncio.run(_with_one_event(storage))
    try:
        done = run(*arguments, "--app", "delivering_host:hub")
    finally:
        sys.modules.pop("delivering_host")
    assert (done.exit_code, "welcomed" in done.output) == (0, False)
    if "--json" in arguments:
        assert [json.loads(line) for line in done.stdout.splitlines()] or arguments[0] == "accounts"
    [delivery] = asyncio.run(_deliveries_of_one_event(storage))
    assert (delivery.state, delivery.attempts) == (DeliveryState.PENDING, 0)


async def _with_one_event(storage: SQLStorage) -> None:
    await storage.check()
    await storage.record(
        [
            NewEvent(
                id="msg_0001",
                project_id="default",
                name="account.created",
                record_id="acc_1",
                owner_id="42",
                sequence=1,
                body=b'{"event": "account.created", "project_id": "default", "account_id": "acc_1"}',
                targets=("handler:welcome",),
                created_at=datetime.now(UTC).replace(microsecond=0),
            )
        ]
    )
    await storage.aclose()


async def _deliveries_of_one_event(storage: SQLStorage) -> list[DeliveryRecord]:
    found = await storage.deliveries(DeliveryQuery(project_id="default", event_id="msg_0001"))
    await storage.aclose()
    return found


def test_what_is_wrong_is_said_once(run: Run, environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With the keys of another database a command and a worker end with one line and exit code 2; the worker
    does not say that it delivers."""
    assert run("api-keys", "create").exit_code == 0
    env = variables(**{name: os.environ[name] for name in os.environ if name.startswith("CONNECT_HUB_")})
    env["CONNECT_HUB_KEYS"] = new_key_text("k1")
    commands: list[list[str | Path]] = [[COMMAND, "api-keys", "list"], [COMMAND, "worker"]]
    for command in commands:
        ended = subprocess.run(command, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)
        assert (ended.returncode, ended.stdout) == (2, "")
        assert ended.stderr.count("keys do not fit this database") == 1
        assert ended.stderr.count("\n") == 1
