"""The vault: what is sealed opens in its own place only, under its own key only."""

import base64
import copy
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise, permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connect_hub.credentials import Credentials
from connect_hub.errors import ConfigurationError, CredentialsUnreadable, WrongKeys
from connect_hub.keys import KeyRing, Purpose, new_key_text
from connect_hub.secret import Secret
from connect_hub.vault import Vault
from tests.leaks import reported

GOLDEN = "golden:Rf0nK2p9dGx3cWvYb1hTz5sQe8uJm4aXo7LiE6VyDCM"
CANARY = b"canary-7d1e-plaintext"
RING = KeyRing.from_text(f"{new_key_text('k2')},{new_key_text('k1')}")

Place = tuple[str, str, str, int]


class WatchedRing:
    """A KeyProvider that counts the keys it hands out for opening."""

    def __init__(self, ring: KeyRing) -> None:
        self.ring = ring
        self.asked: list[tuple[Purpose, str]] = []

    def signing_key(self, purpose: Purpose) -> tuple[str, bytes]:
        return self.ring.signing_key(purpose)

    def verifying_key(self, purpose: Purpose, kid: str) -> bytes | None:
        self.asked.append((purpose, kid))
        return self.ring.verifying_key(purpose, kid)

    def retired_at(self, kid: str) -> datetime | None:
        return self.ring.retired_at(kid)

    @property
    def kids(self) -> tuple[str, ...]:
        return self.ring.kids


def seal(vault: Vault, plaintext: bytes, place: Place) -> bytes:
    project_id, account_id, field, generation = place
    return vault.seal(
        plaintext, project_id=project_id, account_id=account_id, field=field, generation=generation
    )


def unseal(vault: Vault, sealed: bytes, place: Place) -> bytes:
    project_id, account_id, field, generation = place
    return vault.open(
        sealed, project_id=project_id, account_id=account_id, field=field, generation=generation
    )


HOME: Place = ("acme", "acc_1", "credentials", 3)
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
PLACES = st.tuples(TEXT, TEXT, TEXT, st.integers(0, 2**63))


@settings(max_examples=150)
@given(st.binary(max_size=3000), PLACES, PLACES)
def test_it_opens_where_it_was_sealed_and_nowhere_else(plaintext: bytes, place: Place, other: Place) -> None:
    """T43: a record opens to its bytes in its place, and in no other."""
    vault = Vault(keys=RING)
    sealed = seal(vault, plaintext, place)
    assert unseal(vault, sealed, place) == plaintext
    if other != place:
        with pytest.raises(CredentialsUnreadable):
            unseal(vault, sealed, other)


def test_swapped_rows_do_not_open() -> None:
    """T43: of rows that differ in project, account, field or generation, none opens in another's place."""
    places: list[Place] = [
        HOME,
        ("globex", "acc_1", "credentials", 3),
        ("acme", "acc_2", "credentials", 3),
        ("acme", "acc_1", "oauth_state", 3),
        ("acme", "acc_1", "credentials", 2),
        ("acme", "acc_1", "credentials", 33),
        # The same characters, cut elsewhere.
        ("acmea", "cc_1", "credentials", 3),
        ("acme", "acc_1c", "redentials", 3),
        ("acme", "acc_1", "credentials3", 3),
        ("", "acmeacc_1", "credentials", 3),
        ("acc_1", "acme", "credentials", 3),
    ]
    vault = Vault(keys=RING)
    sealed = {place: seal(vault, repr(place).encode(), place) for place in places}
    for here, there in permutations(places, 2):
        with pytest.raises(CredentialsUnreadable):
            unseal(vault, sealed[here], there)
    assert [unseal(vault, sealed[place], place) for place in places] == [repr(p).encode() for p in places]


def test_parts_of_two_rows_do_not_mix() -> None:
    """T43: a data key, a nonce or a ciphertext of another record of the same place does not fit."""
    vault = Vault(keys=RING)
    one, two = seal(vault, CANARY, HOME), seal(vault, CANARY[::-1], HOME)
    cuts = [5, 17, 65, 77, len(one)]  # after kid, wrap nonce, wrapped key, nonce, ciphertext and tag
    for start, end in pairwise(cuts):
        with pytest.raises(CredentialsUnreadable):
            unseal(vault, one[:start] + two[start:end] + one[end:], HOME)
    assert unseal(vault, two[:5] + two[5:], HOME) == CANARY[::-1]


def test_any_changed_byte_is_refused() -> None:
    """T43: no bit of a sealed record can be changed, and no byte cut off or added."""
    vault = Vault(keys=RING)
    sealed = seal(vault, CANARY, HOME)
    changed = [
        sealed[:index] + bytes([sealed[index] ^ (1 << bit)]) + sealed[index + 1 :]
        for index in range(len(sealed))
        for bit in range(8)
    ]
    for end in range(len(sealed)):
        changed.append(sealed[:end])
        if end < len(sealed) - len(CANARY):
            with pytest.raises(CredentialsUnreadable):
                vault.key_id(sealed[:end])
    changed += [sealed[n:] for n in range(1, len(sealed))]
    changed += [sealed + b"\0", b"\0" + sealed, sealed * 2]
    for wrong in changed:
        with pytest.raises(CredentialsUnreadable):
            unseal(vault, wrong, HOME)


@settings(max_examples=300)
@given(
    st.one_of(
        st.binary(),
        st.binary(max_size=120).map(lambda tail: b"v1\x02k1" + tail),
        st.binary(min_size=3, max_size=200).map(lambda tail: b"v1" + tail),
        st.none(),
        st.text(),
        st.integers(),
    )
)
def test_whatever_is_stored_is_opened_or_unreadable(stored: object) -> None:
    """T43, T44: what is not a sealed record is CredentialsUnreadable: never plaintext, never a crash."""
    vault = Vault(keys=RING)
    with pytest.raises(CredentialsUnreadable):
        unseal(vault, stored, HOME)  # type: ignore[arg-type]  # a damaged column gives anything
    try:
        kid = vault.key_id(stored)  # type: ignore[arg-type]
    except CredentialsUnreadable:
        return
    assert isinstance(stored, bytes)
    assert stored[3:].startswith(kid.encode())


@pytest.mark.parametrize("version", [b"v0", b"v2", b"V1", b"1v", b"\x01\x00"])
def test_an_unknown_version_is_an_error(version: bytes) -> None:
    """T44: a record of another version is not guessed at."""
    vault = Vault(keys=RING)
    with pytest.raises(CredentialsUnreadable, match="not a sealed record"):
        unseal(vault, version + seal(vault, CANARY, HOME)[2:], HOME)


def test_every_write_has_a_data_key_and_nonces_of_its_own() -> None:
    """T45: sealing the same bytes in the same place again shares nothing but version and kid."""
    vault = Vault(keys=RING)
    sealed = [seal(vault, CANARY, HOME) for _ in range(500)]
    assert {record[:5] for record in sealed} == {b"v1\x02k2"}
    for start, end in ((5, 17), (17, 65), (65, 77), (77, 93)):
        assert len({record[start:end] for record in sealed}) == 500
    assert {len(record) for record in sealed} == {93 + len(CANARY)}
    assert not any(CANARY in record for record in sealed)


def test_exactly_one_key_is_tried() -> None:
    """T43: opening asks for the key that the record names and no other, also when it fails."""
    watched = WatchedRing(RING)
    vault = Vault(keys=watched)
    sealed = seal(vault, CANARY, HOME)
    assert unseal(vault, sealed, HOME) == CANARY
    renamed = sealed.replace(b"v1\x02k2", b"v1\x02k1", 1)
    with pytest.raises(CredentialsUnreadable):
        unseal(vault, renamed, HOME)
    assert watched.asked == [(Purpose.CREDENTIALS, "k2"), (Purpose.CREDENTIALS, "k1")]


def test_purposes_do_not_open_each_other() -> None:
    """T12, T43: a record sealed for webhook secrets does not open as credentials, nor the other way."""
    credentials, webhooks = Vault(keys=RING), Vault(keys=RING, purpose=Purpose.WEBHOOK_SECRETS)
    for one, other in ((credentials, webhooks), (webhooks, credentials)):
        with pytest.raises(CredentialsUnreadable):
            unseal(other, seal(one, CANARY, HOME), HOME)


def test_records_of_the_first_release_still_open() -> None:
    """R21: what an earlier release sealed opens."""
    pinned = base64.b64decode(
        "djEGZ29sZGVuEcinobh65vM5U4mrc9cldatZnGsNjNXg2cqR/bs7beQ+Dq3RJ+Moc2yLOsc/NqMp+eHa6bMsI8qk++kw+hDxWvI8"
        "fwLycgXEu5hB6Ur4mS8j3toL+GtgAmoVQTh/0phbgUo="
    )
    vault = Vault(keys=KeyRing.from_text(GOLDEN))
    assert unseal(vault, pinned, ("p1", "a1", "credentials", 7)) == "golden ✓".encode()


def test_rotation_of_the_ring() -> None:
    """T45: old records open while their key is in the ring; resealed ones need the new key alone."""
    old, new = new_key_text("old"), new_key_text("new")
    sealed = seal(Vault(keys=KeyRing.from_text(old)), CANARY, HOME)
    both = Vault(keys=KeyRing.from_text(f"{new},{old}@2020-01-01T00:00:00Z"))
    assert both.key_id(sealed) == "old"
    assert unseal(both, sealed, HOME) == CANARY
    again = both.reseal(sealed, project_id="acme", account_id="acc_1", field="credentials", generation=3)
    alone = Vault(keys=KeyRing.from_text(new))
    assert alone.key_id(again) == "new"
    assert unseal(alone, again, HOME) == CANARY
    with pytest.raises(CredentialsUnreadable, match=r"'old', which is not in the key ring\. Put it back"):
        unseal(alone, sealed, HOME)
    with pytest.raises(CredentialsUnreadable):
        both.reseal(sealed, project_id="acme", account_id="acc_1", field="credentials", generation=4)


def test_a_memoryview_opens() -> None:
    """Some database drivers give bytes as bytearray or memoryview; both open."""
    vault = Vault(keys=RING)
    sealed = seal(vault, CANARY, HOME)
    for column in (bytearray(sealed), memoryview(sealed)):
        assert unseal(vault, column, HOME) == CANARY  # type: ignore[arg-type]
        assert vault.key_id(column) == "k2"  # type: ignore[arg-type]


@pytest.mark.parametrize("generation", [1.5, "1", None])
def test_a_generation_is_a_whole_number(generation: object) -> None:
    """T43: nothing is sealed under a generation that would read back as another."""
    with pytest.raises((ValueError, TypeError)):
        seal(Vault(keys=RING), CANARY, ("p", "a", "f", generation))  # type: ignore[arg-type]


# --- credentials ---

CREDENTIALS = Credentials(
    method="oauth2",
    secrets={"access_token": Secret("at-canary-1"), "refresh_token": Secret("rt-canary-✓\n\x00")},
    variables={"instance_url": "https://eu9.example.com"},
    expires_at=datetime(2026, 11, 23, 12, 0, 0, 123000, tzinfo=UTC),
    granted_scopes=("read", "write"),
)


def revealed(credentials: Credentials) -> object:
    return replace(credentials, secrets={}), {name: s.reveal() for name, s in credentials.secrets.items()}


@pytest.mark.parametrize("credentials", [CREDENTIALS, Credentials("api_key", {})])
def test_credentials_come_back_whole(credentials: Credentials) -> None:
    """Sealed credentials open to equal ones, in their place only, and show nothing of themselves."""
    vault = Vault(keys=RING)
    sealed = vault.seal_credentials(credentials, project_id="p", account_id="a", generation=1)
    opened = vault.open_credentials(sealed, project_id="p", account_id="a", generation=1)
    assert revealed(opened) == revealed(credentials)
    assert b"canary" not in sealed
    with pytest.raises(CredentialsUnreadable):
        vault.open_credentials(sealed, project_id="p", account_id="a", generation=2)


@pytest.mark.parametrize(
    "plaintext", [b"", b"[]", b"{}", b"\xff", b"null", b'{"method":"x"}', b'{"secrets":{"a":1}}']
)
def test_another_form_of_credentials_is_unreadable(plaintext: bytes) -> None:
    """T44: a sealed record that holds no credentials is CredentialsUnreadable, not a crash."""
    vault = Vault(keys=RING)
    sealed = seal(vault, plaintext, ("p", "a", "credentials", 1))
    with pytest.raises(CredentialsUnreadable, match="form"):
        vault.open_credentials(sealed, project_id="p", account_id="a", generation=1)


# --- the canary and the leaks ---


def test_the_canary_tells_wrong_keys() -> None:
    """T45: the canary passes with the ring it was made with, also behind newer ones, and with no other."""
    k1, k2 = new_key_text("k1"), new_key_text("k2")
    canary = Vault(keys=KeyRing.from_text(k1)).canary()
    Vault(keys=KeyRing.from_text(k1)).check_canary(canary)
    Vault(keys=KeyRing.from_text(f"{k2},{k1}")).check_canary(canary)
    with pytest.raises(WrongKeys, match=r"'k1', which is not in the key ring.*The ring has: k2\.") as missing:
        Vault(keys=KeyRing.from_text(k2)).check_canary(canary)
    assert isinstance(missing.value, ConfigurationError)
    with pytest.raises(WrongKeys, match="another key had this name"):
        Vault(keys=KeyRing.from_text(new_key_text("k1"))).check_canary(canary)
    with pytest.raises(WrongKeys, match="not a sealed record"):
        Vault(keys=KeyRing.from_text(k1)).check_canary(b"")
    other = Vault(keys=KeyRing.from_text(k1)).seal(
        b"something else", project_id="", account_id="", field="canary", generation=0
    )
    with pytest.raises(WrongKeys):
        Vault(keys=KeyRing.from_text(k1)).check_canary(other)


def test_a_failure_shows_neither_key_nor_plaintext() -> None:
    """T46: no frame of a refusal holds a wrapping key, a data key or a plaintext."""
    vault = Vault(keys=RING)
    sealed = seal(vault, CANARY, HOME)
    hidden = [repr(RING.signing_key(Purpose.CREDENTIALS)[1])[2:-1], CANARY.decode(), "at-canary-1"]
    wrong_form = seal(vault, b'{"access_token":"at-canary-1"}', ("p", "a", "credentials", 1))
    errors: list[BaseException] = []
    for call in (
        lambda: unseal(vault, sealed[:-1] + bytes([sealed[-1] ^ 1]), HOME),
        lambda: unseal(vault, sealed, (*HOME[:3], 4)),
        lambda: unseal(vault, sealed, ("\ud800", *HOME[1:])),
        lambda: unseal(vault, b"v1\x02k1" + sealed[5:], HOME),
        lambda: vault.open_credentials(wrong_form, project_id="p", account_id="a", generation=1),
    ):
        with pytest.raises(CredentialsUnreadable) as caught:
            call()
        errors.append(caught.value)
    assert len(errors) == 5
    for error in errors:
        shown = reported(error)
        assert "Vault object" in shown
        assert not any(text in shown for text in hidden)


def test_a_vault_is_not_copied_anywhere() -> None:
    """T46: a vault holds its ring, and goes where that goes: into no pickle and no deep copy."""
    with pytest.raises(TypeError):
        copy.deepcopy(Vault(keys=RING))
