"""Accounts and connectors over HTTP: contract, section 2, line by line."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connect_hub import HubConfig, Project, Secret
from connect_hub.models import Trigger
from tests.customer import Customer
from tests.hubs import API_KEY, GOOD_KEY, Hub, make_hub
from tests.web.api import OTHER_API_KEY, Caller, in_two_projects, linked, names_of

FIELDS = {
    "id",
    "provider",
    "provider_name",
    "status",
    "status_reasons",
    "origin_owner_id",
    "origin_owner_name",
    "origin_username",
    "setup_information",
    "type",
    "label",
    "metadata",
    "categories",
    "created_at",
    "updated_at",
    "identity",
}


async def test_an_account_is_answered_whole_and_without_credentials(tmp_path: Path) -> None:
    """T46: the fields of the contract and no others; the key that the customer entered is in no answer."""
    made = make_hub(tmp_path)
    api = Caller(made.hub)
    account_id = await linked(
        made, origin_username="ada@acme.example", label="Main", metadata={"plan": "gold"}, type="test"
    )
    answer = await api.get(f"accounts/{account_id}")
    account = answer.json()
    assert account.keys() == FIELDS
    expected: Mapping[str, object] = {
        "id": account_id,
        "provider": "simulated-key",
        "provider_name": "Acme Key",
        "status": "active",
        "status_reasons": [],
        "origin_owner_id": "42",
        "origin_username": "ada@acme.example",
        "type": "test",
        "label": "Main",
        "metadata": {"plan": "gold"},
        "created_at": "2026-01-02T03:04:05.000Z",
    }
    assert {name: account[name] for name in expected} == expected
    assert account["identity"]["name"] == "ada"
    assert GOOD_KEY not in answer.text
    assert (await api.get("accounts")).json() == [account]


async def test_the_list_is_a_bare_array_with_repeatable_filters(tmp_path: Path) -> None:
    """Filters come as repeated keys, in the singular and the plural alike; page_size and page are numbers."""
    made = make_hub(tmp_path)
    api = Caller(made.hub)
    ids = {owner: await linked(made, owner) for owner in ("a", "b", "c")}
    await made.hub.accounts.suspend(ids["c"])

    async def owners(**params: object) -> str:
        listed = (await api.get("accounts", params={"page_size": 25, **params})).json()
        return "".join(sorted(account["origin_owner_id"] for account in listed))

    assert await owners() == "abc"
    assert await owners(origin_owner_id="a") == "a"
    assert await owners(origin_owner_id=["a", "b"]) == "ab"
    assert await owners(origin_owner_ids=["b", "c"]) == "bc"
    assert await owners(origin_owner_id="a", origin_owner_ids=["c", "none"]) == "ac"
    assert await owners(account_ids=[ids["a"], ids["c"], "acc_none"]) == "ac"
    assert await owners(provider="simulated-key") == "abc"
    assert await owners(providers=["simulated", "other"]) == ""
    assert await owners(status=["active", "error"]) == "ab"
    assert await owners(status="suspended") == "c"
    assert await owners(status="suspended", origin_owner_id="a") == ""


async def test_pages_follow_by_link_and_by_number(tmp_path: Path) -> None:
    """Newest first; each row once by either way, also where rows share an instant; filters are kept."""
    made = make_hub(tmp_path)
    api = Caller(made.hub)
    for number in range(5):
        await linked(made, f"o{number}")
        made.clock.advance(timedelta(seconds=number % 2))
    everything = [a["id"] for a in (await api.get("accounts")).json()]
    by_link, path, pages = [], "accounts?page_size=2&status=active&status=error", 0
    while path:
        page = await api.get(path)
        by_link += [a["id"] for a in page.json()]
        path = page.links.get("next", {}).get("url", "")
        assert path == "" or (
            path.startswith("https://hub.test/connect/accounts?") and "status=error" in path
        )
        pages += 1
    by_number = [
        a["id"] for n in (1, 2, 3, 4) for a in (await api.get(f"accounts?page={n}&page_size=2")).json()
    ]
    assert (by_link, pages) == (everything, 3)
    assert by_number == everything


@pytest.mark.parametrize(
    ("query", "field", "says"),
    [
        ("page_size=0", "page_size", "from 1 to 100"),
        ("page_size=101", "page_size", "from 1 to 100"),
        ("page_size=x", "page_size", "whole number"),
        ("page_size=1&page_size=2", "page_size", "once"),
        ("page=0", "page", "from 1"),
        ("page=10000", "page", "Link header"),
        ("status=gone", "status", "one of active"),
        ("cursor=zzz", "cursor", "leave it out"),
        ("cursor=99999999999999999.acc_1", "cursor", "leave it out"),
        ("origin_owner_ld=42", "origin_owner_ld", "did you mean 'origin_owner_id'?"),
        ("qqq=1", "qqq", "unknown"),
        ("provider=%00", "provider", "up to"),
        ("&".join(["account_ids=a"] * 101), "account_ids", "up to 100"),
        ("account_ids=" + "a" * 256, "account_ids", "255"),
    ],
)
async def test_a_wrong_query_is_named(tmp_path: Path, query: str, field: str, says: str) -> None:
    """A parameter that is wrong or misspelt is a 400: passed over, it would answer with everybody's."""
    assert says in names_of(await Caller(make_hub(tmp_path).hub).get(f"accounts?{query}"))[field]


async def test_a_patch_changes_what_it_names(tmp_path: Path) -> None:
    """200 with the whole account; what is left out stays; null empties what can be empty."""
    made = make_hub(tmp_path)
    api = Caller(made.hub)
    path = f"accounts/{await linked(made, label='Old', metadata={'a': 1})}"
    before = (await api.get(path)).json()
    made.clock.advance(timedelta(seconds=1))
    change = {
        "origin_owner_id": "43",
        "origin_owner_name": "Renamed",
        "origin_username": "grace@acme.example",
        "label": "New",
        "metadata": {"b": [2]},
    }
    changed = await api.patch(path, change)
    assert changed.status_code == 200
    assert changed.json() == {**before, **change, "updated_at": "2026-01-02T03:04:06.000Z"}
    assert (await api.get(path)).json() == changed.json()
    emptied = (await api.patch(path, {"label": None, "metadata": None, "origin_username": None})).json()
    assert (emptied["label"], emptied["metadata"], emptied["origin_username"]) == (None, {}, None)


async def test_a_patch_passes_over_what_clients_send_unasked(tmp_path: Path) -> None:
    """Empty credentials, objects for texts, `type: production` and the extras change nothing."""
    made = make_hub(tmp_path)
    api = Caller(made.hub)
    path = f"accounts/{await linked(made, label='Kept', metadata={'kept': True}, type='test')}"
    before = (await api.get(path)).json()
    made.clock.advance(timedelta(seconds=1))
    unasked: list[dict[str, object]] = [
        {},
        {"type": "production"},
        {"type": "Production", "provider": "simulated-key"},
        {"credentials": {}, "secrets": {}, "setup_information": {}, "metadata": {}, "label": {}},
        {"credentials": None, "secrets": None, "setup_information": None, "type": None, "provider": None},
        {"origin_owner_id": None, "origin_owner_name": None},
        {"authentication_config_key": "x", "environment": "y", "integration_id": "z", "shared": True},
    ]
    for body in unasked:
        answer = await api.patch(path, body)
        assert (answer.status_code, answer.json()) == (200, before)


@pytest.mark.parametrize(
    ("wrong", "field", "says"),
    [
        ({"credentials": {"api_key": "x"}}, "credentials", "reconnect"),
        ({"secrets": {"api_key": "x"}}, "secrets", "reconnect"),
        ({"setup_information": {"subdomain": "x"}}, "setup_information", "reconnect"),
        ({"provider": "simulated"}, "provider", "must be 'simulated-key'"),
        ({"lable": "x"}, "lable", "did you mean 'label'?"),
        ({"status": "active"}, "status", "unknown field"),
        ({"metadata": [1]}, "metadata", "object"),
        ({"type": "live"}, "type", "'production' or 'test'"),
    ],
)
async def test_a_patch_refuses_the_rest(
    tmp_path: Path, wrong: Mapping[str, object], field: str, says: str
) -> None:
    """T42: contents of credentials, another provider, unknown fields: 400, and nothing is changed."""
    made = make_hub(tmp_path)
    api = Caller(made.hub)
    path = f"accounts/{await linked(made)}"
    before = (await api.get(path)).json()
    assert says in names_of(await api.patch(path, {"origin_owner_name": "Changed", **wrong}))[field]
    assert (await api.get(path)).json() == before


async def test_types_are_converted_on_purpose_alone(tmp_path: Path) -> None:
    """`type: test` in a PATCH and the convert route convert; back to production only the route does."""
    made = make_hub(tmp_path)
    api = Caller(made.hub)
    path = f"accounts/{await linked(made)}"
    assert (await api.patch(path, {"type": "TEST"})).json()["type"] == "test"
    assert (await api.patch(path, {"type": "production"})).json()["type"] == "test"
    converted = await api.post(f"{path}/convert", {"type": "Production"})
    assert (converted.status_code, converted.json()["type"]) == (200, "production")
    assert names_of(await api.post(f"{path}/convert", {})).keys() == {"type"}


async def test_a_collision_is_a_conflict(tmp_path: Path) -> None:
    """A PATCH or conversion to an owner and type that has an account of the provider is 409; both stay."""
    made = make_hub(tmp_path)
    api = Caller(made.hub)
    await linked(made, "a")
    moving, testing = await linked(made, "b"), await linked(made, "a", type="test")
    before = (await api.get("accounts")).json()
    for answer in (
        await api.patch(f"accounts/{moving}", {"origin_owner_id": "a"}),
        await api.post(f"accounts/{testing}/convert", {"type": "production"}),
    ):
        assert (answer.status_code, answer.json()["errorCode"]) == (409, "account_conflict")
    assert (await api.get("accounts")).json() == before


async def test_deleting_answers_the_account_and_destroys_it(tmp_path: Path) -> None:
    """200 with the whole account as it was; then every route says 404; the sealed credentials are gone."""
    made = make_hub(tmp_path)
    api = Caller(made.hub)
    path = f"accounts/{await linked(made)}"
    before = (await api.get(path)).json()
    deleted = await api.delete(path)
    assert (deleted.status_code, deleted.json()) == (200, before)
    for answer in (await api.get(path), await api.delete(path), await api.get(f"{path}/meta")):
        assert (answer.status_code, answer.json()["errorCode"]) == (404, "account_not_found")


@pytest.mark.parametrize("account_id", ["acc_absent", "%00", "a%20b", "x" * 300, "%F0%9F%A6%8A", "1"])
async def test_an_id_that_no_account_has_is_404(tmp_path: Path, account_id: str) -> None:
    """An account that is not there, or cannot be, is the same 404 on every route; no database is asked about
    an id that it may choke on, as PostgreSQL does on a NUL."""
    made = make_hub(tmp_path)
    asked: list[str] = []
    put_trigger = made.hub.storage.put_trigger

    async def put(trigger: Trigger, **rest: Any) -> Trigger | None:
        asked.append(trigger.account_id)
        return await put_trigger(trigger, **rest)

    made.hub.storage.put_trigger = put  # type: ignore[method-assign]
    api = Caller(made.hub)
    answers = {
        answer.content
        for answer in (
            await api.get(f"accounts/{account_id}"),
            await api.get(f"accounts/{account_id}/meta"),
            await api.patch(f"accounts/{account_id}", {}),
            await api.delete(f"accounts/{account_id}"),
            await api.post(f"accounts/{account_id}/convert", {"type": "test"}),
            await api.get(f"accounts/{account_id}/trigger"),
            await api.post(f"accounts/{account_id}/trigger/rotate", {}),
        )
    }
    assert len(answers) == 1
    assert asked == [account_id] * 2 if account_id in {"acc_absent", "1"} else not asked
    assert b'"statusCode": 404' in answers.pop()


async def foreign_answers(made: Hub, api: Caller, account: str, session: int) -> list[tuple[int, bytes]]:
    """What every route with an id says to `api` of this account and this session."""
    answers = [
        await api.get(f"accounts/{account}"),
        await api.get(f"accounts/{account}/meta"),
        await api.patch(f"accounts/{account}", {"label": "mine"}),
        await api.post(f"accounts/{account}/convert", {"type": "test"}),
        await api.delete(f"accounts/{account}"),
        await api.get(f"connect_sessions/{session}"),
        await api.delete(f"connect_sessions/{session}"),
        await api.post(
            "connect_sessions",
            {"origin_owner_id": "42", "origin_owner_name": "Acme", "account_id": account},
        ),
        await api.get(f"accounts?account_ids={account}"),
        await api.delete("owners/nobody"),
    ]
    return [(answer.status_code, answer.content) for answer in answers]


async def test_another_projects_rows_are_absent_byte_for_byte(tmp_path: Path) -> None:
    """T41: every route with an id answers for a foreign one exactly as for an absent one; nothing changes."""
    made = in_two_projects(tmp_path)
    mine, other = Caller(made.hub), Caller(made.hub, key=OTHER_API_KEY)
    account = await linked(made)
    session = (await mine.created())["id"]
    accounts, sessions = (await mine.get("accounts")).json(), (await mine.get("connect_sessions")).json()
    foreign = await foreign_answers(made, other, account, session)
    absent = await foreign_answers(made, other, "acc_" + "0" * 32, 1)
    assert foreign == absent
    assert (await mine.get("accounts")).json() == accounts
    assert (await mine.get("connect_sessions")).json() == sessions


async def test_an_account_of_a_disabled_connector_is_inactive(tmp_path: Path) -> None:
    """It is shown as inactive and found as such, keeps its rows, and comes back with the connector."""
    enabled = Project(api_keys=[Secret(API_KEY)])
    projects = {"default": enabled}
    made = make_hub(tmp_path, config=HubConfig(projects=projects))
    api = Caller(made.hub)
    account = await linked(made)
    projects["default"] = replace(enabled, connectors=frozenset({"simulated"}))  # as if started anew
    assert (await api.get(f"accounts/{account}")).json()["status"] == "inactive"
    assert [a["id"] for a in (await api.get("accounts?status=inactive")).json()] == [account]
    assert (await api.get("accounts?status=active")).json() == []
    projects["default"] = enabled
    assert (await api.get(f"accounts/{account}")).json()["status"] == "active"


async def test_meta_and_connectors_are_described(tmp_path: Path) -> None:
    """Shapes of the contract; `active` is the project's; unknown query names are ignored; 404 with a hint."""
    made = in_two_projects(tmp_path, connectors=frozenset({"simulated-key"}))
    api = Caller(made.hub)
    account = await linked(made)
    meta = await api.get(f"accounts/{account}/meta")
    assert meta.json() == {"provider": "simulated-key", "category": "hris", "models": {}}
    listed = (await api.get("connectors/meta?include=models&zzz=1")).json()
    assert {c["provider"]: c["active"] for c in listed} == {"simulated": False, "simulated-key": True}
    one = await api.get("connectors/meta/simulated-key?include=models")
    assert one.json() in listed
    logo = one.json()["resources"]["images"]["logo_url"]
    assert logo.startswith("https://hub.test/connect/static/")
    assert (await api.get(logo)).headers["content-type"].startswith("image/")
    absent = await api.get("connectors/meta/simulated-kee")
    assert absent.status_code == 404
    assert "simulated-key" in absent.json()["message"]


async def test_the_same_owner_and_provider_update_one_account(tmp_path: Path) -> None:
    """Without `multiple` the account is updated, and its owner's name; with it, another one is made."""
    made = make_hub(tmp_path)
    api = Caller(made.hub)

    async def connect(**fields: object) -> None:
        session = await api.created(provider="simulated-key", **fields)
        customer = Customer(made.hub)
        form = await customer.enter(session["auth_link_url"])
        done = await customer.press(form, "Connect Acme Key", {"f.api_key": GOOD_KEY})
        assert done.status == 200

    await connect()
    await connect(origin_owner_name="Acme Renamed")
    [account] = (await api.get("accounts")).json()
    assert account["origin_owner_name"] == "Acme Renamed"
    await connect(multiple=True)
    assert len((await api.get("accounts")).json()) == 2
