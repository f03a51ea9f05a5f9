"""Connect sessions and links, as Python calls."""

import secrets
from dataclasses import fields
from datetime import timedelta
from pathlib import Path
from typing import TypedDict

import pytest
from sqlalchemy import Engine

from connect_hub import ConnectHub, HubConfig, LinkConfig, SQLStorage
from connect_hub.errors import (
    ConnectorInactive,
    InvalidToken,
    SessionNotFound,
    StorageConflict,
    ValidationFailed,
)
from connect_hub.flows.requests import SessionFields
from connect_hub.models import Session, SessionStatus
from tests.hubs import make_hub
from tests.web.api import in_two_projects


class Owner(TypedDict):
    """What every session needs."""

    origin_owner_id: str
    origin_owner_name: str


OWNER: Owner = {"origin_owner_id": "42", "origin_owner_name": "Acme"}


def fields_of(refused: "pytest.ExceptionInfo[ValidationFailed]") -> set[str]:
    return {detail.field for detail in refused.value.details}


async def test_links_live_for_days_and_sessions_for_minutes(tmp_path: Path) -> None:
    """5 days and 30 minutes unless told otherwise, to the second; `expires_in` wins in both."""
    made = make_hub(tmp_path)
    now = made.clock.now()
    link, session = await made.hub.links.create(**OWNER), await made.hub.sessions.create(**OWNER)
    assert link.session.expires_at - now == timedelta(days=5)
    assert session.session.expires_at - now == timedelta(minutes=30)
    for made_by in (made.hub.links, made.hub.sessions):
        short = await made_by.create(**OWNER, expires_in=60)
        assert short.session.expires_at - now == timedelta(seconds=60)


async def test_a_token_never_outlives_its_row(tmp_path: Path) -> None:
    """Tokens carry whole seconds, rows milliseconds: both end at the same instant."""
    made = make_hub(tmp_path)
    made.clock.advance(timedelta(milliseconds=789))
    issued = await made.hub.sessions.create(**OWNER)
    assert issued.session.expires_at.microsecond == 0
    made.clock.advance(issued.session.expires_at - made.clock.now() - timedelta(milliseconds=1))
    assert (await made.hub.sessions.authenticate(issued.token)).id == issued.session.id
    made.clock.advance(timedelta(milliseconds=1))
    with pytest.raises(InvalidToken):
        await made.hub.sessions.authenticate(issued.token)


async def test_nothing_secret_is_in_the_repr_of_an_issued_session(tmp_path: Path) -> None:
    """T46: neither the token nor the link, which carries it."""
    issued = await make_hub(tmp_path).hub.links.create(**OWNER)
    assert issued.token not in repr(issued)


@pytest.mark.parametrize(("style", "begins"), [("fragment", "#t="), ("query", "?t=")])
async def test_the_link_carries_the_token_as_configured(tmp_path: Path, style: str, begins: str) -> None:
    """T5: in the fragment, which no server and no log sees, unless the query was chosen."""
    config = HubConfig(links=LinkConfig(style="query" if style == "query" else "fragment"))
    issued = await make_hub(tmp_path, config=config).hub.links.create(**OWNER)
    assert issued.url == f"https://hub.test/connect/link{begins}{issued.token}"


async def test_python_and_http_refuse_the_same_fields(tmp_path: Path) -> None:
    """T42: a wrong call raises ValidationFailed with each field, and the nearest provider by name."""
    hub = make_hub(tmp_path).hub
    with pytest.raises(ValidationFailed) as refused:
        await hub.sessions.create(origin_owner_id="", origin_owner_name="x", expires_in=5, provider="x")
    assert fields_of(refused) == {"origin_owner_id"}
    with pytest.raises(ValidationFailed, match="did you mean 'simulated'") as refused:
        await hub.sessions.create(**OWNER, expires_in=5, provider="simulatd")
    assert fields_of(refused) == {"expires_in", "provider"}


async def test_a_session_made_in_the_hosts_transaction_is_there_with_its_commit(tmp_path: Path) -> None:
    """With `connection` the row is written in the host's own transaction: a rollback takes it away."""
    made = make_hub(tmp_path)
    await made.hub.check()
    engine = storage_engine(made.hub)
    with engine.connect() as connection:
        lost = await made.hub.sessions.create(**OWNER, connection=connection)
        connection.rollback()
    with pytest.raises(SessionNotFound):
        await made.hub.sessions.get(lost.session.id)
    with engine.begin() as connection:
        kept = await made.hub.sessions.create(**OWNER, connection=connection)
    assert (await made.hub.sessions.authenticate(kept.token)).id == kept.session.id


def storage_engine(hub: ConnectHub) -> Engine:
    storage = hub.sessions._core.storage
    assert isinstance(storage, SQLStorage)
    assert isinstance(storage.engine, Engine)
    return storage.engine


async def test_a_taken_id_is_drawn_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two sessions that draw the same 53 bits are two sessions; a generator that is stuck is an error."""
    made = make_hub(tmp_path)
    drawn = iter([7, 7, 8, 7, 7, 7, 7])
    monkeypatch.setattr(secrets, "randbits", lambda bits: next(drawn))
    first, second = await made.hub.sessions.create(**OWNER), await made.hub.sessions.create(**OWNER)
    assert (first.session.id, second.session.id) == (7, 8)
    with pytest.raises(StorageConflict):
        await made.hub.sessions.create(**OWNER)


async def test_projects_do_not_see_each_others_sessions(tmp_path: Path) -> None:
    """T41: reading, revoking, listing and authenticating are bound to the project."""
    hub = in_two_projects(tmp_path, connectors=frozenset({"simulated"})).hub
    issued = await hub.sessions.create(**OWNER)
    with pytest.raises(SessionNotFound):
        await hub.sessions.get(issued.session.id, project="other")
    with pytest.raises(SessionNotFound):
        await hub.sessions.revoke(issued.session.id, project="other")
    with pytest.raises(InvalidToken):
        await hub.sessions.authenticate(issued.token, project="other")
    assert await hub.sessions.list(project="other") == []
    with pytest.raises(ConnectorInactive):
        await hub.sessions.create(**OWNER, providers=["simulated-key"])
    assert (await hub.sessions.get(issued.session.id)).status is SessionStatus.OPEN


async def test_a_renewed_link_asks_for_the_same(tmp_path: Path) -> None:
    """Whatever the old one was made with, but for its id, its token and its time; another project's is not
    found. No field that a request has is forgotten."""
    made = make_hub(
        tmp_path, config=HubConfig(links=LinkConfig(return_urls=frozenset({"https://app.example/done"})))
    )
    links = made.hub.links
    old = await links.create(
        **OWNER,
        origin_username="ada@acme.example",
        categories=["hris"],
        providers=["simulated"],
        label="HQ",
        metadata={"a": [1, None]},
        multiple=True,
        type="test",
        return_url="https://app.example/done",
        state="s",
        max_connects=3,
        locale="de",
        expires_in=60,
    )
    plain = await links.create(**OWNER)
    made.clock.advance(timedelta(days=9))
    for one in (old, plain):
        new = await links.renew(one.session.id)
        assert new.token != one.token
        for field in fields(Session):
            before, after = getattr(one.session, field.name), getattr(new.session, field.name)
            own = {"id", "jti", "created_at", "expires_at"}
            assert (before == after) == (field.name not in own), field.name
        assert new.session.expires_at == made.clock.now() + timedelta(days=5)
    names = {field.name for field in fields(Session)}
    assert set(SessionFields.__annotations__) - names == {"expires_in", "webhook_url"}
    for missing in ((1, "default"), (old.session.id, "other")):
        with pytest.raises(SessionNotFound):
            await links.renew(missing[0], project=missing[1])
