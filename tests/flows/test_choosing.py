"""Where the secrets that a form keeps may be sent."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

from connect_hub.connectors.catalog import parse
from tests.customer import Customer
from tests.hubs import GOOD_KEY, make_hub
from tests.web.test_visit import HOSTED


async def test_database_writer_does_not_move_a_kept_secret(tmp_path: Path) -> None:
    """T25, T51: the host that a kept secret was made for is read from what is sealed with it. Whoever edits
    the account's plain values in the database does not have the secret sent to a host of theirs: the form
    asks for it again, and nothing leaves the hub."""
    made = make_hub(tmp_path, connectors=[parse(HOSTED, "hosted.toml")])
    link = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme", provider="hosted")
    customer = Customer(made.hub)
    form = await customer.enter(link.url)
    await customer.press(form, "Connect Hosted", {"f.subdomain": "acme", "f.api_key": GOOD_KEY})
    [account] = await made.hub.accounts.list()
    with closing(sqlite3.connect(tmp_path / "hub.db")) as database, database:
        [(table,)] = database.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name LIKE '%hub_accounts'"
        ).fetchall()
        edited = database.execute(
            f'UPDATE "{table}" SET setup_information = ?',  # noqa: S608  # our own name
            [json.dumps({"subdomain": "evil"})],
        )
        assert edited.rowcount == 1
    edit = await made.hub.links.create(origin_owner_id="42", origin_owner_name="Acme", account_id=account.id)
    editor = Customer(made.hub)
    form = await editor.enter(edit.url)
    assert form.form("Reconnect").fields["f.subdomain"] == "evil"
    before = len(made.transport.requests)
    refused = await editor.press(form, "Reconnect")
    assert (refused.status, "Enter API key again" in refused.text) == (422, True)
    assert len(made.transport.requests) == before
    # The host that is sealed is where it was sent before.
    kept = await editor.press(form, "Reconnect", {"f.subdomain": "acme"})
    assert kept.heading == "Hosted is connected again"
