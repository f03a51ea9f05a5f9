"""The environment of `serve`: what is read from it, and what is said of mistakes."""

import re
from pathlib import Path

import pytest

from connect_hub.cli.host import chosen_hub
from connect_hub.cli.settings import PREFIX, Settings
from connect_hub.config import Brand, Project
from connect_hub.errors import ConfigurationError
from connect_hub.hub import ConnectHub
from connect_hub.storage.sql import SQLStorage
from connect_hub.webhooks import generate_secret

ROOT = Path(__file__).resolve().parents[2]
SECRET_WORD = "canary-secret-word"
OWN_CONNECTOR = """\
version = 1
key = "own-tool"
name = "Own"
categories = ["hris"]
description = "A tool of ours."
base_url = "https://api.own.example/v1"

[[methods]]
type = "oauth2"
label = "Sign in"
authorize_url = "https://own.example/authorize"
token_url = "https://own.example/token"
request.headers = { Authorization = "Bearer {access_token}" }

[methods.probe]
url = "/me"
"""

KEY_CONNECTOR = """
version = 1
key = "own-tool"
name = "Own"
categories = ["hris"]
base_url = "https://api.own.example/v1"

[[methods]]
type = "api_key"
label = "API key"
request.headers = { Authorization = "Bearer {api_key}" }
fields = [{ key = "api_key", label = "API key", type = "password" }]

[methods.probe]
url = "/me"
"""


def _hub(environment: pytest.MonkeyPatch, **variables: str) -> ConnectHub:
    for name, value in variables.items():
        environment.setenv(f"{PREFIX}{name}", value)
    return chosen_hub(None)


def test_everything_arrives_in_the_hub(environment: pytest.MonkeyPatch) -> None:
    """Each variable sets what the table of settings says."""
    secrets = [generate_secret().reveal(), generate_secret().reveal()]
    hub = _hub(
        environment,
        API_KEYS=f"default:{'a' * 32}, shop:with:colons:{'b' * 32}",
        WEBHOOK_URL="http://127.0.0.1:9/hook",
        WEBHOOK_SECRET=",".join(secrets),
        ALLOW_PRIVATE_HOSTS="127.0.0.1:9, receiver.internal",
        INSECURE_DEV="1",
        PRODUCT_NAME="Acme HR",
        ACCENT="#00aa55",
        LOGO_URL="/logo.svg",
        SUPPORT_URL="https://help.example.com/",
        SUPPORT_EMAIL="help@example.com",
        PRIVACY_URL="https://example.com/privacy",
        TERMS_URL="https://example.com/terms",
        TEMPLATES=".",
        TRANSLATIONS="., .",
        RETURN_URLS="https://app.example.com/done, https://app.example.com/other",
        BINDING="confirm",
        LINK_STYLE="query",
        TRUSTED_PROXIES="2",
        ORGANIZATION_ID="17",
        DASHBOARD="1",
        EMBED_ORIGINS="https://app.example.com, http://localhost:3000",
    )
    config = hub.config
    assert set(config.projects) == {"default", "shop"}
    (key,) = config.projects["shop"].secret_api_keys
    assert key.reveal() == f"with:colons:{'b' * 32}"
    (webhook,) = config.projects["shop"].webhooks
    assert webhook.url == "http://127.0.0.1:9/hook"
    assert [secret.reveal() for secret in webhook.signing_secrets] == secrets
    assert config.network.allow_private_hosts == {"127.0.0.1:9", "receiver.internal"}
    assert (config.network.insecure_dev, config.network.trusted_proxies) == (True, 2)
    assert config.links.return_urls == {"https://app.example.com/done", "https://app.example.com/other"}
    assert (config.links.style, config.organization_id) == ("query", 17)
    assert hub.public_url.text == "https://connect.example.com/hub"
    assert list(hub.connectors) == ["bamboohr", "slack"]
    assert not config.dispatch
    assert config.dashboard is not None
    assert hub.brand == Brand(
        name="Acme HR",
        accent="#00aa55",
        logo_url="/logo.svg",
        support_url="https://help.example.com/",
        support_email="help@example.com",
        privacy_url="https://example.com/privacy",
        terms_url="https://example.com/terms",
    )
    assert (config.pages.templates, config.pages.translations) == ((".",), (".", "."))


def test_nothing_but_the_required_is_required(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Public URL and keys are enough; rows go to ./connect_hub.db, and nothing is opened yet (5.10)."""
    environment.delenv("CONNECT_HUB_CONNECTORS")
    environment.setenv("CONNECT_HUB_PRODUCT_NAME", "")  # an empty variable is as good as none
    hub = chosen_hub(None)
    storage = hub.storage
    assert isinstance(storage, SQLStorage)
    assert Path(storage.engine.url.database or "").resolve() == tmp_path / "connect_hub.db"
    assert hub.config.projects == {"default": Project()}
    assert hub.config.dashboard is None
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("PUBLIC_URL", "", "not set"),
        ("PUBLIC_URL", "", "mounted in your application, add --app module:hub"),
        ("PUBLIC_URL", "http://connect.example.com", "plain http"),
        ("PUBLIC_URL", "connect.example.com", "not an absolute web address"),
        ("KEYS", "", "connect-hub keys new"),
        ("KEYS", f"k1:{SECRET_WORD}", "connect-hub keys new"),
        ("DATABASE_URL", "sqlite://", "no file"),
        ("DATABASE_URL", f"mongo://u:{SECRET_WORD}@h/d", "sqlite:///file"),
        ("DATABASE_URL", f"{SECRET_WORD}", "not a database URL"),
        ("DATABASE_URL", f"mysql+nodriver://u:{SECRET_WORD}@h/d", "DATABASE_URL"),
        ("API_KEYS", f"{SECRET_WORD}", "entry 1"),
        ("API_KEYS", f"default:{SECRET_WORD}", "shorter than 32"),
        ("API_KEYS", f"default:{'x' * 32},:{SECRET_WORD}{'x' * 32}", "entry 2"),
        ("CONNECTORS", "slak", "Did you mean 'slack'?"),
        ("CONNECTORS", "salesforce", "CONNECT_HUB_CONNECTOR_SALESFORCE_CLIENT_ID"),
        ("CONNECTORS", "google-workspace", "CONNECT_HUB_CONNECTOR_GOOGLE_WORKSPACE_CLIENT_ID"),
        ("CONNECTORS", "slack,slack", "twice"),
        ("CONNECTORS_PATH", "no/such/folder", "no folder"),
        ("CONNECTOR_SLACK_CLIENT_SECRET", SECRET_WORD, "CONNECT_HUB_CONNECTOR_SLACK_CLIENT_ID is not"),
        ("WEBHOOK_URL", "https://example.com/", "WEBHOOK_SECRET is not set"),
        ("WEBHOOK_SECRET", f"whsec_{SECRET_WORD}", "WEBHOOK_URL is not set"),
        ("ALLOW_PRIVATE_HOSTS", "http://internal/", "host:port"),
        ("INSECURE_DEV", "maybe", "Write 1"),
        ("PRODUCT_NAME", "x" * 81, "1 to 80"),
        ("ACCENT", "green", "#rrggbb"),
        ("LOGO_URL", "https://cdn.example.com/logo.svg", "not a path on this site"),
        ("SUPPORT_URL", "help.example.com", "not an absolute web address"),
        ("SUPPORT_EMAIL", "help", "not an email address"),
        ("PRIVACY_URL", "/privacy", "not an absolute web address"),
        ("TERMS_URL", "/terms", "not an absolute web address"),
        ("TEMPLATES", "no/such/folder", "no folder 'no/such/folder'"),
        ("TRANSLATIONS", "no/such/folder", "no folder 'no/such/folder'"),
        ("RETURN_URLS", "https://ok.example/,/relative", "web address"),
        ("BINDING", "host_identity", "mount the hub"),
        ("BINDING", "none", "confirm"),
        ("LINK_STYLE", "path", "fragment or query"),
        ("TRUSTED_PROXIES", "-1", "0 to 10"),
        ("TRUSTED_PROXIES", "one", "0 to 10"),
        ("ORGANIZATION_ID", "one", "whole number"),
        ("EMBED_ORIGINS", "https://app.example.com/", "exact origin"),
        ("EMBED_ORIGINS", "https://*.example.com", "exact origin"),
        ("EMBED_ORIGINS", "https://App.example.com", "exact origin"),
        ("EMBED_ORIGINS", "https://user@app.example.com", "exact origin"),
        ("EMBED_ORIGINS", "null", "exact origin"),
        ("EMBED_ORIGINS", "https://app.example.com:99999", "exact origin"),
    ],
)
def test_a_mistake_is_named(environment: pytest.MonkeyPatch, name: str, value: str, said: str) -> None:
    """T44, T46: the message has the variable's name and the fix, and no value that may be secret."""
    with pytest.raises(ConfigurationError) as refusal:
        _hub(environment, **{name: value})
    assert f"{PREFIX}{name}" in refusal.value.message
    assert said in refusal.value.message
    assert "OAuth(" not in refusal.value.message  # which is code, and this is an operator
    assert SECRET_WORD not in refusal.value.message
    assert SECRET_WORD not in repr(refusal.value.__cause__)
    assert refusal.value.__cause__ is None


def test_a_client_for_a_connector_that_takes_none(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The variable to remove is named, not the code that it would be elsewhere."""
    (tmp_path / "own-tool.toml").write_text(KEY_CONNECTOR)
    with pytest.raises(ConfigurationError) as refusal:
        _hub(environment, CONNECTORS="own-tool", CONNECTORS_PATH=".", CONNECTOR_OWN_TOOL_CLIENT_ID="id")
    assert refusal.value.message.endswith("remove CONNECT_HUB_CONNECTOR_OWN_TOOL_CLIENT_ID.")
    assert "OAuth(" not in refusal.value.message


def test_a_wrong_webhook_secret_is_named_and_not_shown(environment: pytest.MonkeyPatch) -> None:
    """T46: a webhook secret that was cut is refused by its variable's name."""
    with pytest.raises(ConfigurationError) as refusal:
        _hub(environment, WEBHOOK_URL="https://example.com/", WEBHOOK_SECRET=f"whsec_{SECRET_WORD}")
    assert "CONNECT_HUB_WEBHOOK_SECRET" in refusal.value.message
    assert SECRET_WORD not in refusal.value.message


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/", "http://example.com/", "ftp://example.com/"])
def test_a_webhook_goes_over_https(environment: pytest.MonkeyPatch, url: str) -> None:
    """T23: without INSECURE_DEV and an entry for the host, an endpoint is called with TLS."""
    with pytest.raises(ConfigurationError, match="CONNECT_HUB_WEBHOOK_URL"):
        _hub(environment, WEBHOOK_URL=url, WEBHOOK_SECRET=generate_secret().reveal())


def test_a_folder_of_own_connectors(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Files of CONNECTORS_PATH are offered, with the client whose variables spell `-` as `_`."""
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "own-tool.toml").write_text(OWN_CONNECTOR)
    environment.delenv("CONNECT_HUB_CONNECTORS")
    with pytest.raises(ConfigurationError, match="CONNECT_HUB_CONNECTOR_OWN_TOOL_CLIENT_ID"):
        _hub(environment, CONNECTORS_PATH="tools")
    hub = _hub(environment, CONNECTOR_OWN_TOOL_CLIENT_ID="id", CONNECTOR_OWN_TOOL_CLIENT_SECRET="s" * 20)
    assert list(hub.connectors) == ["own-tool"]
    assert dict(hub.redirect_uris) == {"own-tool": f"{hub.public_url}/oauth/callback/own-tool"}
    both = _hub(environment, CONNECTORS="bamboohr,own-tool")
    assert list(both.connectors) == ["bamboohr", "own-tool"]


def test_the_settings_are_printed_without_secrets(environment: pytest.MonkeyPatch) -> None:
    """T46: a settings object in a log or a traceback shows no secret."""
    environment.setenv("CONNECT_HUB_API_KEYS", f"default:{SECRET_WORD}{'x' * 32}")
    environment.setenv("CONNECT_HUB_DATABASE_URL", f"postgresql://u:{SECRET_WORD}@h/d")
    environment.setenv("CONNECT_HUB_WEBHOOK_SECRET", SECRET_WORD)
    settings = Settings.read()
    assert SECRET_WORD not in repr(settings) + str(settings) + str(settings.model_dump())


def test_the_documentation_lists_every_variable() -> None:
    """The table in docs/operations.md has exactly the variables that are read, each with its default."""
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(CONNECT_HUB_[A-Z_<>]+)` \| (.*?) \|", text, re.MULTILINE))
    fields = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    assert set(rows) == fields | {
        f"{PREFIX}CONNECTOR_<KEY>_CLIENT_ID",
        f"{PREFIX}CONNECTOR_<KEY>_CLIENT_SECRET",
    }
    for name, field in Settings.model_fields.items():
        written = rows[f"{PREFIX}{name.upper()}"]
        if isinstance(field.default, str | int) and not isinstance(field.default, bool):
            assert written == f"`{field.default}`"
        else:
            assert not re.fullmatch(r"`.*`", written) or name == "database_url"
