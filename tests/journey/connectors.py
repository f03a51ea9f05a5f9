"""The connectors of the journey, written as a host writes its own: TOML files in a folder."""

from pathlib import Path

from tests.peers.keyed_api import KeyedApi
from tests.peers.oidc import OidcPeer

__all__ = ["write_connectors"]

_KEY = """\
version = 1
key = "staffbook"
name = "Staffbook"
aliases = ["Staff Book HR"]
categories = ["hris"]
base_url = "{base_url}"
allow_http = true
allowed_hosts = ["127.0.0.1"]

[[methods]]
type = "api_key"

[[methods.fields]]
key = "api_key"
label = "API key"
type = "password"
help = "Staffbook → Settings → API keys"

[methods.request]
headers = {{ Authorization = "Bearer {{api_key}}" }}

[methods.probe]
url = "/me"

[methods.identity]
id = "id"
name = "name"
email = "email"
"""

_OAUTH = """\
version = 1
key = "deskly"
name = "Deskly"
categories = ["ticketing"]
base_url = "{issuer}/api"
allow_http = true
allowed_hosts = ["127.0.0.1"]

[[methods]]
type = "oauth2"
authorize_url = "{issuer}/auth"
token_url = "{issuer}/token"
scopes = ["openid", "offline_access", "email", "profile"]
authorize_params = {{ prompt = "consent" }}

[methods.request]
headers = {{ Authorization = "Bearer {{access_token}}" }}

[methods.probe]
url = "/me"

[methods.identity]
id = "id"
email = "email"

[methods.revoke]
url = "{issuer}/token/revocation"
auth = "client"
body = {{ token = "{{refresh_token}}" }}
"""


def write_connectors(folder: Path, keyed_api: KeyedApi, oidc: OidcPeer) -> tuple[Path, Path]:
    """(Staffbook, signed in to with a key; Deskly, with OAuth at a real OAuth server)."""
    staffbook, deskly = folder / "staffbook.toml", folder / "deskly.toml"
    staffbook.write_text(_KEY.format(base_url=keyed_api.base_url))
    deskly.write_text(_OAUTH.format(issuer=oidc.issuer))
    return staffbook, deskly
