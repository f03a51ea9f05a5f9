"""`manage.py connect_hub …`, and what is done around a callback in a Django project."""

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from connect_hub import Event
from tests import django_host
from tests.customer import Customer
from tests.hubs import make_hub

django_host.ready()

from django.core.management import call_command, execute_from_command_line  # noqa: E402  # once it is set up
from django.core.management.base import CommandError  # noqa: E402
from django.db import connection, connections  # noqa: E402
from django.test.utils import override_settings  # noqa: E402

from connect_hub.hosts.django.storage import DjangoStorage  # noqa: E402
from tests.django_host.databases import added, with_tables  # noqa: E402
from tests.django_host.models import Tool  # noqa: E402

OWNER = ["--origin-owner-id", "42", "--origin-owner-name", "Acme"]


@pytest.fixture
def tables() -> Iterator[None]:
    """The project's own database, as `manage.py migrate` leaves it."""
    call_command("migrate", run_syncdb=True, verbosity=0)
    yield
    connection.close()


def test_it_works_on_the_projects_hub(tables: None, capsys: pytest.CaptureFixture[str]) -> None:
    """A link is made without --app, in the project's database; manage.py's own options are left out."""
    execute_from_command_line(["manage.py", "connect_hub", "links", "create", *OWNER])
    link = capsys.readouterr().out.strip()
    assert link.startswith("https://hub.test/connect/link#t=")
    execute_from_command_line(
        ["manage.py", "connect_hub", "--settings", "tests.django_host.settings", "links", "list", "--json"]
    )
    row = json.loads(capsys.readouterr().out.splitlines()[0])
    assert (row["origin_owner_id"], row["status"]) == ("42", "open")
    call_command("connect_hub", "links", "revoke", str(row["id"]))
    assert capsys.readouterr().out == f"revoked {row['id']}\n"


def test_help_is_the_hubs(capsys: pytest.CaptureFixture[str]) -> None:
    """--help is the command line's own, and names manage.py."""
    execute_from_command_line(["manage.py", "connect_hub", "links", "--help"])
    said = capsys.readouterr().out
    assert "manage.py connect_hub links" in said
    assert "revoke" in said


def test_what_is_wrong_is_one_line(tables: None, capsys: pytest.CaptureFixture[str]) -> None:
    """A refusal has exit code 2; --app has its way over the setting."""
    for arguments, said in (
        (["links", "revoke", "1"], "session"),
        (["links", "create", *OWNER, "--app", "tests.nowhere:hub"], "there is no module"),
    ):
        with pytest.raises(SystemExit) as ended:
            execute_from_command_line(["manage.py", "connect_hub", *arguments])
        assert ended.value.code == 2
        assert said in capsys.readouterr().err


def ended(*arguments: str) -> object:
    """The exit code of `manage.py connect_hub …`."""
    try:
        execute_from_command_line(["manage.py", "connect_hub", *arguments])
    except SystemExit as ending:
        return ending.code
    return 0


def test_tables_are_those_of_the_projects_hub(
    empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`db check`, `db upgrade` and `doctor` look at the hub that the settings name: its tables are in its
    own database of Django, and `migrate` makes them. No other database is opened, unless its URL is given."""
    monkeypatch.chdir(tmp_path)
    migrate = f"python manage.py migrate connect_hub --database {empty}"
    assert ended("db", "check") == 1
    said = capsys.readouterr()
    assert "missing: table connect_hub_accounts" in said.out
    assert f"Run `{migrate}`" in said.out
    assert f"DATABASES['{empty}']" in said.err
    assert ended("db", "upgrade") == 2
    assert f"Run `{migrate}`" in capsys.readouterr().err
    assert ended("doctor") == 1
    assert f"are missing. Run `{migrate}`" in capsys.readouterr().out

    call_command("migrate", database=empty, verbosity=0)
    for asked in ("check", "upgrade"):
        assert ended("db", asked) == 0
        assert capsys.readouterr().out == "All tables are there.\n"
    assert ended("doctor") == 0
    assert "tables: all there, on sqlite" in capsys.readouterr().out
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty.db"]
    assert ended("db", "check", "--database-url", "sqlite:///other.db") == 1


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[str]:
    """An alias for a database without tables, in which the project's hub keeps its rows."""
    name = added(ENGINE="django.db.backends.sqlite3", NAME=str(tmp_path / "empty.db"))
    hub = make_hub(tmp_path, storage=DjangoStorage(name)).hub
    with override_settings(CONNECT_HUB=f"{__name__}:chosen"), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys.modules[__name__], "chosen", hub, raising=False)
        yield name
    connections[name].close()


def test_without_the_setting(capsys: pytest.CaptureFixture[str]) -> None:
    """It says what to write."""
    with override_settings(CONNECT_HUB=None):
        with pytest.raises(SystemExit) as ended:
            execute_from_command_line(["manage.py", "connect_hub", "links", "list"])
        assert ended.value.code == 1
        assert 'CONNECT_HUB = "shop.connect:hub"' in capsys.readouterr().err
        with pytest.raises(CommandError, match="where the hub is"):
            call_command("connect_hub", "links", "list")


@pytest.fixture
def alias(tmp_path: Path) -> str:
    return with_tables(ENGINE="django.db.backends.sqlite3", NAME=str(tmp_path / "host.db"))


async def test_a_callback_leaves_no_connection_open(tmp_path: Path, alias: str) -> None:
    """A plain callback after the commit uses models in a thread of no request: its connection is closed
    behind it."""
    made = make_hub(tmp_path, storage=DjangoStorage(alias))
    used: list[object] = []

    @made.hub.on("account.created")
    def linked(event: Event) -> None:
        Tool.objects.using(alias).create(account_id=event.account_id)
        used.append(connections[alias])

    link = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme", provider="simulated")
    customer = Customer(made.hub)
    leaving = await customer.press(await customer.enter(link.url), "Connect Acme Login")
    assert leaving.refresh is not None
    await customer.get(made.provider.approve(leaving.refresh, user="ada"))
    await made.hub.deliveries.run_due()
    async with asyncio.timeout(30):
        while not used or used[0].connection is not None:  # type: ignore[attr-defined]  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    await made.hub.aclose()
