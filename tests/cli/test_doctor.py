"""`connect-hub doctor` and `connect-hub purge`: what an operator learns and removes."""

import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import Result

from connect_hub import SQLStorage
from connect_hub.clock import iso
from connect_hub.keys import new_key_text
from connect_hub.storage.protocol import DeliveryState, NewEvent, Settlement
from connect_hub.webhooks import generate_secret
from tests.cli.conftest import Run

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


def _findings(result: Result) -> list[str]:
    return [line[4:].strip() for line in result.stdout.splitlines() if line.startswith("FIX")]


def _event(name: str, created_at: datetime, *targets: str) -> NewEvent:
    return NewEvent(
        id=f"msg_{name}",
        project_id="default",
        name="account.created",
        record_id=name,
        owner_id="42",
        sequence=1,
        body=b"{}",
        targets=targets,
        created_at=created_at,
    )


def test_a_sound_hub_has_no_findings(run: Run, tmp_path: Path) -> None:
    """With everything in order the exit code is 0, before the first use and after; nothing is made by it."""
    assert (run("doctor").exit_code, list(tmp_path.iterdir())) == (0, [])
    run("db", "upgrade")
    result = run("doctor")
    assert (result.exit_code, _findings(result)) == (0, [])
    assert "tables: all there, on sqlite" in result.stdout


def test_a_wrong_configuration_is_a_finding(run: Run, environment: pytest.MonkeyPatch) -> None:
    """What keeps the hub from starting is said, and ends with exit code 1."""
    environment.setenv("CONNECT_HUB_CONNECTORS", "slak")
    result = run("doctor")
    assert result.exit_code == 1
    assert "Did you mean 'slack'?" in _findings(result)[0]


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("CONNECT_HUB_WEBHOK_URL", "CONNECT_HUB_WEBHOOK_URL"),
        ("CONNECT_HUB_ACENT", "Did you mean CONNECT_HUB_ACCENT?"),
        ("CONNECT_HUB_FONT", "There is no setting CONNECT_HUB_FONT. It is not used."),
        ("CONNECT_HUB_CONNECTOR_HUBSPOT_CLIENT_ID", "CONNECT_HUB_CONNECTORS"),
    ],
)
def test_a_variable_that_means_nothing_is_a_finding(
    run: Run, environment: pytest.MonkeyPatch, name: str, hint: str
) -> None:
    """A misspelt variable is named with the nearest one that exists."""
    environment.setenv(name, "x")
    (finding,) = _findings(run("doctor"))
    assert name in finding
    assert hint in finding


def test_other_keys_than_the_databases_are_a_finding(run: Run, environment: pytest.MonkeyPatch) -> None:
    """T45: keys that do not open what is stored are found before a customer finds them."""
    run("api-keys", "create")
    environment.setenv("CONNECT_HUB_KEYS", new_key_text("k1"))
    result = run("doctor")
    assert result.exit_code == 1
    assert "keys do not fit this database" in _findings(result)[0]


def test_an_old_key_without_a_date_is_a_finding(run: Run, environment: pytest.MonkeyPatch) -> None:
    """T15: a key that is not first and has no date verifies for ever, and is named."""
    old = new_key_text("old")
    environment.setenv("CONNECT_HUB_KEYS", f"{new_key_text('new')},{old}")
    (finding,) = _findings(run("doctor"))
    assert "'old' is not first" in finding
    environment.setenv("CONNECT_HUB_KEYS", f"{new_key_text('new')},{old}@2026-11-01T00:00:00Z")
    assert run("doctor").exit_code == 0


def test_missing_tables_are_a_finding(run: Run, tmp_path: Path) -> None:
    """A database without all tables is found, with the command that mends it."""
    run("db", "upgrade")
    with sqlite3.connect(tmp_path / "connect_hub.db") as database:
        database.execute("drop table connect_hub_events")
    database.close()
    (finding,) = _findings(run("doctor"))
    command = f"connect-hub db upgrade --database-url sqlite:///{tmp_path / 'connect_hub.db'}"
    assert finding == f"tables: 1 are missing. Run `{command}`."


def test_a_missing_folder_is_a_finding(run: Run, environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file that is made at the first use needs its folder before; nothing is said of tables."""
    environment.setenv("CONNECT_HUB_DATABASE_URL", f"sqlite:///{tmp_path}/none/hub.db")
    result = run("doctor")
    (finding,) = _findings(result)
    assert (result.exit_code, "tables" in result.stdout) == (1, False)
    assert f"there is no folder '{tmp_path}/none'" in finding
    assert run("links", "list").stderr.strip() == f"Error: {finding}"


async def test_what_nobody_delivers_is_a_finding(run: Run, tmp_path: Path) -> None:
    """Deliveries that no callback or webhook of this hub takes, and those that wait for long, are counted."""
    from anyio.to_thread import run_sync

    storage = SQLStorage.sqlite(tmp_path / "connect_hub.db")
    await storage.check()
    await storage.record([_event("a", NOW, "handler:gone"), _event("b", NOW, "handler:gone")])
    await storage.aclose()
    findings = _findings(await run_sync(run, "doctor"))
    assert findings[0].startswith("deliveries: 2 wait for handler:gone")
    assert findings[1].startswith("deliveries: the oldest has waited since 2026-11-23T12:00:00.000Z")


async def test_what_waits_for_a_minute_or_was_given_up_is_a_note(
    run: Run, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A worker that runs takes what is due within seconds, so after a minute its absence is thought of; the
    exit code stays 0, as a receiver may be away for so long."""
    from anyio.to_thread import run_sync

    storage = SQLStorage.sqlite(tmp_path / "connect_hub.db")
    await storage.check()
    environment.setenv("CONNECT_HUB_WEBHOOK_URL", "https://hooks.example.com/in")
    environment.setenv("CONNECT_HUB_WEBHOOK_SECRET", generate_secret().reveal())
    target = "webhook:default/environment"
    ago = datetime.now(UTC).replace(microsecond=0) - timedelta(minutes=3)
    await storage.record([_event("a", ago, target), _event("b", ago, target)])
    [one] = await storage.claim_deliveries({target: 1}, limit=1, lease=timedelta(1), now=ago)
    dead = Settlement(
        delivery_id=one.id, epoch=one.epoch, state=DeliveryState.DEAD, next_at=None, error="500", now=ago
    )
    await storage.settle_deliveries([dead])
    await storage.aclose()
    result = await run_sync(run, "doctor")
    lines = [line.split(maxsplit=1) for line in result.stdout.splitlines()]
    notes = [text for kind, text in lines if kind == "note"]
    assert (result.exit_code, len(notes)) == (0, 2)
    assert notes[0].startswith(f"deliveries: the oldest has waited since {iso(ago)}. Is a hub or a worker")
    assert notes[1].startswith("deliveries: 1 given up. See: connect-hub events deliveries")
    assert ["ok", "deliveries: 1 waiting"] in lines


def test_purge_says_what_it_removed(run: Run) -> None:
    """T50: one line a kind; running it again is harmless."""
    lines = run("purge", "--days", "7").stdout.splitlines()
    assert lines == run("purge").stdout.splitlines()
    assert lines[0] == "sessions: 0 removed"
    assert {line.partition(":")[0] for line in lines} >= {"attempts", "events", "visits", "idempotency"}
    assert run("purge", "--days", "0").exit_code == 2


SHOP = """
from connect_hub import *
from connect_hub.keys import new_key_text

hub = ConnectHub(
    public_url="https://shop.example/connect",
    keys=KeyRing.from_text(new_key_text()),
    storage=MemoryStorage(),
    connectors=["slack"],
    brand=Brand(logo_url="/connect/static/logo.svg"),
    config=HubConfig(pages=PageConfig(templates=["templates"])),
)
"""


def test_a_broken_template_is_a_finding(run: Run, tmp_path: Path) -> None:
    """What would break a customer's page is named by file and line, by `doctor` and by `preview --output`,
    which writes the other pages; what has no effect is a note."""
    pages = tmp_path / "templates" / "pages"
    pages.mkdir(parents=True)
    (tmp_path / "shop_doctor.py").write_text(SHOP)
    extends = '{% extends "@connect_hub/pages/landing.html" %}\n'
    (pages / "landing.html").write_text(extends + "{% block actions_before %}{{ page.owner }}{% endblock %}")
    (pages / "landig.html").write_text(extends)
    result = run("doctor", "--app", "shop_doctor:hub")
    wrong = "templates/pages/landing.html:2: Landing has no 'owner'. Did you mean 'owner_name'?"
    unused = "templates/pages/landig.html: no page uses this file. Did you mean 'pages/landing.html'?"
    logo = "brand.logo_url: there is no file 'logo.svg'. Put it into a folder of PageConfig(static=[…])."
    assert (result.exit_code, _findings(result)) == (1, [logo, f"templates: {wrong}"])
    assert f"note  templates: {unused}\n" in result.stdout

    result = run("preview", "--app", "shop_doctor:hub", "--output", "out")
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        unused,
        wrong,
        "Error: not every page could be shown; the others are in out",
    ]
    assert (tmp_path / "out" / "de" / "success.html").is_file()
    assert not (tmp_path / "out" / "de" / "landing.html").exists()
