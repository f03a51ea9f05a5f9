"""The key ring: what it accepts, what it derives, and what it never says."""

import base64
import copy
import hashlib
import hmac
import pickle
import secrets
from datetime import UTC, datetime
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connect_hub.errors import ConfigurationError
from connect_hub.keys import Key, KeyProvider, KeyRing, Purpose, framed, new_key_text
from connect_hub.secret import Secret
from tests.leaks import reported

GOLDEN = "golden:Rf0nK2p9dGx3cWvYb1hTz5sQe8uJm4aXo7LiE6VyDCM"
ROOT = GOLDEN.partition(":")[2]


def root(seed: str) -> str:
    """A root that differs for every seed and looks random."""
    return base64.urlsafe_b64encode(hashlib.sha256(seed.encode()).digest()).decode().rstrip("=")


def text_of(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def test_derivation_is_hkdf_and_never_changes() -> None:
    """T15: a key is RFC 5869's HKDF-SHA256 of its root, and the values of the first release hold for ever."""
    ring = KeyRing.from_text(GOLDEN)
    pinned = {
        Purpose.LINK_SIGN: "eff6ace416fafd38220d9abd8173feca19243f525c869fc8c60b52c670b5c514",
        Purpose.CREDENTIALS: "43bfc5c46ff4ff490cb11697c378b684d3399b6a321b743f8604d7e3667ccf9b",
        Purpose.CSRF: "f81e6a138ac5760f87d794ee63d6c0b8d5fcb65e92d18b385161999091ff1351",
        Purpose.WEBHOOK_SECRETS: "8480a26faaaae7739dedd538d7d45b1d55322da87e70282ee29ca9bf0fa50de3",
        Purpose.TRIGGERS: "2f1d249598a71242cd50dcca8c2f9cca41695cb3bf4a9f031a386e982e06b9dd",
    }
    for purpose in Purpose:
        pseudorandom = hmac.digest(b"connect_hub", base64.urlsafe_b64decode(ROOT + "="), "sha256")
        by_hand = hmac.digest(pseudorandom, purpose.value.encode() + b"\x01", "sha256")
        assert ring.signing_key(purpose) == ("golden", by_hand)
        assert by_hand.hex() == pinned[purpose]


def test_no_key_serves_two_purposes() -> None:
    """T12, T15: over several roots and every purpose, all derived keys differ, and none is a root."""
    ring = KeyRing.from_text(",".join(f"k{n}:{root(str(n))}" for n in range(5)))
    derived = [ring.verifying_key(purpose, kid) for purpose, kid in product(Purpose, ring.kids)]
    roots = [base64.urlsafe_b64decode(root(str(n)) + "=") for n in range(5)]
    assert len({*derived, *roots}) == len(Purpose) * 5 + 5


def test_the_first_key_signs_and_all_verify() -> None:
    """T15: the first key of the ring signs for every purpose; the others verify; no other kid has a key."""
    ring: KeyProvider = KeyRing.from_text(
        f" new:{root('n')} ,\n old:{root('o')}=@2026-11-01T01:30:00+01:30, next:{root('x')}"
    )
    assert ring.kids == ("new", "old", "next")
    assert {ring.signing_key(purpose)[0] for purpose in Purpose} == {"new"}
    assert ring.signing_key(Purpose.CSRF)[1] == ring.verifying_key(Purpose.CSRF, "new")
    alone = KeyRing.from_text(f"old:{root('o')}")
    assert ring.verifying_key(Purpose.CSRF, "old") == alone.signing_key(Purpose.CSRF)[1]
    assert ring.retired_at("old") == datetime(2026, 11, 1, tzinfo=UTC)
    assert ring.retired_at("new") is None
    for unknown in ("gone", "", "../old", "NEW", "old ", "old\x00"):
        assert ring.verifying_key(Purpose.CSRF, unknown) is None
        assert ring.retired_at(unknown) is None


def test_new_keys_are_good_keys() -> None:
    """What `new_key_text` makes is accepted, and is new every time."""
    made = [new_key_text() for _ in range(200)] + [new_key_text("k7")]
    ring = KeyRing.from_text(",".join(made))
    assert len(ring.kids) == 201
    assert ring.kids[-1] == "k7"
    with pytest.raises(ConfigurationError):
        new_key_text("not a kid")


@settings(max_examples=300)
@given(st.randoms(use_true_random=False))
def test_random_roots_are_never_taken_for_placeholders(random: object) -> None:
    """The refusal of keys that are not random does not hit a random one."""
    del random
    KeyRing.from_text(f"k1:{text_of(secrets.token_bytes(32))}")


NOT_RANDOM = {
    "zeros": text_of(bytes(32)),
    "one byte": text_of(b"\xa7" * 32),
    "two bytes": text_of(b"\xa7\x13" * 16),
    "half twice": text_of(secrets.token_bytes(16) * 2),
    "sixteen bytes twice": text_of(bytes(n * n % 251 for n in range(1, 17)) * 2),
    "half a text twice": ((root("t")[:20] + "Az") * 2)[:43],
    "counting up": text_of(bytes(range(32))),
    "counting down": text_of(bytes(range(255, 223, -1))),
    "steps of seven": text_of(bytes(n * 7 % 256 for n in range(32))),
    "in the documentation": "Zm9yLXRoZS1kb2N1bWVudGF0aW9uLW9ubHktMDEyMzQ",
    "passphrase": text_of(b"correct horse battery staple 42!"),
    "changeme": "changeme" + root("c")[8:],
    "change-me": root("c")[:20] + "Change-Me" + root("c")[29:],
    "one word over and over": ("secretkey" * 5)[:42] + "s",
}


@pytest.mark.parametrize("name", NOT_RANDOM)
def test_a_root_that_is_not_random_is_refused(name: str) -> None:
    """T15, T44: placeholders, examples, passphrases and patterns do not start a hub."""
    with pytest.raises(ConfigurationError, match=r"'k1' (is not random|is not base64url)") as caught:
        KeyRing.from_text(f"k1:{NOT_RANDOM[name]}")
    assert "connect-hub keys new" in caught.value.message
    assert NOT_RANDOM[name] not in reported(caught.value)


REFUSED = {
    "empty": ("", r"not of the form"),
    "no name": (ROOT, r"Entry 1 .* not of the form kid:base64url"),
    "empty name": (f":{ROOT}", r"Entry 1 .* not of the form"),
    "name with a dot": (f"k.1:{ROOT}", r"Entry 1 .* not of the form"),
    "name with a space": (f"k 1:{ROOT}", r"Entry 1 .* not of the form"),
    "name too long": (f"{'k' * 33}:{ROOT}", r"Entry 1 .* not of the form"),
    "name not ASCII": (f"ключ:{ROOT}", r"Entry 1 .* not of the form"),
    "name with a line feed": (f"k1\n:{ROOT}", r"Entry 1 .* not of the form"),
    "trailing comma": (f"k1:{ROOT},", r"Entry 2 .* not of the form"),
    "no key": ("k1:", r"'k1' is not base64url"),
    "31 bytes": (f"k1:{text_of(base64.urlsafe_b64decode(ROOT + '=')[:31])}", r"'k1' is 31 bytes long"),
    "33 bytes": (f"k1:{text_of(base64.urlsafe_b64decode(ROOT + '=') + b'x')}", r"'k1' is 33 bytes long"),
    "hexadecimal": (f"k1:{hashlib.sha256(b'x').hexdigest()}", r"'k1' is 48 bytes long"),
    "standard alphabet": (f"k1:{ROOT[:-5]}+/AAA", r"'k1' is not base64url"),
    "dangling bits": (f"k1:{ROOT[:-1]}N", r"'k1' is not base64url"),
    "two paddings": (f"k1:{ROOT}==", r"'k1' is not base64url"),
    "inner space": (f"k1:{ROOT[:20]} {ROOT[20:]}", r"'k1' is not base64url"),
    "not ASCII": (f"k1:{ROOT[:-1]}é", r"'k1' is not base64url"),
    "one name twice": (f"k1:{ROOT},k1:{root('2')}", r"Two keys are named 'k1'"),
    "one key twice": (f"k1:{ROOT},k2:{ROOT}", r"'k1' and 'k2' are the same key"),
    "one key twice, once padded": (f"k1:{ROOT},k2:{ROOT}=", r"'k1' and 'k2' are the same key"),
    "first one retired": (f"k1:{ROOT}@2026-11-01T00:00:00Z", r"'k1' comes first"),
    "date without zone": (f"k1:{root('1')},k2:{ROOT}@2026-11-01T00:00:00", r"'k2' has a retirement date"),
    "only a day": (f"k1:{root('1')},k2:{ROOT}@2026-11-01", r"'k2' has a retirement date"),
    "empty date": (f"k1:{root('1')},k2:{ROOT}@", r"'k2' has a retirement date"),
    "date out of range": (f"k1:{root('1')},k2:{ROOT}@0001-01-01T00:00:00+14:00", r"'k2' has a retirement"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_bad_ring_is_refused_by_name_and_without_the_key(name: str) -> None:
    """T15, T44, T46: each message names the key and the fix; no frame of the error holds a root."""
    text, message = REFUSED[name]
    with pytest.raises(ConfigurationError, match=message) as caught:
        KeyRing.from_text(text)
    shown = reported(caught.value)
    for entry in text.split(","):
        for secret in (entry.partition(":")[2].partition("@")[0], entry):
            assert len(secret) < 20 or secret not in shown
    assert repr(base64.urlsafe_b64decode(ROOT + "="))[2:-1] not in shown


def test_no_key_no_start() -> None:
    """T44: an absent, empty or blank variable is refused with the way out, as is a ring of no keys."""
    for environ in ({}, {"CONNECT_HUB_KEYS": ""}, {"CONNECT_HUB_KEYS": " \n"}):
        with pytest.raises(ConfigurationError, match=r"CONNECT_HUB_KEYS is not set.*connect-hub keys new"):
            KeyRing.from_env(environ=environ)
    with pytest.raises(ConfigurationError, match="empty"):
        KeyRing(keys=[])
    with pytest.raises(ConfigurationError, match="OTHER is not set"):
        KeyRing.from_env("OTHER", {"CONNECT_HUB_KEYS": GOLDEN})


def test_the_environment_is_read_when_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """T46: `from_env` reads the process's environment at the call, and an error does not carry it along."""
    monkeypatch.setenv("CONNECT_HUB_KEYS", GOLDEN)
    assert KeyRing.from_env().kids == ("golden",)
    monkeypatch.setenv("CONNECT_HUB_KEYS", f"{GOLDEN},golden:{root('2')}")
    monkeypatch.setenv("CANARY", "a-canary-of-the-environment")
    for environ in (
        None,
        {"CONNECT_HUB_KEYS": f"{GOLDEN},{GOLDEN}", "CANARY": "a-canary-of-the-environment"},
    ):
        with pytest.raises(ConfigurationError) as caught:
            KeyRing.from_env(environ=environ)
        shown = reported(caught.value)
        assert ROOT not in shown
        assert "a-canary-of-the-environment" not in shown


def test_a_ring_shows_names_only() -> None:
    """T46: repr names the kids; a ring or a key is neither pickled nor copied into another place."""
    ring = KeyRing.from_text(GOLDEN)
    derived = ring.signing_key(Purpose.CSRF)[1]
    key = Key("golden", Secret(ROOT))
    assert repr(ring) == "KeyRing('golden')"
    for shown in (repr(ring), str(ring), f"{ring}", repr(key), str(key)):
        assert ROOT not in shown
        assert repr(derived) not in shown
    for leak in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError):
            leak(ring)
    for leak in (pickle.dumps, copy.deepcopy):
        with pytest.raises(TypeError):
            leak(key)


def test_a_key_checks_itself() -> None:
    """T15: a Key made in Python is as strict as one read from text."""
    for kid in ("", "a" * 33, "a.b", "a\n"):
        with pytest.raises(ConfigurationError, match="name must be"):
            Key(kid, Secret(ROOT))
    with pytest.raises(ConfigurationError, match="16 bytes long"):
        Key("k1", Secret(text_of(secrets.token_bytes(16))))
    with pytest.raises(ConfigurationError, match="without a time zone"):
        Key("k1", Secret(ROOT), datetime(2026, 1, 1))  # noqa: DTZ001 - the mistake under test


@given(st.lists(st.text(max_size=6), max_size=4), st.lists(st.text(max_size=6), max_size=4))
def test_framing_keeps_parts_apart(left: list[str], right: list[str]) -> None:
    """T43: two lists of texts have the same framed bytes only if they are the same list."""
    assert (framed(*left) == framed(*right)) == (left == right)
    joined = "".join(left)
    assert left in ([], [joined]) or framed(*left) != framed(joined)
