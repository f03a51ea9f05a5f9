"""Definitions: whatever could send a secret to the wrong place is refused when they are read."""

import pytest

from connect_hub.connectors import catalog
from connect_hub.connectors.definition import Connector, Trigger
from connect_hub.connectors.fields import Field
from connect_hub.errors import ConfigurationError
from tests.connectors.example import TEXT, connector, document


def problems(changes: dict[str, object]) -> str:
    with pytest.raises(ConfigurationError) as caught:
        Connector.model_validate(document(changes))
    return caught.value.message


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"version": 2}, "version"),
        ({"version": None}, "version"),
        ({"colour": "red"}, "colour"),
        ({"fields.0.colour": "red"}, "fields.0.colour"),
        ({"methods.0.probe.colour": "red"}, "probe.colour"),
        ({"key": "Zen Desk"}, "key"),
        ({"categories": []}, "categories"),
        ({"categories": ["pets"]}, "categories.0"),
        ({"methods": []}, "methods"),
        ({"methods.1.type": "telepathy"}, "telepathy"),
        ({"methods.1.recommended": True}, "only one can be recommended"),
        ({"methods.1.key": "oauth2"}, "two have the key 'oauth2'"),
        # addresses (T25)
        ({"base_url": "http://{subdomain}.example-desk.com"}, "is not https"),
        ({"base_url": "https://{subdomain}example-desk.com"}, "not covered by `allowed_hosts`"),
        ({"base_url": "https://example-desk.com.{subdomain}"}, "not covered by `allowed_hosts`"),
        ({"base_url": "https://{subdomain}.example-desk.com.evil.com"}, "not covered by `allowed_hosts`"),
        ({"base_url": "https://a@example-desk.com"}, "is not an address"),
        ({"base_url": "https://{subdomain}.example-desk.com?x=1"}, "cannot have a query"),
        ({"base_url": "/api"}, "write the whole address"),
        ({"base_url": "https://{subdomain}.example-desk.com/../x"}, "dotted segment"),
        ({"base_url": "https://{tenant}.example-desk.com"}, "no field or token variable"),
        ({"base_url": "{instance_url}/api"}, "may be absent"),
        ({"base_url": "https://{team_id}.example-desk.com"}, "give it a `format` or `pattern`"),
        ({"allowed_hosts": []}, "needs `allowed_hosts`"),
        ({"allowed_hosts": [".com"]}, "allowed_hosts.0"),
        ({"allowed_hosts": ["*.example-desk.com"]}, "allowed_hosts.0"),
        ({"fields.0.format": "text"}, "give it a `format` or `pattern`"),
        ({"fields.0.format": "path_segment"}, 'give it `format = "dns_label"`'),
        ({"fields.0.pattern": "[a-z.]+", "fields.0.format": "text"}, 'give it `format = "dns_label"`'),
        ({"fields.0.required": False}, "may be absent"),
        ({"methods.0.authorize_url": "https://{team_id}.example-desk.com/x"}, "no field or token variable"),
        ({"methods.2.fields.0.options.1.value": "evil.com/"}, "not covered by `allowed_hosts`"),
        # secrets stay out of addresses (T21)
        ({"methods.1.probe.url": "/me?key={api_token}"}, "secrets go in headers or bodies"),
        ({"methods.0.probe.url": "/me/{access_token}"}, "no field or token variable"),
        ({"methods.0.revoke.url": "/revoke/{refresh_token}"}, "no field or token variable"),
        ({"methods.0.authorize_params.x": "{client_secret}"}, "not a field that is not secret"),
        ({"methods.0.authorize_params.state": "x"}, "sets this parameter itself"),
        # headers and bodies
        ({"methods.1.request.basic.username": "{mail}/token"}, "{mail} is not a field"),
        ({"methods.1.request.basic.username": "{email/token"}, "brace"),
        ({"methods.0.request.headers": {"Host": "evil.com"}}, "cannot be set"),
        ({"methods.0.request.headers": {"X Y": "a"}}, "cannot be set"),
        ({"methods.0.request.headers": {"X": "a\r\nY: b"}}, "printable ASCII"),
        ({"headers": {"X": "{subdomain}"}}, "headers.X"),
        ({"headers": {"Authorization": "x"}}, "headers.Authorization"),
        ({"methods.1.request": {}}, "say how calls are authenticated"),
        ({"methods.0.probe.body": {"a": "b"}}, "a GET has no body"),
        ({"methods.0.probe.answers.0.field": "nobody"}, "there is no field 'nobody'"),
        ({"methods.0.probe.answers.0": {"means": "ok"}}, "does not match everything"),
        ({"methods.1.revoke": {"url": "/revoke"}}, "there is no OAuth client here"),
        ({"methods.0.identity.id": "{access_token}"}, "{access_token} is not"),
        ({"methods.1.probe": None}, "add a probe or a url"),
        # fields
        ({"methods.1.fields.0.key": "subdomain"}, "two of this key"),
        ({"methods.0.fields": [{"key": "access_token", "label": "x"}]}, "taken by the token"),
        ({"methods.1.fields.1.type": "text"}, "none is secret"),
        ({"methods.1.fields.1.secret": False}, "a password field is always secret"),
        ({"methods.1.fields.1.default": "x"}, "cannot have a default"),
        ({"fields.0.pattern": "^a$"}, "leave out ^"),
        ({"fields.0.pattern": "a("}, "not a regular expression"),
        ({"fields.0.pattern": "[a-z_-]+"}, r"a bare hyphen in [a-z_-]: write \-"),
        ({"fields.0.pattern": "[[:alpha:]]+"}, "a bare `[` in [[:alpha:]"),
        ({"methods.0.identity.id": "account..id"}, "'account..id' is no path such as user.id"),
        ({"fields.0.options": [{"value": "a", "label": "A"}]}, "`options` go with"),
        ({"methods.2.fields.0.default": "login.asia"}, "not one of the options"),
        ({"fields.0.help_url": "javascript:alert(1)"}, "beginning with https://"),
        ({"methods.2.client_secret": "{client_id}"}, "must come from a secret field"),
        ({"methods.0.authorization_response_iss_parameter_supported": True}, "issuer"),
        ({"methods.0.scopes": ["a b"]}, "scopes.0"),
    ],
)
def test_a_definition_that_breaks_a_rule_is_refused_and_says_where(
    changes: dict[str, object], expected: str
) -> None:
    """T25, T21: each rule of the language has a definition that breaks it; the refusal says where."""
    assert expected in problems(changes)


def test_the_example_keeps_every_rule() -> None:
    """The example that people copy from is accepted, and its first method is the recommended one."""
    example = connector()
    assert [method.name for method in example.methods] == ["oauth2", "api_key", "client_credentials"]
    assert example.recommended.name == "oauth2"
    assert [f.key for f in example.fields_of(example.method("api_key"))] == [
        "subdomain",
        "email",
        "api_token",
    ]
    assert example.method("api_key").fields[1].secret


def test_a_plain_http_address_needs_the_definition_to_allow_it() -> None:
    """`allow_http` is for test connectors: without it no address is http."""
    changes: dict[str, object] = {"base_url": "http://127.0.0.1:8000/api"}
    assert "is not https" in problems(changes)
    assert connector({**changes, "allow_http": True}).base_url == "http://127.0.0.1:8000/api"


def test_a_definition_in_python_is_refused_in_the_same_words() -> None:
    """What a file would be told is told of objects as well, a line each, without a value in it."""
    right = connector()
    wrong = {**dict(right), "key": "Zen Desk", "methods": ()}
    with pytest.raises(ConfigurationError) as caught:
        Connector(**wrong)
    assert caught.value.message.splitlines() == [
        "Connector: key: write lower-case letters, digits, `-` and `_`, beginning with a letter",
        "Connector: methods: write at least 1",
    ]
    del wrong["name"]
    with pytest.raises(ConfigurationError, match="Connector: name: it is missing: add `name = …`"):
        Connector(**wrong)


def test_a_part_in_python_is_refused_in_the_same_words() -> None:
    """A field, a trigger or a method by itself says what a file would be told, without a value in it."""
    made: list[tuple[type[Field] | type[Trigger], dict[str, object], str]] = [
        (Field, {"key": "token", "label": ""}, "Field: label: it is empty: write something"),
        (Field, {"key": "token", "label": "T", "secret": True, "default": "s3cret"}, "Field: a secret field"),
        (Field, {"label": "Token"}, "Field: key: it is missing: add `key = …`"),
        (Trigger, {"headers": ("authorization",)}, "Trigger: headers.0: 'authorization' is not a header"),
    ]
    for part, values, said in made:
        with pytest.raises(ConfigurationError) as caught:
            part(**values)
        assert caught.value.message.startswith(said)
        assert "s3cret" not in caught.value.message


def test_every_problem_of_a_file_is_told_with_file_place_and_what_to_change() -> None:
    """One reading of a broken file names all of its problems, a line each, beginning with the file."""
    text = TEXT.replace('format = "dns_label" ', "").replace("{email}/token", "{mail}")
    with pytest.raises(ConfigurationError) as caught:
        catalog.parse(text, "example.toml")
    lines = caught.value.message.splitlines()
    assert len(lines) > 1
    assert all(line.startswith("example.toml: methods.") for line in lines)
    assert any("{mail}" in line for line in lines)
    with pytest.raises(ConfigurationError, match=r"example.toml: fields.0.colour: there is no such key"):
        catalog.parse(TEXT.replace("placeholder =", "colour ="), "example.toml")
    with pytest.raises(ConfigurationError, match=r"call it example.toml"):
        catalog.parse(TEXT, "other.toml")
    with pytest.raises(ConfigurationError, match="is not TOML"):
        catalog.parse("version =", "broken.toml")


TYPES = '"oauth2", "client_credentials", "api_key", "basic" or "custom"'
OWN = """version = 1
key = "own"
name = "Own"
categories = ["crm"]
base_url = "https://api.own.example"
fields = []

[[methods]]
type = "api_key"
label = "Key"
request.headers = { X-Key = "{api_key}" }
fields = [{ key = "api_key", label = "Key", type = "password" }]
probe.url = "/me"
identity.id = "id"
"""


@pytest.mark.parametrize(
    ("old", "new", "lines"),
    [
        ("version = 1", "version = 2", ["version: write 1"]),
        ("version = 1\n", "", ["version: it is missing: add `version = 1`"]),
        ('name = "Own"', "name = 3", ["name: write a text in quotes"]),
        ('name = "Own"', 'name = ""', ["name: it is empty: write something, or leave it out"]),
        ('key = "own"', 'key = "Own App"', [
            "key: write lower-case letters, digits, `-` and `_`, beginning with a letter"
        ]),
        ('["crm"]', '"crm"', ["categories: write a list: [ … ]"]),
        ('["crm"]', "[]", ["categories: write at least 1"]),
        ('type = "api_key"\n', "", [
            f"methods.0: it has no `type`: add one of {TYPES}"
        ]),
        ('type = "api_key"', 'type = "apikey"', [
            f"methods.0: there is no type 'apikey': write one of {TYPES}"
        ]),
        ("[[methods]]", "[methods]", ["methods: write [[methods]], with two brackets: there may be several"]),
        ("request.headers =", "request.heders =", [
            "methods.0.api_key.request.heders: there is no such key: remove it, or correct its spelling"
        ]),
        ('"api_key", label = "Key"', '"api_key", required = 3', [
            "methods.0.api_key.fields.0.label: it is missing: add `label = …`",
            "methods.0.api_key.fields.0.required: write true or false",
        ]),
    ],
)  # fmt: skip  # a line of the table is a line of the file
def test_a_refusal_speaks_the_language_of_the_file(old: str, new: str, lines: list[str]) -> None:
    """One slip is one line, of what to write in the file; none is about what holds it."""
    assert old in OWN
    with pytest.raises(ConfigurationError) as caught:
        catalog.parse(OWN.replace(old, new, 1), "own.toml")
    assert caught.value.message.splitlines() == [f"own.toml: {line}" for line in lines]


@pytest.mark.parametrize("key", ["discovery_url", "server_metadata_url", "well_known"])
def test_addresses_are_written_down_and_never_discovered(key: str) -> None:
    """T18: the language has no discovery, so no answer of a network can move a token endpoint."""
    found = document()
    methods = found["methods"]
    assert isinstance(methods, list)
    methods[0][key] = "https://login.example-desk.com/.well-known/openid-configuration"
    with pytest.raises(ConfigurationError, match=rf"methods\.0\.\w+\.{key}: there is no such key"):
        Connector.model_validate(found)
