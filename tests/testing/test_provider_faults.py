"""Every fault switch of the simulated provider does what its name says, there and nowhere else."""

import asyncio
from datetime import UTC, datetime

import pytest

from connect_hub.clock import FixedClock
from connect_hub.testing.provider import Fault, FaultPoint, SimulatedProvider
from tests.testing.provider_client import (
    CLIENT,
    REDIRECT,
    answer_of,
    authorize_url,
    browser,
    code_form,
    post_token,
    refresh_form,
    request_id,
    sign_in,
)

API = ("/api/v1/me", "/api/v1/employees")


@pytest.fixture
def provider() -> SimulatedProvider:
    return SimulatedProvider(clients=[CLIENT], clock=FixedClock(datetime(2026, 11, 23, tzinfo=UTC)))


@pytest.mark.parametrize(
    ("fault", "status", "content_type", "header"),
    [
        (Fault.UNAVAILABLE, 503, "text/plain; charset=utf-8", None),
        (Fault.RATE_LIMITED, 429, "application/json", ("retry-after", "7")),
        (Fault.HTML, 200, "text/html; charset=utf-8", None),
        (Fault.REDIRECT, 307, None, ("location", "https://elsewhere.example/")),
        (Fault.ERROR_WITH_200, 200, "application/json", None),
        (Fault.FORBIDDEN, 403, "application/json", None),
        (Fault.UNAUTHORIZED, 401, "application/json", None),
    ],
)
@pytest.mark.parametrize("point", [FaultPoint.TOKEN, FaultPoint.REVOKE, FaultPoint.API])
async def test_answers_of_a_broken_provider(
    provider: SimulatedProvider,
    point: FaultPoint,
    fault: Fault,
    status: int,
    content_type: str | None,
    header: tuple[str, str] | None,
) -> None:
    """The answer has the fault's status, type and header, once; the next one is right, and where the fault
    cannot happen it cannot be set."""
    key = provider.add_api_key().reveal()
    async with browser(provider) as client:
        token = await sign_in(provider, client)
        try:
            provider.faults.set(point, fault, times=1)
        except ValueError as error:
            assert str(point) not in str(error).partition(", not at")[0]  # noqa: PT017 - both ways are tested
            return

        async def call() -> tuple[int, str | None, dict[str, str], object]:
            if point is FaultPoint.API:
                response = await client.get(API[0], auth=(key, ""))
            elif point is FaultPoint.TOKEN:
                response = await post_token(client, {"grant_type": "client_credentials"})
            else:
                form = {"token": token["access_token"], "client_id": "acme-hr"}
                secret = CLIENT.client_secret
                assert secret is not None
                response = await client.post("/oauth/revoke", data=form | {"client_secret": secret.reveal()})
            is_json = response.headers.get("content-type") == "application/json"
            content = response.json() if is_json else response.text
            return response.status_code, response.headers.get("content-type"), dict(response.headers), content

        got_status, got_type, headers, content = await call()
        assert (got_status, got_type) == (status, content_type)
        if header is not None:
            assert headers[header[0]] == header[1]
        if fault is Fault.ERROR_WITH_200:
            assert isinstance(content, dict)
            assert content["ok"] is False
            assert content["error"]
        assert (await call())[0] == 200


async def test_faults_of_the_token_answer(provider: SimulatedProvider) -> None:
    """expires_in is missing, or a text; a refresh without a new refresh token leaves the old one good."""
    form = {"grant_type": "client_credentials"}
    async with browser(provider) as client:
        token = await sign_in(provider, client)
        provider.faults.set("token", "missing_expires_in")
        assert "expires_in" not in (await post_token(client, form)).json()
        provider.faults.set("token", "expires_in_as_text")
        assert (await post_token(client, form)).json()["expires_in"] == "3600"
        provider.faults.set("token", "no_new_refresh_token", times=1)
        kept = (await post_token(client, refresh_form(token["refresh_token"]))).json()
        assert "refresh_token" not in kept
        assert (await post_token(client, refresh_form(token["refresh_token"]))).json()["refresh_token"]
        provider.faults.set("token", "invalid_grant", times=1)
        refused = await post_token(client, refresh_form(token["refresh_token"]))
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
        assert provider.families[0].ended is None, "only pretended"


async def test_a_lost_answer(provider: SimulatedProvider) -> None:
    """R10: the provider rotates, the answer is lost; the old token that comes again is reuse to it."""
    async with browser(provider) as client:
        form = refresh_form((await sign_in(provider, client))["refresh_token"])
        provider.faults.set(FaultPoint.TOKEN, Fault.ANSWER_LOST, times=1)
        assert (await post_token(client, form)).status_code == 503
        assert provider.families[0].refreshes == 1
        assert (await post_token(client, form)).json()["error"] == "invalid_grant"
        assert provider.families[0].ended == "reuse"


@pytest.mark.parametrize("played", [True, False], ids=["played", "on the page"])
async def test_faults_of_the_authorization_answer(provider: SimulatedProvider, played: bool) -> None:
    """T17: `iss` is left out or another's, `state` is changed, access is denied; on the pages as in play."""

    async def answer() -> dict[str, str]:
        if played:
            return answer_of(provider.approve(authorize_url(provider)))
        async with browser(provider) as client:
            page = await client.get(authorize_url(provider))
            if page.status_code == 200:
                form = {"request": request_id(page.text), "decision": "allow", "user": "Ada"}
                page = await client.post("/oauth/consent", data=form)
            assert page.headers["location"].startswith(REDIRECT)
            return answer_of(page.headers["location"])

    right = await answer()
    provider.faults.set("authorize", Fault.NO_ISS, times=1)
    assert set(await answer()) == set(right) - {"iss"}
    provider.faults.set("authorize", Fault.WRONG_ISS, times=1)
    assert (await answer())["iss"] not in ("", right["iss"])
    provider.faults.set("authorize", Fault.WRONG_STATE, times=1)
    assert (await answer())["state"] != right["state"]
    provider.faults.set("authorize", Fault.ACCESS_DENIED)
    denied = await answer()
    assert (denied["error"], denied["state"]) == ("access_denied", right["state"])
    provider.faults.clear()
    assert set(await answer()) == set(right)


async def test_the_sign_in_page_is_down(provider: SimulatedProvider) -> None:
    """`unavailable` at authorize is a 503 instead of the page."""
    provider.faults.set("authorize", Fault.UNAVAILABLE)
    async with browser(provider) as client:
        assert (await client.get(authorize_url(provider))).status_code == 503


@pytest.mark.parametrize("point", ["authorize", "token", "revoke", "api"])
async def test_slow_for_as_long_as_the_test_wants(provider: SimulatedProvider, point: str) -> None:
    """A held endpoint answers nobody until it is released, then everybody; others are not held."""
    key = provider.add_api_key()
    async with browser(provider) as client:
        calls = {
            "authorize": lambda: client.get(authorize_url(provider)),
            "token": lambda: post_token(client, {"grant_type": "client_credentials"}),
            "revoke": lambda: client.post("/oauth/revoke", data={"token": "x"}),
            "api": lambda: client.get(API[0], auth=(key.reveal(), "")),
        }
        hold = provider.faults.hold(point)
        slow = [asyncio.create_task(calls[point]()) for _ in range(3)]
        await hold.arrived(3)
        for other in set(calls) - {point}:
            assert (await calls[other]()).status_code in (200, 401)
        assert not any(task.done() for task in slow)
        hold.release()
        assert {(await task).status_code for task in slow} <= {200, 401}
        await calls[point]()
        assert hold.arrivals == 4


async def test_a_test_that_waits_in_vain(provider: SimulatedProvider) -> None:
    """Waiting for a request that never comes is a TimeoutError that counts, not a hang."""
    hold = provider.faults.hold("api")
    with pytest.raises(TimeoutError, match="for 1, got 0"):
        await hold.arrived(timeout=0.01)
    with pytest.raises(TimeoutError, match="for 1, got 0"):
        hold.wait_arrived(timeout=0.01)


def test_faults_that_cannot_be(provider: SimulatedProvider) -> None:
    """A misspelt fault or place, or zero times, is an error at once, so that no test passes for nothing."""
    for point, fault in (("tokens", "html"), ("token", "htlm"), ("api", "missing_expires_in")):
        with pytest.raises(ValueError, match=r"tokens|htlm|not at api"):
            provider.faults.set(point, fault)
    with pytest.raises(ValueError, match="times"):
        provider.faults.set("token", "html", times=0)


async def test_the_api(provider: SimulatedProvider) -> None:
    """A key works as Basic user name and as Bearer; a wrong or removed one is 401, one without the
    permission 403; an access token works as Bearer."""
    key, narrow = provider.add_api_key(user="Grace Hopper"), provider.add_api_key(scopes=["profile"])
    async with browser(provider) as client:
        for auth in (("basic", key), ("bearer", key)):
            kwargs = {"auth": (key.reveal(), "")} if auth[0] == "basic" else {}
            headers = {} if auth[0] == "basic" else {"authorization": f"bEaReR {key.reveal()}"}
            me = await client.get(API[0], headers=headers, **kwargs)  # type: ignore[arg-type]  # auth alone
            assert (me.status_code, me.json()["name"]) == (200, "Grace Hopper")
        employees = await client.get(API[1], auth=(key.reveal(), ""))
        assert [person["id"] for person in employees.json()] == ["emp_1", "emp_2", "emp_3"]
        assert (await client.get(API[0], auth=(narrow.reveal(), ""))).status_code == 200
        assert (await client.get(API[1], auth=(narrow.reveal(), ""))).status_code == 403
        token = await sign_in(provider, client)
        bearer = {"authorization": f"Bearer {token['access_token']}"}
        assert (await client.get(API[1], headers=bearer)).status_code == 200
        provider.remove_api_key(narrow)
        wrong = [
            {},
            {"authorization": "Basic !!"},
            {"authorization": "Basic /w=="},
            {"authorization": "Bearer"},
            {"authorization": f"Token {key.reveal()}"},
            {"authorization": f"Bearer {token['refresh_token']}"},
            {"authorization": f"Bearer {narrow.reveal()}"},
        ]
        for headers in wrong:
            refused = await client.get(API[0], headers=headers)
            assert refused.status_code == 401
            assert refused.headers["www-authenticate"].startswith("Bearer")
        assert (await client.get(API[0], auth=(key.reveal(), "a password"))).status_code == 401


async def test_scopes_of_an_access_token(provider: SimulatedProvider) -> None:
    """An access token opens what was granted and is 403 for the rest."""
    async with browser(provider) as client:
        code = answer_of(provider.approve(authorize_url(provider, scope="employees")))["code"]
        token = (await post_token(client, code_form(code))).json()["access_token"]
        headers = {"authorization": f"Bearer {token}"}
        assert (await client.get(API[0], headers=headers)).status_code == 403
        assert (await client.get(API[1], headers=headers)).status_code == 200


async def test_counters_and_records(provider: SimulatedProvider) -> None:
    """Every request is counted and recorded, malformed and failing ones too, and can be forgotten."""
    provider.faults.set("token", Fault.UNAVAILABLE)
    async with browser(provider) as client:
        await post_token(client, refresh_form("x"))
        await client.post(
            "/oauth/token",
            content=b"\xff\xfe",
            headers={"content-type": "application/x-www-form-urlencoded"},
        )
        await client.get(API[0])
        big = await client.post("/oauth/revoke", data={"token": "x" * 70_000})
        assert big.status_code == 413
    assert (provider.calls["token"], provider.calls["me"], provider.calls["authorize"]) == (2, 1, 0)
    first = provider.requests[0]
    assert (first.method, first.path, first.form["refresh_token"]) == ("POST", "/oauth/token", "x")
    assert first.at == datetime(2026, 11, 23, tzinfo=UTC)
    provider.forget_requests()
    assert provider.requests == ()
