"""Webhook signatures, against the published vector, a foreign implementation and hostile input."""

import base64
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
import standardwebhooks
from hypothesis import given
from hypothesis import strategies as st

from connect_hub.clock import FixedClock, SystemClock
from connect_hub.errors import ConfigurationError, WebhookInvalid
from connect_hub.secret import Secret
from connect_hub.webhooks import generate_secret, sign, verify
from connect_hub.webhooks.signing import secret_key
from tests.leaks import reported

# The vector that the Standard Webhooks specification and its libraries publish.
VECTOR_SECRET = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
VECTOR_ID = "msg_p5jXN8AQM9LWM0D4loKWxJek"
VECTOR_TIME = datetime.fromtimestamp(1614265330, UTC)
VECTOR_BODY = b'{"test": 2432232314}'
VECTOR_SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
AT_VECTOR_TIME = FixedClock(VECTOR_TIME)

BODIES = {
    "emoji": json.dumps({"name": "Zoë 🦊👩‍🚀"}, ensure_ascii=False).encode(),
    "line separators": '{"name": "a\u2028b\u2029c"}'.encode(),
    "20 KB": json.dumps({"name": "ä" * 10_000}, ensure_ascii=False).encode(),
    "spaces that a parser would drop": b'{ "a" :\n 1.0 , "b":"\\u00e9" }\n',
}


def signed(body: bytes = VECTOR_BODY, *secrets: Secret, at: datetime = VECTOR_TIME) -> dict[str, str]:
    return sign(message_id=VECTOR_ID, timestamp=at, body=body, secrets=secrets or [VECTOR_SECRET])


def refusal(body: object, headers: object, secrets: object = VECTOR_SECRET) -> WebhookInvalid:
    with pytest.raises(WebhookInvalid) as caught:
        verify(body, headers, secrets, clock=AT_VECTOR_TIME)  # type: ignore[arg-type]  # what a host may do
    return caught.value


def test_published_vector() -> None:
    """T47: the specification's example is signed to the published text and verified."""
    headers = signed()
    assert headers["webhook-signature"] == VECTOR_SIGNATURE
    assert headers["webhook-timestamp"] == "1614265330"
    assert verify(VECTOR_BODY, headers, VECTOR_SECRET, clock=AT_VECTOR_TIME) == {"test": 2432232314}


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_agrees_with_a_foreign_implementation_both_ways(body: bytes) -> None:
    """T47: what we sign the `standardwebhooks` package verifies, and the reverse, for awkward bodies too."""
    secret = generate_secret()
    foreign = standardwebhooks.Webhook(secret.reveal())
    now = SystemClock().now()
    assert foreign.verify(body, signed(body, secret, at=now)) == json.loads(body)
    # That package needs UTC (it drops the zone of other datetimes) and text (it signs b'…' for bytes).
    theirs = foreign.sign("msg_1", now, body.decode())
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": theirs,
    }
    assert verify(body, headers, secret) == json.loads(body)


def test_the_second_signature_is_stackones() -> None:
    """The compatible header is HMAC-SHA256 over the body, unpadded base64url, keyed with the newest
    secret's text as shown."""
    newest, older = generate_secret(), generate_secret()
    headers = signed(BODIES["emoji"], newest, older)
    digest = hmac.new(newest.reveal().encode("utf-8"), BODIES["emoji"], hashlib.sha256).digest()
    assert headers["x-stackone-signature"] == base64.urlsafe_b64encode(digest).decode().rstrip("=")


def test_another_time_zone_is_the_same_instant() -> None:
    """An aware timestamp in any zone is signed as the same second, cut down, never up."""
    there = VECTOR_TIME.astimezone(timezone(timedelta(hours=5, minutes=30)))
    assert signed(at=there + timedelta(microseconds=999_999)) == signed()


def test_rotation() -> None:
    """T48: during a rotation holders of either secret verify, in either order; afterwards only the new."""
    old, new, foreign = generate_secret(), generate_secret(), generate_secret()
    during = signed(VECTOR_BODY, new, old)
    only_new, only_old = signed(VECTOR_BODY, new), signed(VECTOR_BODY, old)
    both = f"{only_new['webhook-signature']} {only_old['webhook-signature']}"
    assert during["webhook-signature"] == both, "newest first"
    for held in ([old], [new], [old, new], [new, old], [foreign, old]):
        assert verify(VECTOR_BODY, during, held, clock=AT_VECTOR_TIME)
    assert verify(VECTOR_BODY, only_new, [old, new], clock=AT_VECTOR_TIME)
    assert refusal(VECTOR_BODY, only_new, [old]).reason == "signature"
    assert refusal(VECTOR_BODY, during, [foreign]).reason == "signature"


def test_headers_in_any_form() -> None:
    """T48: order, letter case and container of the headers make no difference, nor do unknown versions of
    signatures beside ours."""
    headers = signed()
    headers["webhook-signature"] = f"v1a,Zm9v v2 {headers['webhook-signature']} v1,"
    shouted = {name.upper(): value for name, value in reversed(list(headers.items()))}
    asgi = [(name.encode(), value.encode()) for name, value in headers.items()]
    for given_headers in (shouted, asgi, list(headers.items()), iter(headers.items())):
        assert verify(VECTOR_BODY, given_headers, [VECTOR_SECRET.reveal()], clock=AT_VECTOR_TIME)


@pytest.mark.parametrize(("offset", "accepted"), [(-301, False), (-300, True), (300, True), (301, False)])
def test_replay_window(offset: int, accepted: bool) -> None:
    """T47: a delivery counts for five minutes either way, to the second."""
    clock = FixedClock(VECTOR_TIME + timedelta(seconds=offset))
    if accepted:
        assert verify(VECTOR_BODY, signed(), VECTOR_SECRET, clock=clock)
    else:
        with pytest.raises(WebhookInvalid) as caught:
            verify(VECTOR_BODY, signed(), VECTOR_SECRET, clock=clock)
        assert caught.value.reason == "timestamp"


@given(data=st.data())
def test_any_changed_byte_is_refused(data: st.DataObject) -> None:
    """T47: one changed byte anywhere in the body or the three headers is a refusal."""
    headers, body = signed(), VECTOR_BODY
    where = data.draw(st.sampled_from(["body", "webhook-id", "webhook-timestamp", "webhook-signature"]))
    original = body if where == "body" else headers[where].encode()
    at = data.draw(st.integers(0, len(original) - 1))
    flipped = original[at] ^ data.draw(st.integers(1, 255))
    changed = original[:at] + bytes([flipped]) + original[at + 1 :]
    if where == "body":
        refusal(changed, headers)
    else:
        refusal(body, {**headers, where: changed.decode("latin-1")})


ANYTHING = st.one_of(
    st.none(), st.integers(), st.text(), st.binary(), st.floats(), st.lists(st.text()), st.just(object())
)
NAMES = st.sampled_from(["webhook-id", "Webhook-Timestamp", "WEBHOOK-SIGNATURE"]) | st.text()
VALUES = st.sampled_from([VECTOR_ID, "1614265330", VECTOR_SIGNATURE, "garbage", "v1", "v1,a,b", "\ud800"])
BODY = ANYTHING | st.sampled_from([VECTOR_BODY, b"[]", b"[" * 100_000])
HEADERS = ANYTHING | st.dictionaries(NAMES, VALUES | ANYTHING) | st.lists(st.tuples(NAMES, VALUES | ANYTHING))


@given(body=BODY, headers=HEADERS, secrets=ANYTHING | st.just(VECTOR_SECRET))
def test_verify_is_total(body: object, headers: object, secrets: object) -> None:
    """T47: whatever arrives, `verify` returns the event or raises WebhookInvalid, and nothing else."""
    try:
        event = verify(body, headers, secrets, clock=AT_VECTOR_TIME)  # type: ignore[arg-type]  # on purpose
    except WebhookInvalid:
        return
    assert (body, event) == (VECTOR_BODY, {"test": 2432232314})


@pytest.mark.parametrize("body", [b"", b"[]", b"null", b"{", b"\xff{}", b'{"a": NaN}', b"[" * 100_000])
def test_a_signed_body_that_is_no_object(body: bytes) -> None:
    """T47: a valid signature over anything but a JSON object is refused as a body, not a crash."""
    assert refusal(body, signed(body)).reason == "body"


@pytest.mark.parametrize("missing", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_missing_and_repeated_headers(missing: str) -> None:
    """T47: each of the three headers must be there exactly once, and the message names the one to look at."""
    headers = signed()
    without = {name: value for name, value in headers.items() if name != missing}
    twice = [*headers.items(), (missing.title(), headers[missing])]
    for wrong in (without, twice):
        assert missing in refusal(VECTOR_BODY, wrong).message


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "starts with whsec_"),
        ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "starts with whsec_"),
        ("whsec_", "24 to 64 bytes, this one 0"),
        ("whsec_" + base64.b64encode(b"k" * 23).decode(), "this one 23"),
        ("whsec_" + base64.b64encode(b"k" * 65).decode(), "this one 65"),
        ("whsec_" + base64.b64encode(b"k" * 32).decode().rstrip("="), "cut or changed"),
        ("whsec_" + base64.b64encode(b"k" * 32).decode() + "\n", "cut or changed"),
        ("whsec_" + base64.urlsafe_b64encode(b"\xff" * 32).decode(), "cut or changed"),
        ("whsec_ключ", "cut or changed"),
    ],
)
def test_secrets_are_checked(text: str, says: str) -> None:
    """T47: a secret of another form or length is refused by signer and verifier; the message says what is
    wrong, and does not show it."""
    with pytest.raises(ConfigurationError, match=says) as caught:
        signed(VECTOR_BODY, Secret(text))
    assert text.removeprefix("whsec_").strip() == "" or text not in caught.value.message
    assert refusal(VECTOR_BODY, signed(), Secret(text)).reason == "secret"


def test_generated_secrets() -> None:
    """T47: a generated secret is 32 random bytes, different every time, and 24 and 64 bytes are accepted."""
    keys = {secret_key(generate_secret()) for _ in range(50)}
    assert len(keys) == 50
    assert {len(key) for key in keys} == {32}
    for size in (24, 64):
        assert secret_key(Secret("whsec_" + base64.b64encode(b"k" * size).decode())) == b"k" * size


@pytest.mark.parametrize("cut", [0, 1], ids=["wrong signature", "wrong secret"])
def test_error_reports_hold_no_key(cut: int) -> None:
    """T46: neither the secret, nor its key, nor the signature that would have been right is in what an error
    report shows of a refusal, whether the secret was given as Secret or as text."""
    secret = generate_secret()
    text = secret.reveal()[: len(secret.reveal()) - cut]
    right = signed(VECTOR_BODY, secret)["webhook-signature"]
    for given_secret in (Secret(text), text):
        error = refusal(VECTOR_BODY, {**signed(), "webhook-signature": "v1,AA"}, given_secret)
        shown = reported(error)
        assert error.message in shown
        for leak in (text.removeprefix("whsec_"), repr(secret_key(secret)), right):
            assert leak not in shown


def test_nothing_is_signed_without_a_secret_or_verified_without_one() -> None:
    """Signing and verifying fail closed on an empty list of secrets."""
    with pytest.raises(ConfigurationError):
        sign(message_id=VECTOR_ID, timestamp=VECTOR_TIME, body=b"{}", secrets=[])
    assert refusal(VECTOR_BODY, signed(), []).reason == "secret"


@pytest.mark.parametrize("message_id", ["", "msg.1", "msg 1", "msg\r\nx: y", "m" * 129])
def test_ambiguous_ids_are_not_signed(message_id: str) -> None:
    """T47: an id with a dot, which would make the signed text ambiguous, or unfit for a header is refused."""
    with pytest.raises(ValueError, match="id"):
        sign(message_id=message_id, timestamp=VECTOR_TIME, body=b"{}", secrets=[VECTOR_SECRET])


def test_naive_and_prehistoric_times_are_not_signed() -> None:
    """A naive timestamp, or one before 1970, is a ValueError, never a wrong signature."""
    for wrong in (VECTOR_TIME.replace(tzinfo=None), datetime(1969, 12, 31, tzinfo=UTC)):
        with pytest.raises(ValueError, match="timestamp"):
            signed(at=wrong)
