"""The probe: tells wrong key, missing permission, wrong address, provider down and cannot tell apart."""

import pytest

from connect_hub.auth.probing import Blame, read_identity, read_probe
from connect_hub.connectors.definition import Identity, Probe
from connect_hub.errors import (
    CouldNotCheck,
    MissingPermission,
    OutboundFailed,
    OutboundRefused,
    ProviderError,
    ProviderUnavailable,
    RejectedCredentials,
    WrongAddress,
)
from connect_hub.models import ProviderIdentity
from connect_hub.net import Answer
from connect_hub.secret import Secret
from tests.auth.provider import Provider, answer, held, oauth2
from tests.leaks import reported

ME = {"user": {"id": 7, "name": "Ada", "email": "ada@example.com"}}


@pytest.mark.parametrize(
    ("given_answer", "leaf", "field"),
    [
        (answer({}, 401), RejectedCredentials, None),
        (answer(b"no", 401), RejectedCredentials, None),
        (answer({}, 403), MissingPermission, None),
        (answer({"error": {"code": "no_scope"}}, 403), MissingPermission, None),
        (answer({}, 404), WrongAddress, "subdomain"),
        (answer({"ok": False}), RejectedCredentials, None),
        (answer(b"<html></html>"), CouldNotCheck, None),
        (answer(b"", 302), CouldNotCheck, None),
        (answer({}, 400), CouldNotCheck, None),
        (answer({}, 429), ProviderUnavailable, None),
        (answer(b"", 500), ProviderUnavailable, None),
        (answer({}, 503), ProviderUnavailable, None),
        (OutboundFailed("timeout"), ProviderUnavailable, None),
        (OutboundFailed("dns"), WrongAddress, "subdomain"),
        (OutboundFailed("tls"), WrongAddress, "subdomain"),
        (OutboundRefused(), WrongAddress, "subdomain"),
    ],
)
async def test_each_answer_has_its_meaning_and_its_field(
    given_answer: Answer | Exception, leaf: type[ProviderError], field: str | None
) -> None:
    """T21: every class of answer is an error of its own, points at its field, and shows no secret."""
    provider = Provider(given_answer)
    with pytest.raises(ProviderError) as caught:
        await oauth2(provider).probe(held())
    assert type(caught.value) is leaf
    assert caught.value.field == field
    assert "CANARY" not in reported(caught.value)
    (asked,) = provider.asked
    assert asked.url == "https://acme.example-desk.com/api/v2/users/me?include=roles"
    assert asked.headers["Authorization"] == "Bearer CANARY-access-1"
    assert asked.headers["Api-Version"] == "2026-01-01"


def test_a_host_of_the_definitions_own_is_never_the_customers_mistake() -> None:
    """Where no field decides the host, a failing look-up or a 404 is not a wrong address."""
    blame = Blame(secret="key")
    probe = Probe(url="/x")
    assert isinstance(read_probe(probe, answer({}, 404), blame), CouldNotCheck)
    refused = read_probe(probe, answer({}, 401), blame)
    assert isinstance(refused, RejectedCredentials)
    assert refused.field == "key"


async def test_a_good_answer_names_who_the_account_is() -> None:
    """The identity is from the probe's answer, from a call of its own, or from the account's variables."""
    assert await oauth2(Provider(answer(ME))).probe(held()) == ProviderIdentity("7", "Ada", "ada@example.com")
    own = Provider(answer({}), answer(ME))
    assert await oauth2(own, {"methods.0.identity.url": "/whoami"}).probe(held()) is not None
    assert own.asked[1].url.endswith("/api/v2/whoami")
    named = {"methods.0.identity": {"id": "{subdomain}/{team_id}"}}
    assert await oauth2(Provider(answer({})), named).probe(held()) == ProviderIdentity("acme/T1")


@pytest.mark.parametrize(
    "second", [answer({}, 403), answer(b"<html>"), answer([]), answer({"user": {"id": True}})]
)
async def test_an_identity_that_cannot_be_had_is_no_error(second: Answer) -> None:
    """Credentials that passed the probe are good, even when the provider does not tell whose they are."""
    engine = oauth2(Provider(answer({}), second), {"methods.0.identity.url": "/whoami"})
    assert await engine.probe(held()) is None


def test_an_identity_is_cut_short_and_cleaned() -> None:
    """T20: an identity has no control characters and at most 255 characters; an empty one is none."""
    definition = Identity(id="id", name="name", email="email")
    found = read_identity(definition, {"id": "a\u202e\x00b", "name": "n" * 999}, {})
    assert found is not None
    assert (found.id, len(found.name or "")) == ("ab", 255)
    assert read_identity(definition, {"id": "\x00"}, {}) is None
    assert read_identity(definition, {"id": "\ud800"}, {}) is None
    odd = read_identity(definition, {"id": 10**4000, "name": "A\ud800\x00da", "email": "a\x00@b\udfff"}, {})
    assert odd is not None
    assert (len(odd.id), odd.name, odd.email) == (255, "Ada", "a@b")
    assert read_identity(Identity(id="{absent}"), {}, {}) is None


def test_the_providers_words_are_quoted_without_the_key() -> None:
    """T21: a provider that repeats the key in its refusal does not make the hub repeat it."""
    blame = Blame(secret="key", secrets={"key": Secret("CANARY-key-1")})
    found = read_probe(Probe(url="/x"), answer({"message": "Invalid API key: CANARY-key-1"}, 401), blame)
    assert isinstance(found, ProviderError)
    assert found.provider_message == "Invalid API key: •••"


def test_errors_in_a_list_are_read_too() -> None:
    """Some providers answer a list of errors; conditions and messages reach into it by position."""
    probe = Probe.model_validate(
        {
            "url": "/x",
            "message": ["0.message"],
            "answers": [
                {"means": "unavailable", "status": [403], "when": {"path": "0.errorCode", "equals": "LIMIT"}}
            ],
        }
    )
    found = read_probe(probe, answer([{"errorCode": "LIMIT", "message": "slow down"}], 403), Blame())
    assert isinstance(found, ProviderUnavailable)
    assert found.provider_message == "slow down"
    assert isinstance(read_probe(probe, answer([{"errorCode": "NO"}], 403), Blame()), MissingPermission)


def test_conditions_compare_types_as_well() -> None:
    """`equals = true` is not met by 1, nor `equals = 1` by true."""
    rule = {"means": "ok", "when": {"path": "ok", "equals": True}}
    probe = Probe.model_validate({"url": "/x", "answers": [rule]})
    assert read_probe(probe, answer({"ok": True}, 400), Blame()) == {"ok": True}
    assert isinstance(read_probe(probe, answer({"ok": 1}, 400), Blame()), CouldNotCheck)
