"""Nonces of the hub's forms."""

import string
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connect_hub.clock import FixedClock
from connect_hub.errors import FormExpired
from connect_hub.keys import KeyRing, new_key_text
from connect_hub.nonce import Nonces

HOUR = timedelta(hours=1)
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
RING = KeyRing.from_text("k1:Rf0nK2p9dGx3cWvYb1hTz5sQe8uJm4aXo7LiE6VyDCM")
NONCE = Nonces(keys=RING, clock=FixedClock(NOW)).make("confirm", "jti-1", "visit-2")


def nonces(at: datetime = NOW, keys: KeyRing = RING) -> Nonces:
    return Nonces(keys=keys, clock=FixedClock(at))


@pytest.mark.parametrize(
    ("seconds", "accepted"),
    [
        (0, True),
        (3600, True),
        (3600.001, False),
        (10**7, False),
        (-60, True),
        (-60.001, False),
        (-3600, False),
    ],
)
def test_age(seconds: float, accepted: bool) -> None:
    """T28, R12: a nonce holds to its greatest age, not a moment longer, and not from the future."""
    at = NOW + timedelta(seconds=seconds)
    if accepted:
        nonces(at).check(NONCE, "confirm", "jti-1", "visit-2", max_age=HOUR)
    else:
        with pytest.raises(FormExpired):
            nonces(at).check(NONCE, "confirm", "jti-1", "visit-2", max_age=HOUR)


def test_it_holds_for_its_form_and_values_only() -> None:
    """T28: another purpose, other values, other cuts of them, or another hub's key are refused."""
    for purpose, *parts in (
        ("revoke", "jti-1", "visit-2"),
        ("confirm", "jti-2", "visit-2"),
        ("confirm", "jti-1", "visit-1"),
        ("confirm", "visit-2", "jti-1"),
        ("confirm", "jti-1visit-2"),
        ("confirm", "jti-1", "visit-", "2"),
        ("confirm", "jti-1"),
        ("confirm",),
        ("confirmjti-1", "visit-2"),
        ("confirm", "jti-1", "visit-2", ""),
        ("confirm", "jti-1", "visit-2\ud800"),
    ):
        with pytest.raises(FormExpired):
            nonces().check(NONCE, purpose, *parts, max_age=HOUR)
    stranger = nonces(keys=KeyRing.from_text(new_key_text("k1")))
    with pytest.raises(FormExpired):
        stranger.check(NONCE, "confirm", "jti-1", "visit-2", max_age=HOUR)


def test_any_changed_character_is_refused() -> None:
    """T28: a nonce that differs in one character, such as a later time, is refused."""
    for position, old in enumerate(NONCE):
        for new in string.ascii_letters + string.digits + "-_. =":
            if new != old:
                changed = NONCE[:position] + new + NONCE[position + 1 :]
                with pytest.raises(FormExpired):
                    nonces().check(changed, "confirm", "jti-1", "visit-2", max_age=HOUR)


@settings(max_examples=200)
@given(
    st.none()
    | st.text()
    | st.binary()
    | st.integers()
    | st.from_regex(r"\A[a-z0-9]{1,3}\.[0-9]{1,14}\.[A-Za-z0-9_-]{43}\Z")
)
def test_whatever_comes_in_is_form_expired(anything: object) -> None:
    """T28: any other value is FormExpired and nothing else."""
    with pytest.raises(FormExpired):
        nonces().check(anything, "confirm", "jti-1", "visit-2", max_age=HOUR)


def test_a_form_outlives_a_rotation_of_keys() -> None:
    """T15: a form is accepted while the key it was made under is in the ring, and not after."""
    new = new_key_text("new")
    both = KeyRing.from_text(f"{new},k1:Rf0nK2p9dGx3cWvYb1hTz5sQe8uJm4aXo7LiE6VyDCM")
    nonces(keys=both).check(NONCE, "confirm", "jti-1", "visit-2", max_age=HOUR)
    assert nonces(keys=both).make("confirm").startswith("new.")
    with pytest.raises(FormExpired):
        nonces(keys=KeyRing.from_text(new)).check(NONCE, "confirm", "jti-1", "visit-2", max_age=HOUR)
