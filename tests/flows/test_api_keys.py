"""API keys, as Python calls."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from connect_hub.errors import InvalidApiKey, NotFound, ValidationFailed
from tests.hubs import API_KEY, make_hub
from tests.web.api import in_two_projects


async def test_a_key_is_long_random_and_shown_once(tmp_path: Path) -> None:
    """T36: 256 bits behind an id, `chk_<environment>_<id>_<secret>`; no repr and no row has the secret."""
    hub = make_hub(tmp_path).hub
    issued = await hub.api_keys.create(name="ci", environment="test")
    found = re.fullmatch(r"chk_test_([0-9a-f]{16})_([A-Za-z0-9_-]{43})", issued.text)
    assert found is not None
    assert found[1] == issued.key.id
    assert found[2] not in repr(issued)
    [stored] = await hub.api_keys.list()
    assert stored == issued.key
    assert (await hub.api_keys.identify(issued.text)).project_id == "default"


async def test_any_change_of_a_key_is_refused(tmp_path: Path) -> None:
    """T36: another secret, id, form or case is no key; nor is a key of a project that is gone."""
    made = make_hub(tmp_path)
    issued = await made.hub.api_keys.create(name="x")
    text = issued.text
    for wrong in (
        "",
        text[:-1],
        text + "A",
        text[:-1] + ("A" if text[-1] != "A" else "B"),
        text.replace(issued.key.id, "0" * 16),
        text.upper(),
        f" {text}",
        API_KEY + " ",
        API_KEY[:-1],
    ):
        with pytest.raises(InvalidApiKey):
            await made.hub.api_keys.identify(wrong)


async def test_use_is_noted_at_most_once_a_minute(tmp_path: Path) -> None:
    """T36: `last_used_at` follows the use of a key without a write for each request."""
    made = make_hub(tmp_path)
    issued = await made.hub.api_keys.create(name="x")
    start = made.clock.now()

    async def used_at() -> timedelta:
        await made.hub.api_keys.identify(issued.text)
        [stored] = await made.hub.api_keys.list()
        assert stored.last_used_at is not None
        return stored.last_used_at - start

    assert await used_at() == timedelta(0)
    made.clock.advance(timedelta(seconds=59))
    assert await used_at() == timedelta(0)
    made.clock.advance(timedelta(seconds=1))
    assert await used_at() == timedelta(seconds=60)


async def test_keys_are_a_projects_own(tmp_path: Path) -> None:
    """T41: another project neither lists nor revokes them; an unknown project has none made."""
    hub = in_two_projects(tmp_path).hub
    issued = await hub.api_keys.create(name="x", project="other")
    assert await hub.api_keys.list() == []
    with pytest.raises(NotFound):
        await hub.api_keys.revoke(issued.key.id)
    assert (await hub.api_keys.identify(issued.text)).project_id == "other"
    with pytest.raises(NotFound):
        await hub.api_keys.create(name="x", project="none")
    with pytest.raises(ValueError, match="lower-case"):
        await hub.api_keys.create(name="x", environment="Live!")


async def test_revoking_twice_keeps_the_first_instant(tmp_path: Path) -> None:
    """Idempotent, as every way to end something is."""
    made = make_hub(tmp_path)
    issued = await made.hub.api_keys.create(name="x")
    first = await made.hub.api_keys.revoke(issued.key.id)
    made.clock.advance(timedelta(hours=1))
    assert await made.hub.api_keys.revoke(issued.key.id) == first
    with pytest.raises(InvalidApiKey):
        await made.hub.api_keys.identify(issued.text)


@pytest.mark.parametrize("name", ["", "  ", "k\x00y", "x" * 81])
async def test_a_name_is_for_people(tmp_path: Path, name: str) -> None:
    """T41: whichever way it comes, it is short text that every database keeps."""
    with pytest.raises(ValidationFailed, match="name"):
        await make_hub(tmp_path).hub.api_keys.create(name=name)
