"""Accounts and owners, as Python calls."""

from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from connect_hub import Event
from connect_hub.errors import AccountNotFound, AccountSuspended, ValidationFailed
from connect_hub.models import AccountStatus, AccountType
from tests.hubs import make_hub
from tests.web.api import in_two_projects, linked


async def test_a_suspended_account_keeps_its_credentials_and_gives_them_to_nobody(tmp_path: Path) -> None:
    """Suspending pauses, resuming goes on where it stood; both are idempotent."""
    made = make_hub(tmp_path)
    account_id = await linked(made)
    suspended = await made.hub.accounts.suspend(account_id, reason="Invoice open.")
    assert suspended.status is AccountStatus.SUSPENDED
    assert [reason.description for reason in suspended.status_reasons] == ["Invoice open."]
    made.clock.advance(timedelta(seconds=1))
    assert await made.hub.accounts.suspend(account_id) == suspended
    for reason in ("x" * 201, "two\nlines"):
        with pytest.raises(ValidationFailed, match="reason"):
            await made.hub.accounts.suspend(account_id, reason=reason)
    with pytest.raises(AccountSuspended):
        await made.hub.credentials(account_id)
    resumed = await made.hub.accounts.resume(account_id)
    assert (resumed.status, resumed.status_reasons) == (AccountStatus.ACTIVE, ())
    assert await made.hub.accounts.resume(account_id) == resumed
    assert (await made.hub.credentials(account_id)).secrets.keys() == {"api_key"}


async def test_every_change_is_one_event_and_no_change_is_none(tmp_path: Path) -> None:
    """R1, R6: `account.updated` for what changed, with a rising sequence; `account.deleted` is the last."""
    made = make_hub(tmp_path)
    seen: list[tuple[str, object]] = []

    @made.hub.on("account.created", "account.updated", "account.deleted")
    async def note(event: Event) -> None:
        seen.append((event.name, event.data["sequence"]))

    account_id = await linked(made)
    await made.hub.accounts.change(account_id, label="New")
    await made.hub.accounts.change(account_id, label="New")
    await made.hub.accounts.change(account_id)
    await made.hub.accounts.convert(account_id, AccountType.TEST)
    await made.hub.accounts.convert(account_id, AccountType.TEST)
    await made.hub.accounts.delete(account_id)
    while await made.hub.deliveries.run_due():
        pass
    assert seen == [
        ("account.created", 1),
        ("account.updated", 2),
        ("account.updated", 3),
        ("account.deleted", 4),
    ]


async def test_a_deleted_account_is_gone_with_its_credentials(tmp_path: Path) -> None:
    """Nothing of it can be read or changed afterwards; deleting it again says so."""
    made = make_hub(tmp_path)
    account_id = await linked(made)
    deleted = await made.hub.accounts.delete(account_id)
    assert deleted.id == account_id
    for call in (
        made.hub.accounts.get(account_id),
        made.hub.accounts.delete(account_id),
        made.hub.accounts.suspend(account_id),
        made.hub.accounts.convert(account_id, AccountType.TEST),
        made.hub.credentials(account_id),
    ):
        with pytest.raises(AccountNotFound):
            await call


async def test_projects_do_not_see_each_others_accounts(tmp_path: Path) -> None:
    """T41: every call is bound to the project, erasing included."""
    made = in_two_projects(tmp_path)
    account_id = await linked(made)
    for call in (
        made.hub.accounts.get(account_id, project="other"),
        made.hub.accounts.suspend(account_id, project="other"),
        made.hub.accounts.delete(account_id, project="other"),
        made.hub.credentials(account_id, project="other"),
    ):
        with pytest.raises(AccountNotFound):
            await call
    assert await made.hub.accounts.list(project="other") == []
    assert (await made.hub.owners.erase("42", project="other")).accounts == ()
    assert (await made.hub.accounts.get(account_id)).status is AccountStatus.ACTIVE


async def test_an_owner_that_cannot_be_is_not_looked_for(tmp_path: Path) -> None:
    """An id that no session can have is a ValidationFailed, on any database."""
    for owner in ("", "\x00", "x" * 256):
        with pytest.raises(ValidationFailed):
            await make_hub(tmp_path).hub.owners.erase(owner)


async def test_a_change_names_fields_and_leaves_the_rest(tmp_path: Path) -> None:
    """What is named is changed, None removes what an account can be without, and the rest stays."""
    made = make_hub(tmp_path)
    account_id = await linked(made, origin_username="ada", label="Old", metadata={"a": 1})
    changed = await made.hub.accounts.change(account_id, label="New", origin_owner_name="Acme Ltd")
    assert (changed.label, changed.origin_owner_name) == ("New", "Acme Ltd")
    assert (changed.origin_owner_id, changed.origin_username, changed.metadata) == ("42", "ada", {"a": 1})
    bare = await made.hub.accounts.change(account_id, label=None, metadata={}, origin_username=None)
    assert (bare.label, bare.metadata, bare.origin_username) == (None, {}, None)
    assert bare.origin_owner_name == "Acme Ltd"
    assert (await made.hub.accounts.change(account_id, metadata=None)).metadata == {}


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"origin_owner_id": None}, "origin_owner_id"),
        ({"origin_owner_name": ""}, "origin_owner_name"),
        ({"lable": "New"}, "lable"),
        ({"type": "production"}, "type"),
        ({"provider": "simulated-key"}, "provider"),
    ],
)
async def test_a_change_that_cannot_be_is_refused_by_its_field(
    tmp_path: Path, fields: dict[str, Any], named: str
) -> None:
    """Python is told of what the API, for its clients' sake, ignores: nothing is dropped in silence."""
    made = make_hub(tmp_path)
    account_id = await linked(made)
    with pytest.raises(ValidationFailed) as refusal:
        await made.hub.accounts.change(account_id, **fields)
    assert [error.field for error in refusal.value.details] == [named]


async def test_accounts_are_listed_by_what_they_are(tmp_path: Path) -> None:
    """Each keyword narrows the list, several narrow it together, and pages follow each other by `before`."""
    made = make_hub(tmp_path)
    one = await linked(made, "1")
    made.clock.advance(timedelta(seconds=1))
    two = await linked(made, "2")
    await made.hub.accounts.suspend(two)

    async def found(**keywords: Any) -> list[str]:
        return [account.id for account in await made.hub.accounts.list(**keywords)]

    assert await found() == [two, one]
    assert await found(account_ids=[one]) == await found(origin_owner_ids={"1", "3"}) == [one]
    assert await found(statuses=(AccountStatus.SUSPENDED,)) == [two]
    assert await found(providers=["simulated-key"], statuses=[AccountStatus.ACTIVE]) == [one]
    assert await found(providers=["simulated"]) == []
    [first] = await made.hub.accounts.list(limit=1)
    assert await found(before=(first.created_at, first.id)) == [one]


@pytest.mark.parametrize("keyword", ["account_ids", "origin_owner_ids", "providers", "statuses"])
async def test_none_of_them_is_not_all_of_them(tmp_path: Path, keyword: str) -> None:
    """T41: an empty collection lists nothing, or a customer with no account would see everybody's; and one
    text is not taken for a collection of letters."""
    made = make_hub(tmp_path)
    await linked(made)
    nothing: dict[str, Collection[Any]] = {keyword: []}
    assert await made.hub.accounts.list(**cast("Any", nothing)) == []
    with pytest.raises(TypeError, match=keyword):
        await made.hub.accounts.list(**cast("Any", {keyword: "42"}))
