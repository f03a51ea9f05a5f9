"""A Celery application that has a hub from its import on, and used it before its workers were forked.

`HUB_TEST` is a JSON object: the hub's `keys`, and a `folder` for its database, the messages and the results.
"""

import json
import multiprocessing
import os
import threading
from pathlib import Path
from typing import Any

from celery import Celery, signals

from connect_hub import ConnectHub, HubConfig, KeyRing, Project, Secret, SQLStorage
from connect_hub.portal import current_portal
from connect_hub.testing.provider.connectors import key_connector
from tests.hubs import API_KEY

__all__ = ["PATIENCE", "app", "children"]

PATIENCE = 60.0
_GIVEN = json.loads(os.environ["HUB_TEST"])
_FOLDER = Path(_GIVEN["folder"])
for _name in ("messages", "results", "control"):
    (_FOLDER / _name).mkdir(exist_ok=True)

app = Celery("tests.hosts.celery_app", broker="filesystem://", backend=f"file://{_FOLDER}/results")
app.conf.update(
    broker_transport_options={
        "data_folder_in": f"{_FOLDER}/messages",
        "data_folder_out": f"{_FOLDER}/messages",
        "control_folder": f"{_FOLDER}/control",
        "polling_interval": 0.05,
    },
    worker_prefetch_multiplier=1,
    worker_send_task_events=False,
)

hub = ConnectHub(
    public_url="https://hub.test/connect",
    keys=KeyRing.from_text(_GIVEN["keys"]),
    storage=SQLStorage.sqlite(_FOLDER / "hub.db"),
    connectors=[key_connector(base_url="https://provider.test")],
    # The web application delivers: here the hub rests while children are forked.
    config=HubConfig(projects={"default": Project(api_keys=[Secret(API_KEY)])}, dispatch=False),
)
children = multiprocessing.get_context("fork").Barrier(2)
"""Where the tasks meet: two children have one each, and both use the hub for the first time at once."""

if _GIVEN.get("worker"):
    hub.sync.links.create(origin_owner_id="parent", origin_owner_name="Parent")
    parents_loop = current_portal().loop()
    parents_threads = {thread.name for thread in threading.enumerate()}


@app.task
def link(owner: str) -> dict[str, Any]:
    """Make a link and list the accounts, in a child."""
    children.wait(PATIENCE)
    made = hub.sync.links.create(origin_owner_id=owner, origin_owner_name=owner)
    return {
        "pid": os.getpid(),
        "parent": os.getppid(),
        "url": made.url,
        "session": made.session.id,
        "known": hub.sync.sessions.get(made.session.id).session.origin_owner_id,
        "accounts": [account.id for account in hub.sync.accounts.list()],
        "own loop": current_portal().loop() is not parents_loop,
    }


@signals.worker_shutdown.connect
def in_the_parent(**_: object) -> None:
    """After its children have ended: the parent's hub is as it was before they were forked."""
    made = hub.sync.links.create(origin_owner_id="parent", origin_owner_name="Parent")
    found = {
        "pid": os.getpid(),
        "session": made.session.id,
        "accounts": [account.id for account in hub.sync.accounts.list()],
        "same loop": current_portal().loop() is parents_loop,
        "threads": sorted(parents_threads - {thread.name for thread in threading.enumerate()}),
    }
    (_FOLDER / "parent.json").write_text(json.dumps(found))
