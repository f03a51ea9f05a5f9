"""What a host configures is checked when it is built, in words that name the field and the fix."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from connect_hub import (
    Binding,
    Brand,
    ConnectHub,
    ConnectHubError,
    HubConfig,
    KeyRing,
    LinkConfig,
    NetworkConfig,
    Project,
    Secret,
    SQLStorage,
    Theme,
    Webhook,
)
from connect_hub.config import PublicUrl
from connect_hub.keys import new_key_text
from connect_hub.webhooks import generate_secret

SECRET = generate_secret().reveal()
# As code without types calls them.
webhook: Any = Webhook
project: Any = Project
links: Any = LinkConfig
network: Any = NetworkConfig


def given(value: Any) -> Any:
    """A value that is not of the field's type."""
    return value


KEY = "0123456789abcdef0123456789abcdef"


def with_webhook(url: str, secret: str = SECRET, **network: Any) -> HubConfig:
    return HubConfig(
        projects={"default": Project(webhooks=[Webhook(url=url, secrets=[secret])])},
        network=NetworkConfig(**network),
    )


@pytest.mark.parametrize(
    ("build", "field"),
    [
        (lambda: PublicUrl("http://app.example.com/connect"), "public_url"),
        (lambda: PublicUrl("http://app.example.com", insecure_dev=True), "public_url"),
        (lambda: PublicUrl("https://user:pw@app.example.com"), "public_url"),
        (lambda: PublicUrl("https://app.example.com/connect?x=1"), "public_url"),
        (lambda: PublicUrl("https://app.example.com/a/../b"), "public_url"),
        (lambda: PublicUrl("/connect"), "public_url"),
        (lambda: Brand(name=""), "brand.name"),
        (lambda: Brand(accent="red"), "brand.accent"),
        (lambda: Brand(logo_url="https://cdn.example.com/logo.svg"), "brand.logo_url"),
        (lambda: Brand(support_url="javascript:alert(1)"), "brand.support_url"),
        (lambda: webhook(url="https://a.example/", secrets=[]), "webhook.secrets"),
        (lambda: webhook(url="https://a.example/", secrets=SECRET), "webhook.secrets"),
        (
            lambda: webhook(url="https://a.example/", secrets=[SECRET], events="account.created"),
            "webhook.events",
        ),
        (
            lambda: webhook(url="https://a.example/", secrets=[SECRET], events={"account.create"}),
            "webhook.events",
        ),
        (lambda: project(api_keys=["short"]), "project.api_keys"),
        (lambda: project(api_keys=KEY), "project.api_keys"),
        (lambda: project(connectors="bamboohr"), "project.connectors"),
        (lambda: links(binding="bogus"), "links.binding"),
        (lambda: links(return_urls="https://a.example/"), "links.return_urls"),
        (lambda: HubConfig(links=links(binding="host_identity")), "pages.identity"),
        (lambda: HubConfig(links=links(return_urls=["http://a.example/"])), "links.return_urls"),
        (lambda: HubConfig(projects={}), "projects"),
        (lambda: HubConfig(projects={"a/b": project()}), "projects"),
        (lambda: HubConfig(projects=given({"default": True})), "projects['default']"),
        (lambda: HubConfig(projects=given(["default"])), "projects"),
        (lambda: HubConfig(projects=given({1: project()})), "projects"),
        (lambda: HubConfig(network=given(None)), "network"),
        (lambda: HubConfig(network=given(NetworkConfig)), "network"),
        (lambda: HubConfig(pages=given(True)), "pages"),
        (lambda: HubConfig(links=given({})), "links"),
        (lambda: HubConfig(dashboard=given(True)), "dashboard"),
        (lambda: network(rates=None), "network.rates"),
        (lambda: project(webhooks=["https://a.example/"]), "project.webhooks"),
        (lambda: project(webhooks=webhook(url="https://a.example/", secrets=[SECRET])), "project.webhooks"),
        (lambda: Brand(theme=given("dark")), "brand.theme"),
        (lambda: network(allow_private_hosts="localhost"), "network.allow_private_hosts"),
        (lambda: network(trusted_proxies=-1), "network.trusted_proxies"),
        (lambda: with_webhook("http://a.example/"), "webhook.url"),
        (lambda: with_webhook("https://10.0.0.7/"), "webhook.url"),
        (lambda: with_webhook("https://[::1]/"), "webhook.url"),
        (lambda: with_webhook("https://localhost/"), "webhook.url"),
        (lambda: with_webhook("https://a.example:8443/"), "webhook.url"),
        (lambda: with_webhook("https://a.example/#top"), "webhook.url"),
        (lambda: with_webhook("https://a.example/", SECRET[:-5]), "webhook.secrets"),
        (lambda: with_webhook("https://a.example/", ""), "webhook.secrets"),
    ],
)
def test_what_cannot_be_meant_is_refused_and_names_its_field(build: Callable[[], Any], field: str) -> None:
    """Each refusal begins with the field, and ends with what to do (security.md 5.10)."""
    with pytest.raises(ConnectHubError) as caught:
        build()
    assert caught.value.message.startswith(f"{field}: ")
    assert SECRET not in caught.value.message
    assert KEY not in caught.value.message


@pytest.mark.parametrize("field", ["config", "brand"])
def test_a_hub_names_what_is_no_config_of_it(tmp_path: Path, field: str) -> None:
    """As its parts do, which are told apart by their classes."""
    wrong: dict[str, Any] = {field: True}
    storage = SQLStorage.sqlite(tmp_path / "hub.db")
    with pytest.raises(ConnectHubError, match=f"^{field}: this is no "):
        ConnectHub(
            public_url="https://app.example.com/connect",
            keys=KeyRing.from_text(new_key_text("k1")),
            storage=storage,
            connectors=[],
            **wrong,
        )


def test_plain_texts_and_lists_are_taken_for_what_they_mean() -> None:
    """T46: secrets may be given as text and are wrapped at once; lists become sets, names become enums."""
    endpoint = webhook(url="https://a.example/", secrets=[SECRET], events=["account.created"])
    given = project(api_keys=[KEY], connectors=["bamboohr"], webhooks=[endpoint])
    limits = links(binding="confirm", return_urls=["https://a.example/"])
    assert endpoint.events == {"account.created"}
    assert given.connectors == {"bamboohr"}
    assert limits.binding is Binding.CONFIRM
    assert limits.return_urls == {"https://a.example/"}
    assert SECRET not in repr(given)
    assert KEY not in repr(given)
    assert all(isinstance(secret, Secret) for secret in (*endpoint.signing_secrets, *given.secret_api_keys))


@pytest.mark.parametrize(
    ("url", "network", "missing"),
    [
        ("http://127.0.0.1:8080/", {}, "insecure_dev is off and allow_private_hosts does not name"),
        ("http://127.0.0.1:8080/", {"insecure_dev": True}, "Now allow_private_hosts does not name"),
        ("http://127.0.0.1:8080/", {"allow_private_hosts": {"127.0.0.1:8080"}}, "Now insecure_dev is off."),
    ],
)
def test_which_half_is_missing_for_plain_http_is_said(url: str, network: Any, missing: str) -> None:
    """With both it is taken; a setting that is not there is not named."""
    with pytest.raises(ConnectHubError) as refused:
        with_webhook(url, **network)
    assert missing in refused.value.message
    assert "allow_http" not in refused.value.message
    both = with_webhook(url, insecure_dev=True, allow_private_hosts={"127.0.0.1:8080"})
    assert both.projects["default"].webhooks[0].url == url


@pytest.mark.parametrize(("kept", "problem"), [(0, "is empty"), (-5, "was cut or changed")])
def test_an_unusable_secret_names_its_endpoint(kept: int, problem: str) -> None:
    """T46: by name and host; nothing of the secret, nor of the address's path, which may be one."""
    with pytest.raises(ConnectHubError) as refused:
        Webhook(url="https://a.example/hidden-path", secrets=[SECRET, SECRET[:kept]], name="crm")
    message = refused.value.message
    assert message.startswith("webhook.secrets: one of the endpoint 'crm' at https://a.example ")
    assert problem in message
    assert "hidden-path" not in message
    assert SECRET[10:20] not in message


@pytest.mark.parametrize(
    ("build", "fix"),
    [
        (lambda: network(embed_origins={"*"}), "Write it as https://app.example.com, and not '*'."),
        (lambda: network(embed_origins={"www.acme.example"}), "Write it as https://app.example.com, and not"),
        (lambda: Brand(privacy_url="/privacy"), "Write it as https://www.example.com/privacy, and not '/pri"),
        (
            lambda: HubConfig(links=links(return_urls={"/done"})),
            "Write it as https://app.example.com/connected",
        ),
        (lambda: Theme(font="'Inter', serif"), "single quotes in \"'Inter', serif\". Write double ones."),
    ],
)
def test_what_a_refusal_shows_would_be_taken(build: Callable[[], Any], fix: str) -> None:
    """The example in a message is one of what this very field takes, and the message says what is wrong."""
    with pytest.raises(ConnectHubError) as refused:
        build()
    assert fix in refused.value.message
