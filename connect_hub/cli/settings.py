"""What `connect-hub serve` reads from the environment: every variable, checked, in one place.

Only the command line reads the environment; the library is configured in code. Each message names the
variable, what is wrong with it, and the fix; none repeats a value that may be secret.
"""

import difflib
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, ValidationError
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from connect_hub.config import MIN_API_KEY_LENGTH
from connect_hub.errors import ConfigurationError
from connect_hub.models import Binding
from connect_hub.secret import Secret

__all__ = ["PREFIX", "Client", "Settings", "clients_in", "naming", "unknown_variables"]

PREFIX = "CONNECT_HUB_"
CONNECTOR = f"{PREFIX}CONNECTOR_"
DEFAULT_DATABASE = "sqlite:///connect_hub.db"


def _items(value: object) -> object:
    """Comma-separated texts; white space around them is ignored."""
    if not isinstance(value, str):
        return value
    return tuple(item.strip() for item in value.split(",") if item.strip())


def _secret(value: object) -> object:
    return Secret(value) if isinstance(value, str) else value


def _secrets(value: object) -> object:
    items = _items(value)
    return tuple(map(Secret, items)) if isinstance(items, tuple) and isinstance(value, str) else items


def _api_keys(value: object) -> object:
    """`project_id:key`, comma-separated; the project ends at the first colon."""
    if not isinstance(value, str):
        return value
    found: list[tuple[str, Secret]] = []
    for place, entry in enumerate(value.split(","), 1):
        project, colon, key = entry.strip().partition(":")
        if not entry.strip():
            continue
        if not colon or not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", project):
            del value, entry, project, key
            raise ValueError(f"entry {place} is not of the form project_id:key. Write default:…")
        if len(key) < MIN_API_KEY_LENGTH:
            del value, entry, key
            raise ValueError(
                f"the key in entry {place} is shorter than {MIN_API_KEY_LENGTH} characters. "
                "Use a random one, or make one with `connect-hub api-keys create`"
            )
        found.append((project, Secret(key)))
    return tuple(found)


def _origin(text: str) -> str:
    """An exact origin as a browser sends it: scheme, host, port; nothing else."""
    parts = urlsplit(text)
    try:
        port = parts.port
    except ValueError:
        port = 0
    bare = (
        parts.scheme in {"https", "http"}
        and parts.hostname is not None
        and re.fullmatch(
            r"[a-z0-9.-]+|\[[0-9a-f:]+\]", parts.netloc.rpartition(f":{port}")[0] or parts.netloc
        )
        and port != 0
        and text == f"{parts.scheme}://{parts.netloc}"
    )
    if not bare or "*" in text:
        raise ValueError(
            f"{text!r} is not an exact origin. Write scheme and host, in lower case, such as "
            "https://app.example.com, without a path or a star"
        )
    return text


Items = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_items)]
Origins = Annotated[tuple[Annotated[str, AfterValidator(_origin)], ...], NoDecode, BeforeValidator(_items)]
OneSecret = Annotated[Secret | None, NoDecode, BeforeValidator(_secret)]
Secrets = Annotated[tuple[Secret, ...], NoDecode, BeforeValidator(_secrets)]
ApiKeys = Annotated[tuple[tuple[str, Secret], ...], NoDecode, BeforeValidator(_api_keys)]


class Settings(BaseSettings):
    """The variables, without the clients of connectors: those are named after each connector."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
        hide_input_in_errors=True,
        arbitrary_types_allowed=True,
    )

    public_url: str | None = Field(None, description="where the hub is reached from outside; required")
    keys: OneSecret = Field(None, description="the key ring; required; made by `connect-hub keys new`")
    database_url: OneSecret = Field(None, description="where rows are kept")
    api_keys: ApiKeys = Field((), description="keys of the REST API, as project_id:key")
    connectors: Items = Field((), description="keys of the connectors that are offered")
    connectors_path: str | None = Field(None, description="a folder of connectors of your own, as TOML")
    webhook_url: str | None = Field(None, description="where events are posted to")
    webhook_secret: Secrets = Field((), description="signs them; the newest first")
    embed_origins: Origins = Field((), description="the origins whose pages may embed the hub")
    allow_private_hosts: Items = Field((), description="private hosts that may be called")
    insecure_dev: bool = Field(False, description="allow plain http on loopback")
    product_name: str | None = Field(None, description="what the pages call you")
    accent: str | None = Field(None, description="the colour of buttons and links")
    logo_url: str | None = Field(None, description="a path on the hub's own origin")
    support_url: str | None = Field(None, description="where the pages send whoever needs help")
    support_email: str | None = Field(None, description="the same, as an address")
    privacy_url: str | None = Field(None, description="your privacy notice")
    terms_url: str | None = Field(None, description="your terms")
    templates: Items = Field((), description="folders of templates of your own")
    translations: Items = Field((), description="folders of translations of your own")
    return_urls: Items = Field((), description="where a session's return_url may point")
    binding: Binding = Field(Binding.CONFIRM, description="how a visitor is tied to a link")
    link_style: Literal["fragment", "query"] = Field("fragment", description="where a link has its token")
    trusted_proxies: int = Field(0, ge=0, le=10, description="how many proxies stand in front")
    dashboard: bool = Field(False, description="serve the dashboard, signed in to by token")
    organization_id: int = Field(1, description="a number that the API repeats")

    @classmethod
    def read(cls) -> "Settings":
        """From the environment. Raises ConfigurationError with one line for each variable that is wrong."""
        try:
            return cls()
        except ValidationError as error:
            problems = [_sentence(detail) for detail in error.errors(include_url=False, include_input=False)]
        raise ConfigurationError("\n".join(problems))

    @property
    def projects(self) -> tuple[str, ...]:
        """The project ids: `default`, and those that have a key here."""
        return tuple(dict.fromkeys(["default", *(project for project, _ in self.api_keys)]))


class Client:
    """The OAuth client that the environment gives one connector."""

    def __init__(self, environ: Mapping[str, str], key: str) -> None:
        self.id_variable = f"{CONNECTOR}{_spelled(key)}_CLIENT_ID"
        self.secret_variable = f"{CONNECTOR}{_spelled(key)}_CLIENT_SECRET"
        self.id = environ.get(self.id_variable) or None
        secret = environ.get(self.secret_variable) or None
        self.secret = None if secret is None else Secret(secret)


def clients_in(environ: Mapping[str, str], keys: tuple[str, ...]) -> dict[str, Client]:
    """The client of each connector in `keys`. Raises ConfigurationError for a half of one."""
    spellings: dict[str, str] = {}
    for key in keys:
        other = spellings.setdefault(_spelled(key), key)
        if other != key:
            raise ConfigurationError(
                f"{PREFIX}CONNECTORS: {other!r} and {key!r} would have the same variables. Rename one."
            )
    clients = {key: Client(environ, key) for key in keys}
    for client in clients.values():
        if client.secret is not None and client.id is None:
            raise ConfigurationError(
                f"{client.secret_variable} is set, but {client.id_variable} is not. Set both."
            )
    return clients


def unknown_variables(environ: Mapping[str, str], connectors: tuple[str, ...]) -> list[str]:
    """A warning for each variable that looks like ours and means nothing."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    for key in connectors:
        client = Client({}, key)
        known |= {client.id_variable, client.secret_variable}
    endings = {name.removeprefix(PREFIX) for name in known}
    warnings = []
    for name in sorted(set(environ) - known):
        if name.startswith(PREFIX):
            # Without the prefix, which makes any two of ours look alike.
            near = difflib.get_close_matches(name.removeprefix(PREFIX), sorted(endings), n=1, cutoff=0.7)
            hint = f" Did you mean {PREFIX}{near[0]}?" if near else " It is not used."
            if name.startswith(CONNECTOR) and name.endswith(("_CLIENT_ID", "_CLIENT_SECRET")):
                hint += f" Its connector is not in {PREFIX}CONNECTORS."
            warnings.append(f"There is no setting {name}.{hint}")
    return warnings


@contextmanager
def naming(variable: str) -> Iterator[None]:
    """Let a ConfigurationError from inside speak of `variable` instead of the field in code."""
    try:
        yield
    except ConfigurationError as error:
        if variable in error.message:
            raise
        message = re.sub(r"\A[a-z_.\[\]']+: ", "", error.message)
        raise ConfigurationError(f"{variable}: {message}") from None


def environment() -> Mapping[str, str]:
    """The process's environment; commands read it here and nowhere else."""
    return os.environ


def _spelled(key: str) -> str:
    return key.upper().replace("-", "_")


_FIXES = {
    "binding": "Leave it out, or write confirm",
    "link_style": "Write fragment or query",
    "insecure_dev": "Write 1, or leave it out",
    "dashboard": "Write 1, or leave it out",
    "trusted_proxies": "Write how many proxies append to X-Forwarded-For, from 0 to 10",
    "organization_id": "Write a whole number, such as 1",
}


def _sentence(detail: Any) -> str:
    name = str(detail["loc"][0])
    message = str(detail["msg"]).removeprefix("Value error, ")
    fix = _FIXES.get(name)
    return f"{PREFIX}{name.upper()}: {message[:1].lower()}{message[1:]}." + (f" {fix}." if fix else "")
