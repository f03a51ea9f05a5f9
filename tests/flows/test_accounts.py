"""Accounts and owners, as Python calls."""

from datetime import timedelta
from pathlib import Path

import pytest

from connect_hub import Event
from connect_hub.errors import AccountNotFound, AccountSuspended, ValidationFailed
from connect_hub.flows.requests import ChangeAccount
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

    @made.hub.on("account.created")
    @made.hub.on("account.updated", name="updated")
    @made.hub.on("account.deleted", name="deleted")
    async def note(event: Event) -> None:
        seen.append((event.name, event.data["sequence"]))

    account_id = await linked(made)
    await made.hub.accounts.change(account_id, ChangeAccount(label="New"))
    await made.hub.accounts.change(account_id, ChangeAccount(label="New"))
    await made.hub.accounts.change(account_id, ChangeAccount())
    await made.hub.accounts.convert(account_id, AccountType.TEST)
    await made.hub.accounts.convert(account_id, AccountType.TEST)
    await made.hub.accounts.delete(account_id)
    for _ in range(10):
        await made.hub.deliveries.run_due()
    assert sorted(seen, key=lambda event: str(event[1])) == [
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
