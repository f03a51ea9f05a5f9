"""Values: what a person typed is trimmed, cut and checked, and nothing of it is lost or repeated."""

import pytest

from connect_hub.connectors.definition import Field, FieldType, Format
from connect_hub.connectors.values import FieldValues, read_values
from connect_hub.errors import ValidationFailed
from tests.connectors.example import connector

HOSTS = (".example-desk.com",)


def one(value: object, **settings: object) -> FieldValues:
    field = Field.model_validate({"key": "it", "label": "It", **settings})
    return read_values([field], {"it": value}, allowed_hosts=HOSTS)


SUBDOMAIN: dict[str, object] = {"prefix": "https://", "suffix": ".example-desk.com", "format": "dns_label"}


@pytest.mark.parametrize(
    "typed",
    [
        "acme",
        " acme\n",
        "ACME",
        "acme.example-desk.com",
        "https://acme.example-desk.com",
        "HTTPS://Acme.Example-Desk.com/agent/dashboard?x=1#y",
        "http://acme.example-desk.com:8443/",
        "https://acme",
        "https://acme/path",
    ],
)
def test_a_pasted_address_is_cut_to_the_part_asked_for(typed: str) -> None:
    """Whatever of the address a person pastes, the field holds the one label it asks for."""
    assert one(typed, **SUBDOMAIN).checked().variables == {"it": "acme"}


@pytest.mark.parametrize(
    "typed",
    ["evil.com", "evil.com/", "evil.com/.example-desk.com", "a@b.example-desk.com", "https://a.evil.com/x",
     "a b", "-a", "a" * 64, ".example-desk.com", "a.b.example-desk.com", "%61cme", "acme\x00", "acmé"],
)  # fmt: skip  # a corpus reads best as a block
def test_what_is_no_label_is_refused_and_not_repeated(typed: str) -> None:
    """T25: a value that is not one label is an error of its field, whose sentence does not repeat it."""
    result = one(typed, **SUBDOMAIN)
    assert result.variables == {}
    assert [error.field for error in result.errors] == ["it"]
    assert typed not in result.errors[0].message


@pytest.mark.parametrize(
    ("typed", "settings", "kept"),
    [
        (" key 1 ", {"secret": True}, "key 1"),
        (5, {"type": "number"}, "5"),
        ("-1.5", {"type": "number"}, "-1.5"),
        ("eu", {"type": "select", "options": [{"value": "eu", "label": "Europe"}]}, "eu"),
        ("a\nb", {"type": "text_area"}, "a\nb"),
        ("ab12", {"pattern": "[a-z]+[0-9]+"}, "ab12"),
        ("login.example-desk.com", {"format": "host"}, "login.example-desk.com"),
        ("https://Login.example-desk.com/x", {"format": "host"}, "login.example-desk.com"),
        ("a@b.co", {"format": "email"}, "a@b.co"),
        ("v1.2_x~y-z", {"format": "path_segment"}, "v1.2_x~y-z"),
    ],
)
def test_a_good_value_is_kept(typed: object, settings: dict[str, object], kept: str) -> None:
    """Trimmed, a fitting value comes out as it went in: a secret as a Secret, the rest as text."""
    result = one(typed, **settings).checked()
    assert {**result.variables, **{name: s.reveal() for name, s in result.secrets.items()}} == {"it": kept}
    assert ("it" in result.secrets) == bool(settings.get("secret"))


@pytest.mark.parametrize(
    ("typed", "settings", "message"),
    [
        ("", {}, "Enter a value"),
        ("   ", {}, "Enter a value"),
        (None, {}, "Enter a value"),
        ("", {"type": "select", "options": [{"value": "eu", "label": "Europe"}]}, "Choose a value"),
        ("us", {"type": "select", "options": [{"value": "eu", "label": "Europe"}]}, "Choose one"),
        ("one", {"type": "number"}, "must be a number"),
        ("1e400", {"type": "number"}, "must be a number"),
        (True, {}, "send a text"),
        (["a"], {}, "send a text"),
        ({"a": 1}, {}, "send a text"),
        ("a\r\nHost: evil", {}, "line break"),
        ("a\u202eb", {}, "invisible"),
        ("a\x00b", {"type": "text_area"}, "invisible"),
        ("abc", {"max_length": 2}, "longer than 2"),
        ("ab1x", {"pattern": "[a-z]+[0-9]+"}, "does not have the form"),
        ("x\nab1", {"pattern": "[a-z]+[0-9]+", "type": "text_area"}, "does not have the form"),
        ("x", {"pattern": "[0-9]+", "pattern_message": "Digits only."}, "Digits only."),
        ("evil.com", {"format": "host"}, "host name"),
        ("127.0.0.1", {"format": "host"}, "host name"),
        ("a@b", {"format": "email"}, "email address"),
        ("../x", {"format": "path_segment"}, "Use only"),
        ("..", {"format": "path_segment"}, "Use only"),
    ],
)
def test_an_unfit_value_is_an_error_that_says_what_to_change(
    typed: object, settings: dict[str, object], message: str
) -> None:
    """Each kind of unfit value has a sentence of its own."""
    result = one(typed, **settings)
    assert [error.field for error in result.errors] == ["it"]
    assert message in result.errors[0].message
    with pytest.raises(ValidationFailed):
        result.checked()


def test_every_error_is_told_and_good_values_are_kept() -> None:
    """One reading tells of every bad field and every unknown key, and keeps the rest."""
    method = connector().method("api_key")
    fields = connector().fields_of(method)
    typed = {
        "subdomain": "evil.com/",
        "email": "me@example.com",
        "api_token": "",
        "apitoken": "x",
        "y" * 99: "z",
    }
    result = read_values(fields, typed, allowed_hosts=HOSTS)
    assert [error.field for error in result.errors] == ["subdomain", "api_token", "apitoken", "y" * 64]
    assert "subdomain, email, api_token" in result.errors[2].message
    assert result.variables == {"email": "me@example.com"}


def test_a_secret_left_alone_in_an_edit_is_no_error() -> None:
    """`kept` names the secrets that an edit leaves as they are."""
    fields = connector().fields_of(connector().method("api_key"))
    typed = {"subdomain": "acme", "email": "me@example.com", "api_token": ""}
    assert read_values(fields, typed, kept={"api_token"}).checked().secrets == {}


def test_an_optional_field_may_be_empty_and_a_default_fills_in_for_an_absent_one() -> None:
    """Empty is absent for an optional field; the default is for a field that was not sent."""
    optional = Field(key="a", label="A", required=False)
    preset = Field(key="b", label="B", default="x", type=FieldType.TEXT, format=Format.DNS_LABEL)
    assert read_values([optional, preset], {"a": " "}).checked().variables == {"b": "x"}


def test_values_with_errors_show_no_secret() -> None:
    """T21: neither the result nor the error it raises shows what a secret field held."""
    fields = connector().fields_of(connector().method("api_key"))
    result = read_values(fields, {"subdomain": "", "email": "x", "api_token": "CANARY-" + "x" * 300})
    with pytest.raises(ValidationFailed) as caught:
        result.checked()
    assert "CANARY" not in repr(result) + str(caught.value) + repr(caught.value)
