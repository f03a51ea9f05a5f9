"""The connectors of the simulated provider: the same TOML that a host would write for a real one."""

import json

from connect_hub.connectors.catalog import parse
from connect_hub.connectors.definition import Connector

__all__ = ["key_connector", "key_toml", "oauth_connector", "oauth_toml"]


def oauth_toml(*, base_url: str, name: str = "Acme", iss: bool = True) -> str:
    """`simulated`: signs in with OAuth 2. `iss`: whether the provider sends it (RFC 9207)."""
    origin = base_url.rstrip("/")
    return f"""\
version = 1
key = "simulated"
name = {_text(f"{name} Login")}
categories = ["hris"]
description = "A simulated provider that people sign in to."
base_url = {_text(f"{origin}/api/v1")}
allow_http = {_bool(origin.startswith("http://"))}

[[methods]]
type = "oauth2"
label = {_text(f"Sign in with {name}")}
authorize_url = {_text(f"{origin}/oauth/authorize")}
token_url = {_text(f"{origin}/oauth/token")}
scopes = ["profile", "employees"]
{_issuer(origin, iss)}request.headers = {{ Authorization = "Bearer {{access_token}}" }}

[methods.probe]
url = "/me"

[methods.identity]
id = "id"
name = "name"
email = "email"

[methods.revoke]
url = {_text(f"{origin}/oauth/revoke")}
body = {{ token = "{{refresh_token}}" }}
"""


def key_toml(*, base_url: str, name: str = "Acme") -> str:
    """`simulated-key`: asks for an API key."""
    origin = base_url.rstrip("/")
    return f"""\
version = 1
key = "simulated-key"
name = {_text(f"{name} Key")}
categories = ["hris"]
description = "A simulated provider that gives out API keys."
base_url = {_text(f"{origin}/api/v1")}
allow_http = {_bool(origin.startswith("http://"))}

[[methods]]
type = "api_key"
label = "API key"
request.basic = {{ username = "{{api_key}}" }}

[[methods.fields]]
key = "api_key"
label = "API key"
type = "password"
help = "One that add_api_key() of this provider gave; the demonstration prints it. It begins with sim_key_."

[methods.probe]
url = "/me"

[methods.identity]
id = "id"
name = "name"
email = "email"
"""


def oauth_connector(*, base_url: str, name: str = "Acme", iss: bool = True) -> Connector:
    """`oauth_toml`, read. Raises ConfigurationError for an address that is none."""
    return parse(oauth_toml(base_url=base_url, name=name, iss=iss), "simulated.toml")


def key_connector(*, base_url: str, name: str = "Acme") -> Connector:
    """`key_toml`, read. Raises ConfigurationError for an address that is none."""
    return parse(key_toml(base_url=base_url, name=name), "simulated-key.toml")


def _text(value: str) -> str:
    # A JSON string without escapes beyond TOML's is a TOML basic string.
    return json.dumps(value, ensure_ascii=False)


def _bool(value: bool) -> str:
    return "true" if value else "false"


def _issuer(origin: str, iss: bool) -> str:
    # An issuer is https by its own RFC (8414, 2); on plain http loopback there is none to pin.
    if not origin.startswith("https://"):
        return ""
    return f"issuer = {_text(origin)}\nauthorization_response_iss_parameter_supported = {_bool(iss)}\n"
