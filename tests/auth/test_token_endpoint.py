"""The token endpoint's answers: transient, final, or not understood, and never mistaken for one another."""

import json
from datetime import timedelta

import pytest
from authlib.oauth2.auth import encode_client_secret_basic
from hypothesis import given
from hypothesis import strategies as st

from connect_hub.auth.calls import Unreached, client_basic
from connect_hub.auth.token_endpoint import (
    NOT_UNDERSTOOD,
    UNAVAILABLE,
    Grant,
    Refusal,
    read_token_answer,
    token_call,
)
from connect_hub.connectors.definition import Failure, Format, TokenAnswer, TokenRequest, TokenVariable
from connect_hub.connectors.templates import AddressRules
from connect_hub.secret import Secret
from tests.auth.provider import NOW, answer

RULES = AddressRules({}, allowed_hosts=(".example-desk.com",))
PLAIN = TokenAnswer()


def grant(body: object, definition: TokenAnswer = PLAIN) -> Grant:
    result = read_token_answer(definition, answer(body), RULES, {})
    assert isinstance(result, Grant)
    return result


def refusal(status: int, body: object, definition: TokenAnswer = PLAIN) -> Refusal:
    result = read_token_answer(definition, answer(body, status), RULES, {})
    assert isinstance(result, Refusal)
    return result


@pytest.mark.parametrize(
    ("status", "body", "code"),
    [
        (400, {"error": "invalid_grant"}, "invalid_grant"),
        (401, {"error": "invalid_client"}, "invalid_client"),
        (400, {"error": "bad_refresh_token"}, "bad_refresh_token"),
        (200, {"error": "invalid_grant"}, "invalid_grant"),
        (500, {"error": "invalid_grant"}, UNAVAILABLE),
        (503, {"error": "invalid_grant"}, UNAVAILABLE),
        (429, {"error": "invalid_grant"}, UNAVAILABLE),
        (502, b"<html>bad gateway</html>", UNAVAILABLE),
        (200, b"<html>sign in</html>", NOT_UNDERSTOOD),
        (400, b"invalid_grant", NOT_UNDERSTOOD),
        (400, b"error=invalid_grant", NOT_UNDERSTOOD),
        (400, {"error": ["invalid_grant"]}, NOT_UNDERSTOOD),
        (400, {"error": {"code": "invalid_grant"}}, NOT_UNDERSTOOD),
        (400, {"error": "invalid_grant\n"}, NOT_UNDERSTOOD),
        (400, {"error": ""}, NOT_UNDERSTOOD),
        (400, {"error": 400}, NOT_UNDERSTOOD),
        (400, [{"error": "invalid_grant"}], NOT_UNDERSTOOD),
        (400, {}, NOT_UNDERSTOOD),
        (403, b"", NOT_UNDERSTOOD),
        (302, {"error": "invalid_grant"}, NOT_UNDERSTOOD),
        (302, {"access_token": "a"}, NOT_UNDERSTOOD),
        (200, {}, NOT_UNDERSTOOD),
        (200, b"", NOT_UNDERSTOOD),
        (200, {"access_token": ""}, NOT_UNDERSTOOD),
        (200, {"access_token": None}, NOT_UNDERSTOOD),
        (200, {"access_token": 7}, NOT_UNDERSTOOD),
        (200, {"access_token": "a\r\nX: y"}, NOT_UNDERSTOOD),
        (200, {"access_token": "é"}, NOT_UNDERSTOOD),
        (400, {"access_token": "a"}, NOT_UNDERSTOOD),
        (200, b'{"access_token": NaN}', NOT_UNDERSTOOD),
    ],
)
def test_only_a_well_formed_refusal_has_a_code(status: int, body: object, code: str) -> None:
    """R11: what is not a JSON object with an error text, under a 4xx or a token-less 2xx, refuses nothing."""
    assert refusal(status, body).code == code


@given(status=st.integers(200, 599), body=st.one_of(st.binary(max_size=60), st.from_type(type(None))))
def test_noise_is_never_a_grant_nor_final(status: int, body: bytes | None) -> None:
    """R11: an arbitrary body is neither a grant nor invalid_grant."""
    assert refusal(status, b"" if body is None else body).code in (NOT_UNDERSTOOD, UNAVAILABLE)


@pytest.mark.parametrize("reason", ["timeout", "connect", "tls", "dns", "protocol", "refused"])
def test_no_answer_is_unavailable(reason: str) -> None:
    """R11: a call that was not answered says nothing about the grant."""
    result = read_token_answer(PLAIN, Unreached(reason), RULES, {})
    assert result == Refusal(UNAVAILABLE, unreached=reason)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (3600, 3600),
        ("3600", 3600),
        (" 3600 ", 3600),
        (3599.5, 3599.5),
        ("3599.5", 3599.5),
        (None, 60),
        ("", 60),
        ("soon", 60),
        (0, 60),
        (-1, 60),
        ("-1", 60),
        (True, 60),
        ([], 60),
        ({"s": 1}, 60),
        ("1e9", 60),
        (10**15, None),
        (1e300, None),
        ("9" * 400, 60),
        (10**400, None),
        (-(10**400), 60),
        (10 * 365 * 86400, 10 * 365 * 86400),
    ],
)
def test_every_spelling_of_a_lifetime_is_read(value: object, seconds: float | None) -> None:
    """R11: expires_in as number or text; absent or senseless is the default; more than ten years is never."""
    definition = TokenAnswer(default_lifetime=60)
    expected = None if seconds is None else timedelta(seconds=seconds)
    assert grant({"access_token": "a", "expires_in": value}, definition).lifetime == expected


def test_without_a_default_an_absent_lifetime_is_unknown() -> None:
    """No expires_in and no default: nobody knows when the token runs out."""
    assert grant({"access_token": "a"}).lifetime is None


@pytest.mark.parametrize(
    ("value", "scopes"),
    [
        ("a b", ("a", "b")),
        ("a,b", ("a", "b")),
        ("a, b", ("a", "b")),
        ("", ()),
        (["a", "b", 3], ("a", "b")),
        (None, None),
        (7, None),
    ],
)
def test_scopes_are_read_as_text_or_list(value: object, scopes: tuple[str, ...] | None) -> None:
    """Granted scopes come with spaces, with commas, or as a list; absent ones are unknown."""
    assert grant({"access_token": "a", "scope": value}).scopes == scopes


@pytest.mark.parametrize("listed", [False, True])
def test_only_scopes_that_can_be_stored_are_kept(listed: bool) -> None:
    """R10, R11: a scope is what RFC 6749, 3.3, calls one, of up to 256 characters, and there are 200 at most;
    anything else in that place is left out and costs no token."""
    odd = ["a\x00b", "a\ud800b", "a\nb", 'a"b', "a\\b", "\u00e9", "\x7f", "x" * 257, "\u202e"]
    good = ["read", "x" * 256, "https://a.example/b?c=%20", "!#[]~"]
    value: object = [*odd, *good] if listed else " ".join([*odd, *good])
    assert grant({"access_token": "a", "scope": value}).scopes == tuple(good)
    many = [f"s{number}" for number in range(50_000)]
    value = many if listed else " ".join(many)
    assert grant({"access_token": "a", "scope": value}).scopes == tuple(many[:200])


ODD = st.sampled_from(["\ud800", "\x00", "\u202e", "1e999", "9" * 400])
NUMBER = st.integers(-(10**400), 10**400) | st.floats(allow_nan=False, allow_infinity=False)
LEAF = st.none() | st.booleans() | NUMBER | st.text() | ODD
JSON = LEAF | st.lists(LEAF, max_size=3) | st.dictionaries(st.text(max_size=3), LEAF, max_size=3)
BESIDE = ("expires_in", "scope", "refresh_token", "id_token", "team", "error")


@given(
    answered=st.fixed_dictionaries({"access_token": st.just("a")}, optional=dict.fromkeys(BESIDE, JSON)),
)
def test_whatever_comes_with_a_token_can_be_stored(answered: dict[str, object]) -> None:
    """R10, R11: no value beside an access token raises, or is kept unless it is short, printable text, which
    goes into every database; and the time of expiry can be told."""
    definition = TokenAnswer(variables={"team": TokenVariable(path="team", required=False)})
    result = read_token_answer(definition, answer(answered), RULES, {})
    if isinstance(result, Refusal):
        assert result.code == NOT_UNDERSTOOD
        assert "access_token" in result.unwanted
        return
    result.expires_at(NOW)
    kept = [*(result.scopes or ()), *result.variables.values()]
    kept += [token.reveal() for token in (result.refresh_token, result.id_token) if token is not None]
    for text in kept:
        assert text.isprintable()
        assert len(text.encode()) <= 16384


def test_values_are_found_where_the_definition_says() -> None:
    """Dotted paths lead into nested answers; a failure marker under 200 is a refusal with its own code."""
    definition = TokenAnswer(
        access_token="authed_user.access_token",
        refresh_token="tokens.0",
        variables={"team": TokenVariable(path="team.id")},
        failure=Failure(path="ok", equals=False),
        error_codes={"token_revoked": "invalid_grant"},
    )
    body = {"ok": True, "authed_user": {"access_token": "a"}, "tokens": ["r"], "team": {"id": 7}}
    found = grant(body, definition)
    assert found.access_token.matches("a")
    assert found.refresh_token is not None
    assert found.refresh_token.matches("r")
    assert found.variables == {"team": "7"}
    refused = {**body, "ok": False, "error": "token_revoked"}
    assert refusal(200, refused, definition).code == "invalid_grant"
    assert refusal(200, {**body, "team": {}}, definition).code == NOT_UNDERSTOOD


@pytest.mark.parametrize(
    "url",
    ["https://evil.com", "https://example-desk.com.evil.com", "http://a.example-desk.com", "https://a.example-desk.com:1",
     "https://u:p@a.example-desk.com", "https://a.example-desk.com/x", "javascript:x", 7, None, ""],
)  # fmt: skip  # a corpus reads best as a block
def test_an_api_address_outside_the_declared_hosts_is_refused(url: object) -> None:
    """T25: an instance_url that leads elsewhere is no grant, and its token is not kept."""
    definition = TokenAnswer(
        variables={"instance_url": TokenVariable(path="instance_url", format=Format.ORIGIN)}
    )
    body = {"access_token": "a", "instance_url": "https://a.example-desk.com/"}
    assert grant(body, definition).variables == {"instance_url": "https://a.example-desk.com"}
    assert refusal(200, {**body, "instance_url": url}, definition).code == NOT_UNDERSTOOD


def test_what_the_provider_says_is_short_clean_and_without_our_secrets() -> None:
    """T20, T21: the quoted sentence is cut at 200 characters, has no control characters and no secret."""
    text = "key CANARY-secret \x1b[2J\u202e\r\nrefused " + "x" * 10_000
    result = read_token_answer(
        PLAIN,
        answer({"error": "invalid_grant", "error_description": text}, 400),
        RULES,
        {"api_key": Secret("CANARY-secret")},
    )
    assert isinstance(result, Refusal)
    assert result.said is not None
    assert len(result.said) == 200
    assert result.said.startswith("key ••• [2J refused xxx")
    assert result.said.isprintable()


def test_a_client_authenticates_as_the_definition_says() -> None:
    """T21: the client's secret is in a Basic header or in the body; a public client sends its id alone."""
    common = {"client_id": "id 1", "headers": {}}

    def call(auth: str, form: str, secret: str | None) -> tuple[str | None, str]:
        made = token_call(
            "https://a.example/token",
            TokenRequest.model_validate({"client_auth": auth, "format": form}),
            {"grant_type": "x"},
            client_secret=None if secret is None else Secret(secret),
            **common,  # type: ignore[arg-type]  # a test's shorthand
        )
        return made.headers.get("Authorization"), made.content

    assert call("basic", "form", "s") == (client_basic("id 1", "s"), "grant_type=x")
    assert call("basic", "form", None) == (None, "grant_type=x&client_id=id+1")
    assert call("none", "form", "s") == (None, "grant_type=x&client_id=id+1")
    header, body = call("post", "json", "s")
    assert header is None
    assert json.loads(body) == {"grant_type": "x", "client_id": "id 1", "client_secret": "s"}


def test_the_basic_header_is_what_authlib_writes_and_encodes_what_authlib_does_not() -> None:
    """RFC 6749, 2.3.1: authlib's header for plain characters; others are form-encoded first."""

    class Client:
        client_id, client_secret = "client-1", "s3cr3t"

    _, headers, _ = encode_client_secret_basic(Client, "POST", "https://a.example/token", {}, "")
    assert client_basic("client-1", "s3cr3t") == headers["Authorization"]
    assert client_basic("a:b c", "ü/+") == "Basic YSUzQWIrYzolQzMlQkMlMkYlMkI="  # a%3Ab+c:%C3%BC%2F%2B
