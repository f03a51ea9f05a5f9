"""Link tokens against an attacker who changes them, and against one who holds the key."""

import base64
import hmac
import json
import string
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connect_hub.clock import FixedClock
from connect_hub.errors import ConfigurationError, InvalidToken, LinkExpired
from connect_hub.keys import KeyRing, Purpose, new_key_text
from connect_hub.secret import Secret
from connect_hub.tokens import LinkClaims, LinkTokens
from tests.leaks import reported

ISSUER = "https://app.example.com/connect"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
IAT = int(NOW.timestamp())
CAP = timedelta(days=7)
JTI = "3q2-7wAAAAAAAAAAAAAAAA"
SECOND = timedelta(seconds=1)
RING = KeyRing.from_text("k1:Rf0nK2p9dGx3cWvYb1hTz5sQe8uJm4aXo7LiE6VyDCM")
GOOD_HEADER = '{"alg":"HS256","typ":"chub-link+jwt","kid":"k1"}'


class WatchedRing:
    """A KeyProvider that counts the questions it is asked on verifying."""

    def __init__(self, ring: KeyRing) -> None:
        self.ring = ring
        self.asked: list[str] = []

    def signing_key(self, purpose: Purpose) -> tuple[str, bytes]:
        return self.ring.signing_key(purpose)

    def verifying_key(self, purpose: Purpose, kid: str) -> bytes | None:
        self.asked.append(kid)
        return self.ring.verifying_key(purpose, kid)

    def retired_at(self, kid: str) -> datetime | None:
        self.asked.append(kid)
        return self.ring.retired_at(kid)

    @property
    def kids(self) -> tuple[str, ...]:
        self.asked.append("*")
        return self.ring.kids


def tokens(
    keys: KeyRing | WatchedRing = RING, *, issuer: str = ISSUER, cap: timedelta = CAP, at: datetime = NOW
) -> LinkTokens:
    return LinkTokens(keys=keys, issuer=issuer, max_lifetime=cap, clock=FixedClock(at))


def part(data: str | bytes) -> str:
    return base64.urlsafe_b64encode(data.encode() if isinstance(data, str) else data).decode().rstrip("=")


def forge(
    payload: str | bytes,
    *,
    header: str | bytes = GOOD_HEADER,
    key: bytes | None = None,
    digest: str = "sha256",
) -> str:
    """Any header and payload, rightly signed: what somebody who holds the key can make."""
    key = RING.signing_key(Purpose.LINK_SIGN)[1] if key is None else key
    text = f"{part(header)}.{part(payload)}"
    return f"{text}.{part(hmac.digest(key, text.encode(), digest))}"


def claims(**changed: object) -> dict[str, object]:
    return {"iss": ISSUER, "aud": ISSUER, "sub": "42", "jti": JTI, "iat": IAT, "exp": IAT + 3600} | changed


def payload(**changed: object) -> str:
    return json.dumps(claims(**changed))


TOKEN = tokens().issue(42, JTI, NOW, NOW + timedelta(hours=1))
EXPECTED = LinkClaims(42, JTI, NOW, NOW + timedelta(hours=1))


def test_a_token_says_what_was_issued() -> None:
    """T7: a token verifies to what it was issued for, carries exactly the six claims, and PyJWT agrees."""
    assert tokens().verify(TOKEN) == EXPECTED
    header, body = (json.loads(base64.urlsafe_b64decode(p + "==")) for p in TOKEN.split(".")[:2])
    assert header == {"alg": "HS256", "typ": "chub-link+jwt", "kid": "k1"}
    assert body == claims()
    assert (
        jwt.decode(
            TOKEN,
            RING.signing_key(Purpose.LINK_SIGN)[1],
            algorithms=["HS256"],
            audience=ISSUER,
            issuer=ISSUER,
            options={"verify_exp": False, "verify_iat": False, "strict_aud": True},
        )
        == claims()
    )
    assert tokens().verify(forge(payload())) == EXPECTED  # the forgeries below differ in one thing from this


def test_the_same_row_gives_the_same_token() -> None:
    """Issuing is a function of the row and the signing key, so that no token has to be stored."""
    assert tokens(at=NOW + CAP).issue(42, JTI, NOW, NOW + timedelta(hours=1, milliseconds=999)) == TOKEN
    assert tokens().issue(43, JTI, NOW, NOW + timedelta(hours=1)) != TOKEN


def test_tokens_of_the_first_release_still_verify() -> None:
    """R21: a token that an earlier release issued verifies, byte for byte."""
    ring = KeyRing.from_text("golden:Rf0nK2p9dGx3cWvYb1hTz5sQe8uJm4aXo7LiE6VyDCM")
    start = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    pinned = (
        "eyJhbGciOiJIUzI1NiIsImtpZCI6ImdvbGRlbiIsInR5cCI6ImNodWItbGluaytqd3QifQ.eyJpc3MiOiJodHRwczovL2Fwc"
        "C5leGFtcGxlLmNvbS9jb25uZWN0IiwiYXVkIjoiaHR0cHM6Ly9hcHAuZXhhbXBsZS5jb20vY29ubmVjdCIsInN1YiI6IjQyI"
        "iwianRpIjoiQUFBQUFBQUFBQUFBQUFBQUFBQUFBQSIsImlhdCI6MTc2NzMyMzA0NSwiZXhwIjoxNzY3NzU1MDQ1fQ.i2giEF"
        "RT_dG1SjL9YDJnekCV20oTa4invdyAX8_n7Lo"
    )
    expected = LinkClaims(42, "A" * 22, start, start + timedelta(days=5))
    assert tokens(ring, at=start).verify(pinned) == expected


# --- T13: whoever changes a token ---


def test_any_changed_character_is_refused() -> None:
    """T6, T13: of all tokens that differ from a good one in one character, none is accepted."""
    verifier = tokens()
    for position, old in enumerate(TOKEN):
        for new in string.ascii_letters + string.digits + "-_.=+/ \n%":
            if new != old:
                with pytest.raises(InvalidToken):
                    verifier.verify(TOKEN[:position] + new + TOKEN[position + 1 :])


@settings(max_examples=200)
@given(st.integers(0, len(TOKEN)), st.integers(0, len(TOKEN)), st.text(max_size=5))
def test_any_other_edit_is_refused(start: int, end: int, inserted: str) -> None:
    """T6, T13: a token with characters cut out, repeated or put in is refused, if it is another text."""
    edited = TOKEN[:start] + inserted + TOKEN[end:]
    if edited != TOKEN:
        with pytest.raises(InvalidToken):
            tokens().verify(edited)


@settings(max_examples=200)
@given(
    st.one_of(
        st.text(),
        st.binary(),
        st.none(),
        st.integers(),
        st.floats(),
        st.lists(st.text()),
        st.from_regex(r"\A[A-Za-z0-9_-]{1,300}\.[A-Za-z0-9_-]{1,300}\.[A-Za-z0-9_-]{40,46}\Z"),
        st.tuples(st.binary(), st.binary(), st.binary(min_size=32, max_size=32)).map(
            lambda parts: ".".join(map(part, parts))
        ),
        st.recursive(
            st.none() | st.text() | st.integers(),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
        ).map(lambda value: forge(payload(), header=json.dumps(value))),
    )
)
def test_whatever_comes_in_is_an_invalid_token(anything: object) -> None:
    """T13: for any object, text or signed nonsense the one error is InvalidToken."""
    with pytest.raises(InvalidToken):
        tokens().verify(anything)


@pytest.mark.parametrize(
    "token",
    [
        TOKEN.encode(),
        bytearray(TOKEN.encode()),
        TOKEN + "=",
        TOKEN + "!",
        TOKEN + "\n",
        " " + TOKEN,
        TOKEN + ".",
        TOKEN.replace(".", "=."),
        TOKEN.rpartition(".")[0] + ".",
        TOKEN.rpartition(".")[0],
        ".".join(reversed(TOKEN.split("."))),
        f"..{TOKEN.rpartition('.')[2]}",
        json.dumps(dict(zip(("protected", "payload", "signature"), TOKEN.split("."), strict=True))),
        forge(payload(), header=GOOD_HEADER + " " * 150),
        forge(payload() + " " * 1500),
        forge("[" * 1200),
        forge("[" * 600 + "]" * 600),
        forge('{"iss":' * 140),
        forge(payload(), header="[" * 190),
        forge(payload(), header=b"\xff\xfe" + GOOD_HEADER.encode("utf-16-le")),
        forge(b"\xef\xbb\xbf" + payload().encode()),
        forge(payload().encode("utf-16")),
        forge(b"\xff" + payload().encode()),
        forge(payload(), digest="sha384"),
        forge(payload(), digest="sha512"),
    ],
    ids=lambda token: f"{len(token)} characters",
)
def test_other_shapes_are_refused(token: object) -> None:
    """T13: JSON serialization, padding, white space, other encodings, deep nesting and great length."""
    with pytest.raises(InvalidToken):
        tokens().verify(token)


@pytest.mark.parametrize("index", [0, 1, 2])
def test_another_spelling_of_the_same_bytes_is_refused(index: int) -> None:
    """T6, T13: bits that base64url ignores must be zero, so that each token has one spelling."""
    alphabet = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
    spare_headers = {0: '{"kid":"k1","typ":"chub-link+jwt","alg":"HS256"} '}
    token = forge(payload(sub="421"), header=spare_headers.get(index, GOOD_HEADER))
    parts = token.split(".")
    # Signed over the other spelling too: only the check of the spelling itself is left to refuse it.
    spare = {2: 4, 3: 2}.get(len(parts[index]) % 4)
    if spare is None:
        pytest.fail("the part under test has no spare bits")
    last = alphabet.index(parts[index][-1])
    parts[index] = parts[index][:-1] + alphabet[last + 1]
    text = ".".join(parts[:2])
    if index < 2:
        key = RING.signing_key(Purpose.LINK_SIGN)[1]
        parts[2] = part(hmac.digest(key, text.encode(), "sha256"))
    assert base64.urlsafe_b64decode(parts[index] + "==") == base64.urlsafe_b64decode(
        token.split(".")[index] + "=="
    )
    with pytest.raises(InvalidToken):
        tokens().verify(".".join(parts))


# --- T10 to T12: whoever holds a key and writes another header ---

# fmt: off
ALGORITHMS = [  # as JSON
    '"none"', '"None"', '"NONE"', '"noNE"', '""', '"hs256"', '"HS256 "', '" HS256"', '"HS256\\u0000"',
    '"HS384"', '"HS512"', '"RS256"', '"ES256"', '"EdDSA"', '"dir"', "null", "0", "1", "true", "1e400", "NaN",
    "Infinity", '["HS256"]', '{"HS256":1}', "[]", "{}",
]
TYPES: list[object] = [
    "JWT", "jwt", "at+jwt", "chub-link+JWT", "application/chub-link+jwt", "", None, ["chub-link+jwt"], 1,
]
KIDS: list[object] = [
    "", "../k1", "k1/", "k1'--", 'k1"', "k1\n", "k1\x00", "k1 ", "к1", "k" * 33, "k" * 150, "k.1", "*",
    None, 1, 1.5, True, ["k1"], {"k1": 1},
]
# fmt: on
HEADERS = [
    *(f'{{"alg":{alg},"typ":"chub-link+jwt","kid":"k1"}}' for alg in ALGORITHMS),
    *(json.dumps({"alg": "HS256", "typ": typ, "kid": "k1"}) for typ in TYPES),
    *(json.dumps({"alg": "HS256", "typ": "chub-link+jwt", "kid": kid}) for kid in KIDS),
    '{"typ":"chub-link+jwt","kid":"k1"}',
    '{"alg":"HS256","kid":"k1"}',
    '{"alg":"HS256","typ":"chub-link+jwt"}',
    '{"alg":"none","alg":"HS256","typ":"chub-link+jwt","kid":"k1"}',
    '{"alg":"HS256","alg":"none","typ":"chub-link+jwt","kid":"k1"}',
    '{"alg":"HS256","alg":"HS256","typ":"chub-link+jwt","kid":"k1"}',
    '{"alg":"HS256","typ":"chub-link+jwt","kid":"k1","kid":"k2"}',
    '{"alg":"HS256","typ":"chub-link+jwt","kid":"k1","":""}',
    '{"Alg":"HS256","typ":"chub-link+jwt","kid":"k1"}',
    *("[]", "null", '"HS256"', "1", "{", GOOD_HEADER + "x", GOOD_HEADER * 2, "{'alg':'HS256'}"),
]


@pytest.mark.parametrize("header", HEADERS)
def test_another_header_is_refused_before_any_key_is_looked_up(header: str) -> None:
    """T10, T11, T12: only {alg: HS256, typ: chub-link+jwt, kid: a good name} gets as far as the ring."""
    watched = WatchedRing(RING)
    with pytest.raises(InvalidToken):
        tokens(watched).verify(forge(payload(), header=header))
    assert watched.asked == []


EXTRAS = (
    "jku",
    "jwk",
    "x5u",
    "x5c",
    "x5t",
    "x5t#S256",
    "crit",
    "b64",
    "zip",
    "cty",
    "enc",
    "iss",
    "url",
    "nonce",
)


@settings(max_examples=200)
@given(
    st.sampled_from(EXTRAS) | st.text(max_size=12),
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=40)
    | st.lists(st.text(max_size=8), max_size=3),
)
def test_an_extra_header_member_is_refused_before_any_key_is_looked_up(name: str, value: object) -> None:
    """T11: no member beside alg, typ and kid is tolerated, whatever its name and value."""
    watched = WatchedRing(RING)
    header = json.dumps(json.loads(GOOD_HEADER) | {name: value})
    if name not in ("alg", "typ", "kid"):
        with pytest.raises(InvalidToken):
            tokens(watched).verify(forge(payload(), header=header))
        assert watched.asked == []


@settings(max_examples=200)
@given(
    st.text(max_size=60)
    | st.from_regex(r"\A[A-Za-z0-9_-]{1,32}\Z")
    | st.sampled_from(["../../etc", "x" * 10_000])
)
def test_a_kid_is_asked_for_only_if_it_is_a_good_name(kid: str) -> None:
    """T11: a key id outside the pattern never reaches the ring; one inside it that is unknown is refused."""
    watched = WatchedRing(RING)
    header = json.dumps({"alg": "HS256", "typ": "chub-link+jwt", "kid": kid})
    if kid != "k1":
        with pytest.raises(InvalidToken):
            tokens(watched).verify(forge(payload(), header=header))
    good = set(kid) <= set(string.ascii_letters + string.digits + "-_") and 1 <= len(kid) <= 32
    assert kid == "k1" or watched.asked == ([kid] if good else [])


@pytest.mark.parametrize("purpose", Purpose)
def test_only_the_key_for_links_signs_links(purpose: Purpose) -> None:
    """T12: the keys of the same ring for other purposes, and its root, do not sign a link."""
    forged = forge(payload(), key=RING.signing_key(purpose)[1])
    if purpose is Purpose.LINK_SIGN:
        assert tokens().verify(forged) == EXPECTED
    else:
        with pytest.raises(InvalidToken):
            tokens().verify(forged)


def test_two_hubs_refuse_each_other() -> None:
    """T12: neither the same ring under another public_url, nor the same kid with another key, is accepted."""
    elsewhere = tokens(issuer=ISSUER + "/b")
    stranger = tokens(KeyRing.from_text(new_key_text("k1")))
    for one, other in ((tokens(), elsewhere), (tokens(), stranger), (elsewhere, stranger)):
        for maker, reader in ((one, other), (other, one)):
            token = maker.issue(42, JTI, NOW, NOW + SECOND)
            assert maker.verify(token).session_id == 42
            with pytest.raises(InvalidToken):
                reader.verify(token)


def test_a_host_cannot_weaken_the_algorithm_by_accident() -> None:
    """T10: what the host does to the jwt package's own registry does not reach the hub."""
    hs256 = jwt.get_algorithm_by_name("HS256")
    jwt.unregister_algorithm("HS256")
    jwt.register_algorithm("HS256", jwt.get_algorithm_by_name("none"))
    try:
        assert tokens().verify(TOKEN) == EXPECTED
        assert tokens().issue(42, JTI, NOW, NOW + timedelta(hours=1)) == TOKEN
        with pytest.raises(InvalidToken):
            tokens().verify(TOKEN[:-43] + "A" * 43)
    finally:
        jwt.unregister_algorithm("HS256")
        jwt.register_algorithm("HS256", hs256)


# --- T12 to T14: whoever holds a key and writes other claims ---

# fmt: off
WRONG: dict[str, list[object]] = {
    "iss": [ISSUER + "/", ISSUER.upper(), "", None, [ISSUER], [ISSUER, "x"], {"a": ISSUER}, 1, True],
    "aud": [ISSUER + "/", ISSUER.upper(), "", None, [ISSUER], [ISSUER, "x"], {"a": ISSUER}, 1, True],
    "sub": [
        "", "-1", "+1", "042", "4.2", "4e2", " 42", "42\n", "٤٢", "0x2a", "x", str(2**53), "9" * 16,
        "1" * 17, 42, 42.0, None, True, ["42"], {"id": "42"},
    ],
    "jti": ["", "a b", "a.b", "a" * 65, "é", "a\n", None, 7, True, [JTI], {"jti": JTI}],
    "iat": [
        str(IAT), float(IAT), None, True, False, -1, [IAT], {"t": IAT}, IAT + 61, 10**400, -(10**400),
        float("nan"), float("-inf"),
    ],
    "exp": [
        str(IAT + 9), float(IAT + 9), None, True, [IAT + 9], IAT, IAT - 1, -1, 0, 10**400, IAT + 315_360_000,
        float("inf"),
    ],
}
# fmt: on
CLAIMS: list[dict[str, object]] = [
    *({name: value} for name, values in WRONG.items() for value in values),
    {"iat": True, "exp": 2},
    {"iat": -5, "exp": -1},
    {"nbf": IAT},
    {"name": "Ada"},
    {"": ""},
    {"scope": None},
    {"ISS": ISSUER},
]


@pytest.mark.parametrize("changed", CLAIMS, ids=repr)
def test_other_claims_are_refused(changed: dict[str, object]) -> None:
    """T7, T12, T13, T14: a rightly signed token is refused unless each claim is of our kind and value."""
    with pytest.raises(InvalidToken):
        tokens().verify(forge(payload(**changed)))


@pytest.mark.parametrize("name", sorted(claims()))
def test_a_missing_or_doubled_claim_is_refused(name: str) -> None:
    """T13: each of the six claims stands in the payload exactly once."""
    without = {key: value for key, value in claims().items() if key != name}
    doubled = payload()[:-1] + f', "{name}": {json.dumps(claims()[name])}}}'
    assert json.loads(doubled) == claims()
    for text in (json.dumps(without), doubled):
        with pytest.raises(InvalidToken):
            tokens().verify(forge(text))


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(IAT - 9**6, IAT + 9**6)
    | st.floats()
    | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=200)
@given(st.dictionaries(st.sampled_from([*claims(), "nbf", "x"]), JSON_VALUES, max_size=3))
def test_a_key_holder_gets_one_of_three_answers(changed: dict[str, object]) -> None:
    """T13, T14: signed claims are accepted, expired or invalid, and PyJWT accepts all that we accept."""
    forged = forge(payload(**changed))
    try:
        accepted = tokens().verify(forged)
    except (InvalidToken, LinkExpired):
        return
    theirs = jwt.decode(
        forged,
        RING.signing_key(Purpose.LINK_SIGN)[1],
        algorithms=["HS256"],
        audience=ISSUER,
        issuer=ISSUER,
        options={
            "verify_exp": False,
            "verify_iat": False,
            "strict_aud": True,
            "require": ["iss", "aud", "sub", "jti", "iat", "exp"],
            "enforce_minimum_key_length": True,
        },
    )
    assert accepted == LinkClaims(
        int(theirs["sub"]),
        theirs["jti"],
        datetime.fromtimestamp(theirs["iat"], UTC),
        datetime.fromtimestamp(theirs["exp"], UTC),
    )
    assert timedelta(0) < accepted.expires_at - accepted.issued_at <= CAP
    assert accepted.expires_at > NOW


# --- T14, T15: time ---


@pytest.mark.parametrize(
    ("iat", "exp", "accepted"),
    [
        (0, int(CAP.total_seconds()), True),
        (0, int(CAP.total_seconds()) + 1, False),
        (59, 600, True),
        (60, 600, True),
        (61, 600, False),
        (60, 60 + int(CAP.total_seconds()), True),
        (60, 61 + int(CAP.total_seconds()), False),
        (0, 1, True),
        (0, 0, False),
        (0, -1, False),
        (10, 5, False),
        (-100, 1, True),
    ],
)
def test_lifetime_and_skew(iat: int, exp: int, accepted: bool) -> None:
    """T14: at the cap and one second past it; issued 59, 60 and 61 seconds ahead of our clock."""
    forged = forge(payload(iat=IAT + iat, exp=IAT + exp))
    if accepted:
        assert tokens().verify(forged).expires_at == NOW + exp * SECOND
    else:
        with pytest.raises(InvalidToken):
            tokens().verify(forged)


def test_expiry_has_no_leeway() -> None:
    """T14, R12: a token is good until the millisecond before its expiry, and expired from then on."""
    end = NOW + timedelta(hours=1)
    assert tokens(at=end - timedelta(milliseconds=1)).verify(TOKEN) == EXPECTED
    for late in (timedelta(0), timedelta(milliseconds=1), timedelta(days=4000)):
        with pytest.raises(LinkExpired) as caught:
            tokens(at=end + late).verify(TOKEN)
        assert (caught.value.session_id, caught.value.jti) == (42, JTI)


def test_only_a_right_token_is_called_expired() -> None:
    """T9: a token is called expired only if its signature, its form and its lifetime are right."""
    later = tokens(at=NOW + timedelta(days=30))
    for wrong in (
        TOKEN[:-43] + "A" * 43,
        forge(payload(exp=IAT + int(CAP.total_seconds()) + 1)),
        forge(payload(aud="https://evil.example")),
        forge(payload(sub="x")),
        forge(payload(), key=b"k" * 32),
    ):
        with pytest.raises(InvalidToken):
            later.verify(wrong)


def test_rotation() -> None:
    """T15: a link outlives a rotation until the old key's window ends; dropping the key ends it at once."""
    old, new = new_key_text("old"), new_key_text("new")
    before = tokens(KeyRing.from_text(old))
    token = before.issue(7, JTI, NOW, NOW + CAP)
    retired = KeyRing.from_text(f"{new},{old}@{NOW.isoformat()}")
    last = NOW + CAP
    assert tokens(retired, at=last - SECOND).verify(token).session_id == 7
    assert tokens(retired).issue(7, JTI, NOW, NOW + CAP) != token
    # A worker that had not heard of the rotation signed a little later; after the window nothing verifies.
    straggler = before.issue(8, JTI, NOW + 61 * SECOND, NOW + 61 * SECOND + CAP)
    assert tokens(retired, at=last + 60 * SECOND).verify(straggler).session_id == 8
    for late in (60 * SECOND + timedelta(milliseconds=1), timedelta(days=99)):
        for made in (token, straggler):
            with pytest.raises(InvalidToken):
                tokens(retired, at=last + late).verify(made)
    with pytest.raises(InvalidToken):
        tokens(KeyRing.from_text(new)).verify(token)
    undated = KeyRing.from_text(f"{new},{old}")
    assert tokens(undated).verify(token).session_id == 7


@pytest.mark.parametrize(
    ("session_id", "jti", "start", "lifetime"),
    [
        (-1, JTI, NOW, SECOND),
        (2**53, JTI, NOW, SECOND),
        (1, "", NOW, SECOND),
        (1, "a.b", NOW, SECOND),
        (1, "a" * 65, NOW, SECOND),
        (1, JTI, NOW, timedelta(0)),
        (1, JTI, NOW, -SECOND),
        (1, JTI, NOW, CAP + SECOND),
        (1, JTI, datetime(1969, 1, 1, tzinfo=UTC), SECOND),
    ],
)
def test_nothing_is_issued_that_would_not_verify(
    session_id: int, jti: str, start: datetime, lifetime: timedelta
) -> None:
    """T14: values outside the profile are a ValueError when issuing."""
    with pytest.raises(ValueError, match=r"session id|jti|link lives"):
        tokens().issue(session_id, jti, start, start + lifetime)


@given(
    st.integers(0, 2**53 - 1),
    st.from_regex(r"\A[A-Za-z0-9_-]{1,64}\Z"),
    st.integers(-500_000, 60_000),
    st.integers(1000, int(CAP.total_seconds()) * 1000),
)
def test_what_is_issued_verifies(session_id: int, jti: str, start: int, lifetime: int) -> None:
    """Every session row within the limits, to the millisecond, gets a token that verifies or has expired."""
    issued_at = NOW + timedelta(milliseconds=start)
    expires_at = issued_at + timedelta(milliseconds=lifetime)
    token = tokens().issue(session_id, jti, issued_at, expires_at)
    whole = expires_at.replace(microsecond=0)
    assert len(token) < 2048
    if whole > NOW:
        assert tokens().verify(token) == LinkClaims(session_id, jti, issued_at.replace(microsecond=0), whole)
    else:
        with pytest.raises(LinkExpired):
            tokens().verify(token)


@pytest.mark.parametrize("cap", [timedelta(0), timedelta(seconds=-1), timedelta(days=30, seconds=1)])
def test_the_cap_has_a_cap(cap: timedelta) -> None:
    """T14: links of more than 30 days cannot be configured."""
    with pytest.raises(ConfigurationError, match="max_link_lifetime"):
        tokens(cap=cap)
    assert tokens(cap=timedelta(days=30)).issue(1, JTI, NOW, NOW + timedelta(days=30))


def test_the_issuer_fits() -> None:
    """T13: the longest public_url that is allowed still gives tokens within the length limit."""
    longest = "https://app.example.com/" + "x" * 488
    token = tokens(issuer=longest).issue(2**53 - 1, "j" * 64, NOW, NOW + CAP)
    assert tokens(issuer=longest).verify(token).session_id == 2**53 - 1
    for wrong in (longest + "x", ""):
        with pytest.raises(ConfigurationError, match="public_url"):
            tokens(issuer=wrong)


def test_a_refusal_shows_no_key() -> None:
    """T46: no frame of a refusal holds the key that was tried, and ours are not printed."""
    key = RING.signing_key(Purpose.LINK_SIGN)[1]
    for wrong in (TOKEN[:-43] + "A" * 43, forge(payload(sub="x")), forge(payload(iat=IAT - 60, exp=IAT - 1))):
        with pytest.raises((InvalidToken, LinkExpired)) as caught:
            tokens().verify(wrong)
        shown = reported(caught.value)
        assert "LinkTokens object" in shown
        assert repr(key)[2:-1] not in shown
    assert repr(key)[2:-1] not in repr(Secret("x")) + repr(tokens())
