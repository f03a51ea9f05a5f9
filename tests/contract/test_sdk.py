"""The hub as StackOne's published client sees it: each call on sessions, accounts and connectors."""

from collections.abc import Mapping
from pathlib import Path

import httpx2
import pytest

from connect_hub import Rate, RateConfig
from tests.contract.conftest import HubServer, in_starlette, serve_hub
from tests.contract.sdk import Operation, Sdk, Success

pytestmark = pytest.mark.node

OWNER = {"originOwnerId": "42", "originOwnerName": "Acme"}
TOLD_OWNER = {"origin_owner_id": "42", "origin_owner_name": "Acme"}


def fields(outcome: Success) -> dict[str, object]:
    assert isinstance(outcome.value, dict)
    return outcome.value


def rows(outcome: Success) -> list[Mapping[str, object]]:
    assert isinstance(outcome.value, list)
    return outcome.value


def test_a_session_is_created_and_its_token_authenticates(sdk: Sdk) -> None:
    """Both POSTs are 201; what was asked for comes back, with token and link from the first one alone."""
    asked = OWNER | {
        "originUsername": "ada@acme.example",
        "categories": ["hris", "hris-legacy"],
        "label": "Main",
        "type": "test",
    }
    created = sdk.done("connectSessions.createConnectSession", asked | {"expiresIn": 600})
    session = fields(created)
    assert created.status == 201
    assert asked.items() <= session.items()
    assert isinstance(session["id"], int)
    details = sdk.done("connectSessions.authenticateConnectSession", {"token": session["token"]})
    assert details.status == 201
    only_once = {"token", "authLinkUrl"}
    assert fields(details) == {name: value for name, value in session.items() if name not in only_once}


def test_a_session_without_limits_can_be_read(sdk: Sdk) -> None:
    """With every optional field left out or null, the answer holds nothing that the client refuses."""
    nothing = dict.fromkeys(
        ["accountId", "categories", "label", "metadata", "originUsername", "provider", "type"]
    )
    for optional in ({}, nothing):
        assert (
            fields(sdk.done("connectSessions.createConnectSession", OWNER | optional))["originOwnerId"]
            == "42"
        )


def test_an_account_is_listed_read_changed_and_deleted(sdk: Sdk, hub_server: HubServer) -> None:
    """Every account call answers 200 with the whole account; after the deletion it is a 404."""
    account_id = hub_server.link("sdk-1")
    other = hub_server.link("sdk-2")
    one = {"id": account_id}
    found = fields(sdk.done("accounts.getAccount", one))
    assert (found["status"], found["provider"], found["originOwnerId"]) == (
        "active",
        hub_server.provider,
        "sdk-1",
    )

    listed = rows(sdk.done("accounts.listLinkedAccounts", {"originOwnerIds": ["sdk-1", "sdk-2"]}))
    assert {row["id"] for row in listed} == {account_id, other}
    for filters in (
        {"accountIds": [account_id]},
        {"originOwnerId": "sdk-1", "status": ["active", "error"], "providers": [hub_server.provider, "none"]},
    ):
        assert [row["id"] for row in rows(sdk.done("accounts.listLinkedAccounts", filters))] == [account_id]
    assert (
        rows(sdk.done("accounts.listLinkedAccounts", {"originOwnerId": "sdk-1", "status": ["expired"]})) == []
    )

    change = {
        "originOwnerName": "Renamed",
        "label": {"ignored": "1"},
        "credentials": {"ignored": "1"},
        "secrets": {},
        "environment": "x",
        "provider": hub_server.provider,
    }
    changed = sdk.done("accounts.updateAccount", one | {"patchAccountExternalDto": change})
    assert changed.status == 200
    assert fields(changed)["originOwnerName"] == "Renamed"
    assert fields(changed)["label"] == found["label"]

    meta = fields(sdk.done("accounts.getAccountMetaInfo", one))
    assert (meta["provider"], meta["models"]) == (hub_server.provider, {})
    gone = sdk.done("accounts.deleteAccount", one)
    assert (gone.status, fields(gone)["id"]) == (200, account_id)
    assert sdk.refused("accounts.getAccount", one).error == "NotFoundResponse"


def test_a_test_account_stays_one_when_it_is_changed(sdk: Sdk, hub_server: HubServer) -> None:
    """The client adds `type: production` to each change; that alone converts nothing, `type: test` does."""
    one = {"id": hub_server.link("sdk-3")}
    converted = sdk.done("accounts.updateAccount", one | {"patchAccountExternalDto": {"type": "test"}})
    assert fields(converted)["type"] == "test"
    renamed = sdk.done("accounts.updateAccount", one | {"patchAccountExternalDto": {"originOwnerName": "N"}})
    assert fields(renamed)["type"] == "test"


def test_connectors_are_described(sdk: Sdk, hub_server: HubServer) -> None:
    """The list holds what a single call answers."""
    single = sdk.done(
        "connectors.getConnectorMeta", {"provider": hub_server.provider, "include": "models"}
    ).value
    assert single in rows(sdk.done("connectors.listConnectorsMeta", {"include": "models"}))


ABSENT = {"id": "acc_absent"}
REFUSALS: list[tuple[Operation, Mapping[str, object], int, str]] = [
    ("connectSessions.createConnectSession", OWNER | {"provider": "no-such"}, 400, "BadRequestResponse"),
    ("connectSessions.createConnectSession", OWNER | {"expiresIn": 1}, 400, "BadRequestResponse"),
    ("connectSessions.createConnectSession", OWNER | {"originOwnerId": ""}, 400, "BadRequestResponse"),
    ("connectSessions.authenticateConnectSession", {"token": "x.y.z"}, 401, "UnauthorizedResponse"),
    ("accounts.getAccount", ABSENT, 404, "NotFoundResponse"),
    ("accounts.getAccountMetaInfo", ABSENT, 404, "NotFoundResponse"),
    ("accounts.updateAccount", ABSENT | {"patchAccountExternalDto": {}}, 404, "NotFoundResponse"),
    ("accounts.deleteAccount", ABSENT, 404, "NotFoundResponse"),
    ("accounts.listLinkedAccounts", {"pageSize": -1}, 400, "BadRequestResponse"),
    ("connectors.getConnectorMeta", {"provider": "no-such"}, 404, "NotFoundResponse"),
]


@pytest.mark.parametrize(("operation", "arguments", "status", "error"), REFUSALS)
def test_refusals_are_the_clients_own_errors(
    sdk: Sdk, operation: Operation, arguments: Mapping[str, object], status: int, error: str
) -> None:
    """The client reads the error body, and throws the class that it has for the status."""
    refusal = sdk.refused(operation, arguments)
    assert (refusal.status, refusal.error) == (status, error)
    assert {"statusCode", "message", "timestamp", "errorCode"} <= refusal.json().keys()


@pytest.mark.parametrize("operation", sorted({operation for operation, *_ in REFUSALS}))
def test_a_wrong_key_is_unauthorized_everywhere(sdk: Sdk, operation: Operation) -> None:
    """No call answers anything but 401 to a key that no project has, and says how to authenticate."""
    arguments = next(arguments for name, arguments, *_ in REFUSALS if name == operation)
    refusal = sdk.refused(operation, arguments, api_key="not-a-key")
    assert (refusal.status, refusal.error) == (401, "UnauthorizedResponse")
    assert refusal.json()["errorCode"] == "invalid_api_key"
    assert refusal.headers is not None
    assert "www-authenticate" in refusal.headers


def test_another_projects_account_and_token_do_not_exist(sdk: Sdk, hub_server: HubServer) -> None:
    """A foreign account is answered as an absent one is, a foreign token as a bad one is."""
    one = {"id": hub_server.link("sdk-4")}
    key = hub_server.foreign_api_key
    foreign, absent = (sdk.refused("accounts.getAccount", each, api_key=key).json() for each in (one, ABSENT))
    assert {**foreign, "timestamp": ""} == {**absent, "timestamp": ""}
    token = fields(sdk.done("connectSessions.createConnectSession", OWNER))["token"]
    refused = sdk.refused("connectSessions.authenticateConnectSession", {"token": token}, api_key=key)
    assert (refused.status, refused.json()["errorCode"]) == (401, "invalid_token")


def test_pages_are_counted_and_a_disabled_connector_is_told(sdk: Sdk, hub_server: HubServer) -> None:
    """Page and page size are the client's own numbers; a 412 is read, if without a class of its own."""
    ids = {hub_server.link(owner) for owner in ("sdk-7", "sdk-8", "sdk-9")}
    owners = {"originOwnerIds": ["sdk-7", "sdk-8", "sdk-9"], "pageSize": 2}
    pages = [rows(sdk.done("accounts.listLinkedAccounts", owners | {"page": page})) for page in (1, 2, 3)]
    assert [len(page) for page in pages] == [2, 1, 0]
    assert {row["id"] for page in pages for row in page} == ids
    refusal = sdk.refused(
        "connectSessions.createConnectSession", OWNER | {"provider": hub_server.disabled_provider}
    )
    assert (refusal.status, refusal.error) == (412, "SDKError")
    assert refusal.json()["errorCode"] == "connector_inactive"
    inactive = fields(sdk.done("connectors.getConnectorMeta", {"provider": hub_server.disabled_provider}))
    assert inactive["active"] is False


def test_too_many_requests_and_too_large_ones_are_told(tmp_path: Path) -> None:
    """Asking too often is the client's typed 429; a body that is too large its general error, 413."""
    rates = RateConfig(per_api_key=Rate(0.001, 2))
    with (
        serve_hub(tmp_path, mounted=in_starlette, rates=rates) as server,
        Sdk(url=server.url, api_key=server.api_key) as sdk,
    ):
        large = sdk.refused("connectSessions.createConnectSession", OWNER | {"label": "x" * 70_000})
        assert (large.status, large.error) == (413, "SDKError")
        sdk.done("connectors.listConnectorsMeta")
        refusal = sdk.refused("connectors.listConnectorsMeta")
        assert (refusal.status, refusal.error) == (429, "TooManyRequestsResponse")
        assert refusal.headers is not None
        assert int(refusal.headers["retry-after"]) > 900


def test_what_the_client_strips_is_there_over_plain_http(sdk: Sdk, hub_server: HubServer) -> None:
    """It drops the contents of metadata both ways and cannot send a label; and so it must not lose them."""
    with httpx2.Client(base_url=hub_server.url, auth=(hub_server.api_key, ""), trust_env=False) as http:
        told = {"label": "Main", "metadata": {"plan": "gold"}, "setup_information": {"subdomain": "acme"}}
        session = http.post("connect_sessions", json={**TOLD_OWNER, **told}).json()
        assert {name: session[name] for name in told} == told
        account = hub_server.link("sdk-10")
        changes = {"label": "Payroll", "metadata": {"seats": 7}}
        changed = http.patch(f"accounts/{account}", json=changes).json()
        assert {name: changed[name] for name in changes} == changes
        stripped = {"metadata": {"any": "thing"}, "label": {"any": "thing"}, "originOwnerName": "Renamed"}
        sdk.done("accounts.updateAccount", {"id": account, "patchAccountExternalDto": stripped})
        after = http.get(f"accounts/{account}").json()
        assert {name: after[name] for name in changes} == changes
        assert after["origin_owner_name"] == "Renamed"


def test_an_owner_that_would_collide_is_a_conflict(sdk: Sdk, hub_server: HubServer) -> None:
    """Moving an account to an owner who has one of the same provider is 409, in the client's own class."""
    hub_server.link("sdk-5")
    moving = {"id": hub_server.link("sdk-6"), "patchAccountExternalDto": {"originOwnerId": "sdk-5"}}
    assert sdk.refused("accounts.updateAccount", moving).error == "ConflictResponse"
