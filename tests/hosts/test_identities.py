"""Who is signed in, by each way that hosts know it: the right one, and nobody else."""

import inspect
import io
import urllib.error
import urllib.request
from collections.abc import Awaitable
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask
from flask_login import LoginManager, UserMixin, login_user
from starlette.authentication import SimpleUser, UnauthenticatedUser

from connect_hub import PageConfig, header_names
from connect_hub.errors import ConfigurationError
from connect_hub.hosts.identities.flask_login import flask_login_identity
from connect_hub.hosts.identities.gateway import header_identity, jwt_identity
from connect_hub.hosts.identities.starlette import starlette_identity
from connect_hub.identity import SignIn, Subject, Visitor

LOGIN = "https://app.example.com/login"
SECRET = "a shared secret of the gateway, 32 bytes or more"
ISSUER, AUDIENCE = "https://gateway.example.com", "connect"


def visitor(*headers: tuple[str, str], client: object = ("10.1.2.3", 5000), **scope: object) -> Visitor:
    raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]
    named = {name.lower(): value for name, value in headers}
    return Visitor(named, {}, {"type": "http", "headers": raw, "client": client, **scope})


async def asked(answer: Subject | SignIn | Awaitable[Subject | SignIn]) -> Subject | SignIn:
    return await answer if inspect.isawaitable(answer) else answer


async def test_starlettes_user() -> None:
    """Whoever `request.user` is, if they are authenticated and somebody."""
    identity = starlette_identity(
        lambda user: Subject(getattr(user, "display_name", "")) if user.display_name != "eve" else None,  # type: ignore[attr-defined]
        sign_in=LOGIN,
    )
    assert identity(visitor(user=SimpleUser("ada"))) == Subject("ada")
    for other in (SimpleUser("eve"), UnauthenticatedUser(), None):
        assert identity(visitor(user=other)) == SignIn(LOGIN)
    assert identity(visitor()) == SignIn(LOGIN)


class Login(UserMixin):  # type: ignore[misc]  # it has no types
    def __init__(self, name: str) -> None:
        self.id: str = name


async def test_flask_logins_current_user() -> None:
    """Whoever flask-login knows by the browser's cookie."""
    app = Flask(__name__)
    app.secret_key = "made up"
    LoginManager(app).user_loader(Login)

    @app.get("/as/<name>")
    def sign_in(name: str) -> str:
        login_user(Login(name))
        return name

    identity = flask_login_identity(
        app, lambda user: Subject(user.id) if user.id != "eve" else None, sign_in=LOGIN
    )
    for name, expected in (("ada", Subject("ada")), ("eve", SignIn(LOGIN))):
        client = app.test_client()
        client.get(f"/as/{name}")
        cookie = client.get_cookie("session")
        assert cookie is not None
        assert await identity(visitor(("cookie", f"session={cookie.value}"))) == expected
    assert await identity(visitor()) == SignIn(LOGIN)


@pytest.mark.parametrize(
    ("headers", "client", "known"),
    [
        ([("x-user", "42")], ("10.1.2.3", 1), True),
        ([("x-user", "42")], ("::ffff:10.1.2.3", 1), True),
        ([("X-User", "42")], ("10.1.2.3", 1), True),
        ([("x-user", "42")], ("192.0.2.1", 1), False),
        ([("x-user", "42")], None, False),
        ([("x-user", "42")], ("unix:", 0), False),
        ([("x-user", "42"), ("x-user", "43")], ("10.1.2.3", 1), False),
        ([("x-user", "42,43")], ("10.1.2.3", 1), False),
        ([("x-user", "")], ("10.1.2.3", 1), False),
        ([], ("10.1.2.3", 1), False),
        ([("x-user", "42"), ("x-forwarded-for", "10.1.2.3")], ("192.0.2.1", 1), False),
    ],
)
async def test_a_header_counts_from_the_gateway_alone(
    headers: list[tuple[str, str]], client: object, known: bool
) -> None:
    """T1: from elsewhere, twice, or empty, it says nothing; X-Forwarded-For moves nothing."""
    identity = header_identity("X-User", gateways=["10.0.0.0/8"], sign_in=LOGIN)
    assert identity(visitor(*headers, client=client)) == (Subject("42") if known else SignIn(LOGIN))


async def test_a_server_that_folds_names_is_not_believed(caplog: pytest.LogCaptureFixture) -> None:
    """T1: under granian's WSGI interface a visitor's `X_User` comes as `X-User`, so nobody is known by one;
    the log says once what to use."""
    header_names._warn.cache_clear()
    identity = header_identity("X-User", gateways=["10.0.0.0/8"], sign_in=LOGIN)
    for software, known in (("gunicorn/25.0", True), ("Granian", False), ("Granian", False)):
        asking = visitor(("x-user", "42"), wsgi_environ={"SERVER_SOFTWARE": software})
        assert identity(asking) == (Subject("42") if known else SignIn(LOGIN))
    assert len([r for r in caplog.records if "--interface asgi" in r.getMessage()]) == 1


def claims(**changes: object) -> dict[str, Any]:
    now = datetime.now(UTC)
    made = {"iss": ISSUER, "aud": AUDIENCE, "sub": "42", "exp": now + timedelta(minutes=5)}
    return {name: value for name, value in {**made, **changes}.items() if value is not None}


async def test_a_signed_token_of_the_gateway() -> None:
    """With the one algorithm and key, from the one issuer, for this audience, in its time, for somebody."""
    identity = jwt_identity(key=SECRET, algorithm="HS256", issuer=ISSUER, audience=AUDIENCE, sign_in=LOGIN)

    async def who(token: str, scheme: str = "Bearer ") -> Subject | SignIn:
        return await identity(visitor(("authorization", f"{scheme}{token}")))

    good = jwt.encode(claims(), SECRET, "HS256")
    assert await who(good) == await who(good, "") == await who(good, "bearer ") == Subject("42")
    past = datetime.now(UTC) - timedelta(minutes=2)
    wrong = [
        jwt.encode(claims(), SECRET + "!", "HS256"),
        jwt.encode(claims(), SECRET, "HS384"),
        jwt.encode(claims(), "", "none"),
        jwt.encode(claims(iss="https://evil.example"), SECRET, "HS256"),
        jwt.encode(claims(aud="other"), SECRET, "HS256"),
        jwt.encode(claims(aud=[AUDIENCE, "other"]), SECRET, "HS256"),
        jwt.encode(claims(exp=past), SECRET, "HS256"),
        *(jwt.encode(claims(**{name: None}), SECRET, "HS256") for name in ("iss", "aud", "exp", "sub")),
        good[:-4],
        "",
        "a.b.c",
        "é" * 20,
    ]
    for token in wrong:
        assert await who(token) == SignIn(LOGIN), token[:20]
    twice = visitor(("authorization", f"Bearer {good}"), ("authorization", f"Bearer {good}"))
    assert await identity(twice) == SignIn(LOGIN)
    assert await identity(visitor()) == SignIn(LOGIN)


async def test_a_key_pair_and_a_function_that_finds_the_key() -> None:
    """A public key is no shared secret; and what finds the key is asked for each token."""
    private, other = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    found = {"one": private.public_key()}

    def key_of(token: str) -> object:
        kid = jwt.get_unverified_header(token).get("kid")
        if kid not in found:
            raise jwt.PyJWKClientError("no such key")
        return found[kid]

    identity = jwt_identity(
        key=key_of,
        algorithm="ES256",
        issuer=ISSUER,
        audience=AUDIENCE,
        sign_in=LOGIN,
        header="X-Jwt-Assertion",
        owner=lambda of: Subject(of["tenant"], project="eu") if "tenant" in of else None,
    )

    async def who(**options: Any) -> Subject | SignIn:
        key = options.pop("key", private)
        token = jwt.encode(claims(**options), key, "ES256", headers={"kid": options.pop("kid", "one")})
        return await identity(visitor(("x-jwt-assertion", token)))

    assert await who(tenant="t1") == Subject("t1", project="eu")
    assert await who() == SignIn(LOGIN)
    assert await who(tenant="t1", key=other) == SignIn(LOGIN)
    token = jwt.encode(claims(tenant="t1"), private, "ES256", headers={"kid": "two"})
    assert await identity(visitor(("x-jwt-assertion", token))) == SignIn(LOGIN)


@pytest.mark.parametrize(
    "answer",
    [
        b"<html>moved</html>",
        b"[]",
        b"{}",
        b'{"keys": []}',
        b'{"keys": [{"kty": "RSA", "kid": "one", "use": "sig", "n": "!", "e": "AQAB"}]}',
        b"\xff\xfe",
        None,
    ],
)
async def test_keys_that_cannot_be_had(
    answer: bytes | None, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the gateway's keys are no JSON, no keys, none of this token, or away, nobody is signed in; the
    log says it once, without the token."""

    class Away(urllib.request.OpenerDirector):
        def open(self, *_: object, **__: object) -> Any:
            if answer is None:
                raise urllib.error.URLError("refused")
            return io.BytesIO(answer)

    monkeypatch.setattr("urllib.request.build_opener", lambda *_: Away())
    identity = jwt_identity(
        key=jwt.PyJWKClient("https://gateway.example.com/keys").get_signing_key_from_jwt,
        algorithm="RS256",
        issuer=ISSUER,
        audience=AUDIENCE,
        sign_in=LOGIN,
    )
    private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    token = jwt.encode(claims(), private, "RS256", headers={"kid": "one"})
    for _ in range(2):
        assert await identity(visitor(("authorization", f"Bearer {token}"))) == SignIn(LOGIN)
    said = [record.getMessage() for record in caplog.records if "jwt_identity" in record.getMessage()]
    assert len(said) == 1
    assert token[:20] not in caplog.text


async def test_a_key_of_another_kind_is_nobody(caplog: pytest.LogCaptureFixture) -> None:
    """A function that finds a key which does not verify the algorithm: nobody is signed in."""
    public = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    identity = jwt_identity(
        key=lambda _: pem, algorithm="HS256", issuer=ISSUER, audience=AUDIENCE, sign_in=LOGIN
    )
    token = jwt.encode(claims(), SECRET, "HS256")
    assert await identity(visitor(("authorization", f"Bearer {token}"))) == SignIn(LOGIN)


@pytest.mark.parametrize("key", ["no PEM", "", None, SECRET])
def test_a_key_that_is_none_of_the_algorithm_is_refused(key: object) -> None:
    """When the hub is built, and not at a customer's visit."""
    with pytest.raises(ConfigurationError, match="key"):
        jwt_identity(key=key, algorithm="RS256", issuer=ISSUER, audience=AUDIENCE, sign_in=LOGIN)


@pytest.mark.parametrize("algorithm", ["none", "", "hs256", "RS1"])
def test_an_algorithm_that_is_none_is_refused(algorithm: str) -> None:
    """T9: fail closed when the hub is built, with what to write instead."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    with pytest.raises(ConfigurationError, match="algorithm"):
        jwt_identity(key=key, algorithm=algorithm, issuer=ISSUER, audience=AUDIENCE, sign_in=LOGIN)


def test_a_gateway_that_is_none_is_refused() -> None:
    """No address, what is no address, and a short secret: each refusal names what is wrong."""
    for gateways in ([], ["gateway.internal"], ["10.0.0.1/8"], ["10.0.0.0/8", "0.0.0.0/0"], ["::/0"]):
        with pytest.raises(ConfigurationError, match="gateways"):
            header_identity("X-User", gateways=gateways, sign_in=LOGIN)
    with pytest.raises(ConfigurationError, match="shared secret"):
        jwt_identity(key="short", algorithm="HS256", issuer=ISSUER, audience=AUDIENCE, sign_in=LOGIN)


def test_an_adapter_is_what_the_configuration_takes() -> None:
    """Typed too, as mypy sees here: a plain function and one that is awaited are both an Identity."""
    by_header = header_identity("x-user", gateways=["10.0.0.1"], sign_in="/login")
    by_user = starlette_identity(lambda user: None, sign_in="/login")
    for pages in (PageConfig(identity=by_header), PageConfig(identity=by_user)):
        assert pages.identity in (by_header, by_user)
