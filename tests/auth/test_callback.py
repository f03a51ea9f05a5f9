"""The authorization response: one state, one code or error, from the provider that was asked."""

from dataclasses import dataclass

import pytest

from connect_hub.auth.callback import callback_error, check_issuer, parse_callback
from connect_hub.connectors.definition import OAuth2Method
from connect_hub.errors import (
    ClientRejected,
    ProviderError,
    ProviderRefused,
    ProviderUnavailable,
    StateInvalid,
)

GOOD = [("state", "s"), ("code", "c")]


def method(issuer: str | None, *, promised: bool) -> OAuth2Method:
    return OAuth2Method(
        type="oauth2",
        authorize_url="https://a.example/a",
        token_url="https://a.example/t",
        issuer=issuer,
        authorization_response_iss_parameter_supported=promised,
    )


def test_a_good_response_is_read_and_shows_no_code() -> None:
    """State and code come out as sent; parameters of nobody's are ignored; the repr shows neither."""
    callback = parse_callback(
        [("scope", "a"), ("scope", "b"), ("iss", "https://a"), *GOOD, ("x", "y" * 9999)]
    )
    assert callback.state == "s"
    assert callback.code is not None
    assert callback.code.matches("c")
    assert callback.iss == "https://a"
    hidden = repr(parse_callback([("state", "CANARY-s"), ("code", "CANARY-c")]))
    assert "CANARY" not in hidden


@pytest.mark.parametrize(
    "pairs",
    [
        [],
        [("code", "c")],
        [("state", "s")],
        [("state", ""), ("code", "c")],
        [("state", "s"), ("code", "")],
        [*GOOD, ("state", "s")],
        [*GOOD, ("code", "c")],
        [*GOOD, ("error", "access_denied")],
        [*GOOD, ("iss", "https://a"), ("iss", "https://a")],
        [("state", "s" * 513), ("code", "c")],
        [("state", "s"), ("code", "c" * 4097)],
        [("state", "s"), ("code", "c\r\nx")],
        [("state", "s\x00"), ("code", "c")],
        [("state", "é"), ("code", "c")],
        [("state", "s"), ("error", "x" * 201)],
    ],
)
def test_a_malformed_response_is_refused(pairs: list[tuple[str, str]]) -> None:
    """T16, T17: a parameter twice, missing, too long or with control characters ends the sign-in."""
    with pytest.raises(StateInvalid):
        parse_callback(pairs)


@dataclass(frozen=True)
class Case:
    issuer: str | None
    promised: bool
    sent: str | None
    good: bool


@pytest.mark.parametrize(
    "case",
    [
        Case("https://a", True, "https://a", True),
        Case("https://a", True, None, False),
        Case("https://a", True, "https://b", False),
        Case("https://a", True, "https://a/", False),
        Case("https://a", False, None, True),
        Case("https://a", False, "https://a", True),
        Case("https://a", False, "https://b", False),
        Case(None, False, "https://b", True),
        Case(None, False, None, True),
    ],
)
def test_the_issuer_must_be_the_one_that_was_asked(case: Case) -> None:
    """T17: where the provider promises `iss` it must be there, and where it is there it must be equal."""
    definition = method(case.issuer, promised=case.promised)
    if case.good:
        check_issuer(definition, case.sent)
    else:
        with pytest.raises(StateInvalid):
            check_issuer(definition, case.sent)


@pytest.mark.parametrize(
    ("error", "leaf"),
    [
        ("access_denied", ProviderRefused),
        ("<script>alert(1)</script>", ProviderRefused),
        ("temporarily_unavailable", ProviderUnavailable),
        ("server_error", ProviderUnavailable),
        ("invalid_scope", ClientRejected),
        ("unauthorized_client", ClientRejected),
    ],
)
def test_a_providers_error_becomes_one_of_ours(error: str, leaf: type[ProviderError]) -> None:
    """T20: the code is mapped, the provider's words are kept apart, short, and its error_uri is dropped."""
    words = "<img src=x onerror=alert(1)>\r\n" + "y" * 1000
    pairs = [
        ("state", "s"),
        ("error", error),
        ("error_description", words),
        ("error_uri", "https://evil.com"),
    ]
    found = callback_error(parse_callback(pairs))
    assert type(found) is leaf
    assert error not in found.message
    assert "<img" not in found.message
    assert found.provider_message is not None
    assert len(found.provider_message) == 200
    assert "evil.com" not in repr(vars(found))
