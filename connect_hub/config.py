"""What a host configures: frozen, grouped, and checked when it is built.

Each message names the field, what is wrong with it, and the fix.
"""

import hashlib
import ipaddress
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import SplitResult, urlsplit

from connect_hub.clock import Clock, SystemClock
from connect_hub.dashboard import DashboardConfig
from connect_hub.errors import ConfigurationError
from connect_hub.events import DEFAULT_EVENTS, EVENT_NAMES
from connect_hub.identity import Identity
from connect_hub.models import Binding
from connect_hub.secret import Secret
from connect_hub.webhooks.fields import header_problem
from connect_hub.webhooks.signing import secret_key

if TYPE_CHECKING:
    from connect_hub.net import Transport

__all__ = [
    "Brand",
    "HubConfig",
    "LinkConfig",
    "NetworkConfig",
    "PageConfig",
    "Project",
    "PublicUrl",
    "Rate",
    "RateConfig",
    "Theme",
    "Webhook",
]

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_LENGTH = re.compile(r"(?:0|[0-9]{1,2}(?:\.[0-9]{1,3})?)(?:px|rem)")
_FONTS = re.compile(r"""(?:"[\w -]+"|[\w-][\w -]*)(?:, ?(?:"[\w -]+"|[\w-][\w -]*))*""")
_HOST_AND_PORT = re.compile(r"(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::[1-9][0-9]{0,4})?")
_DAY = timedelta(days=1)
MIN_API_KEY_LENGTH = 32


def _refuse(field_name: str, problem: str, fix: str) -> ConfigurationError:
    return ConfigurationError(f"{field_name}: {problem}. {fix}")


def _names(field_name: str, value: Collection[str]) -> frozenset[str]:
    """Several texts as a frozenset; one text alone would be taken for its letters."""
    if isinstance(value, str) or not all(isinstance(item, str) for item in value):
        raise _refuse(field_name, "this is not a list of texts", f"Write [{value!r}] for one.")
    return frozenset(value)


def _secrets(field_name: str, values: Sequence[Secret | str]) -> tuple[Secret, ...]:
    """Several secrets, wrapped where they were given as text."""
    if isinstance(values, Secret | str):
        raise _refuse(field_name, "this is one secret, not a list of them", "Write it in brackets.")
    return tuple(Secret(value) if isinstance(value, str) else value for value in values)


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _split_web_address(field_name: str, text: str, *, insecure_dev: bool = False) -> SplitResult:
    """Parse an absolute https address (http on loopback in development), or raise ConfigurationError."""
    fix = f"Give an address such as https://app.example.com/connect, not {text!r}."
    if re.search(r"[\s\\\x00-\x1f\x7f]", text):
        raise _refuse(field_name, "this is not a web address", fix)
    try:
        parts = urlsplit(text)
        port, host = parts.port, parts.hostname
    except ValueError:
        raise _refuse(field_name, "this is not a web address", fix) from None
    if parts.scheme not in {"http", "https"} or not host or port == 0:
        raise _refuse(field_name, "this is not an absolute web address", fix)
    if parts.username is not None or parts.password is not None:
        raise _refuse(field_name, "it contains a user name or password", "Leave them out.")
    if parts.scheme == "http" and not (insecure_dev and _is_loopback(host)):
        fix = (
            f"Use https: http is for loopback alone, such as 127.0.0.1, and {host} is not."
            if insecure_dev
            else "Use https, or on your own machine a loopback host and "
            "config=HubConfig(network=NetworkConfig(insecure_dev=True)); "
            "for connect-hub serve, CONNECT_HUB_INSECURE_DEV=1."
        )
        raise _refuse(field_name, "plain http is refused", fix)
    return parts


class PublicUrl:
    """Where the hub is reached from outside. Every absolute address is made from it, none from a request."""

    __slots__ = ("host", "origin", "path", "text")

    def __init__(self, text: str, *, insecure_dev: bool = False) -> None:
        parts = _split_web_address("public_url", text, insecure_dev=insecure_dev)
        if parts.query or parts.fragment or "?" in text or "#" in text:
            raise _refuse("public_url", "it has a query or a fragment", "End it with the mount's path.")
        path = parts.path.rstrip("/")
        if "//" in path or any(part in {".", ".."} for part in path.split("/")) or "%" in path:
            raise _refuse("public_url", f"its path {path!r} is not plain", "Use a path such as /connect.")
        self.origin: str = f"{parts.scheme}://{parts.netloc.lower()}"
        """Scheme, host and port, as a browser sends it in `Origin`."""
        self.host: str = parts.hostname or ""
        """The host name alone."""
        self.path: str = path
        """The mount's path without a slash at its end; empty when mounted at `/`."""
        self.text: str = self.origin + path

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"PublicUrl({self.text!r})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    """How the pages look, beyond the accent. Contrasts are computed, so that texts stay readable."""

    scheme: Literal["auto", "light", "dark"] = "auto"
    """`auto`: light or dark, as the reader's system asks."""
    surface: str | None = None
    """`#rrggbb` behind texts in the light scheme; lines, greys and signal colours are computed around it."""
    surface_dark: str | None = None
    """The same in the dark scheme."""
    radius: str | None = None
    """How round corners are: a length in px or rem, such as `8px`, `0.25rem` or `0px`."""
    font: str | None = None
    """Font families as in CSS, such as `"Inter", sans-serif`. Web fonts come by a stylesheet of your own."""

    def __post_init__(self) -> None:
        if self.scheme not in ("auto", "light", "dark"):
            raise _refuse("theme.scheme", f"{self.scheme!r} is none", "Choose auto, light or dark.")
        for name in ("surface", "surface_dark"):
            colour = getattr(self, name)
            if colour is None:
                continue
            if not _COLOUR.fullmatch(colour):
                raise _refuse(f"theme.{name}", f"{colour!r} is not a colour", "Write it as #rrggbb.")
            if not _is_far_from_grey(colour):
                raise _refuse(
                    f"theme.{name}",
                    f"on {colour} neither dark nor light text is easy to read",
                    "Choose a lighter or a darker one.",
                )
        if self.radius is not None and not _LENGTH.fullmatch(self.radius):
            raise _refuse("theme.radius", f"{self.radius!r} is not a length", "Write it as 8px or 0.5rem.")
        if self.font is not None and not _FONTS.fullmatch(self.font):
            raise _refuse("theme.font", "these are not font families", 'Write them as "Inter", sans-serif.')


def _is_far_from_grey(colour: str) -> bool:
    """Whether black or white has a contrast of 10 with it (WCAG 2.2, relative luminance)."""
    parts = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    luminance = 0.2126 * red + 0.7152 * green + 0.0722 * blue
    return luminance <= 1.05 / 10 - 0.05 or luminance >= 0.05 * 10 - 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Brand:
    """What the customer's pages say they belong to."""

    name: str | None = None
    """The product's name; None: the host name of `public_url`."""
    logo_url: str | None = None
    """A path on the hub's own origin, such as `/static/logo.svg`; other origins are blocked by the pages'
    content security policy."""
    accent: str | None = None
    """A colour as `#rrggbb` for buttons and links."""
    theme: Theme = field(default_factory=Theme)
    support_url: str | None = None
    support_email: str | None = None
    privacy_url: str | None = None
    terms_url: str | None = None

    def __post_init__(self) -> None:
        if self.name is not None and not 0 < len(self.name.strip()) <= 80:
            raise _refuse("brand.name", "it must have 1 to 80 characters", "Give your product's name.")
        if self.accent is not None and not _COLOUR.fullmatch(self.accent):
            raise _refuse("brand.accent", f"{self.accent!r} is not a colour", "Write it as #rrggbb.")
        if self.logo_url is not None and not re.fullmatch(r"/(?!/)[^\s\\]*", self.logo_url):
            raise _refuse(
                "brand.logo_url",
                "it is not a path on this site",
                "Serve the logo from your own app and give its path, such as /static/logo.svg.",
            )
        for name in ("support_url", "privacy_url", "terms_url"):
            address = getattr(self, name)
            if address is not None:
                _split_web_address(f"brand.{name}", address, insecure_dev=True)
        if self.support_email is not None and not re.fullmatch(r"[^\s@<>]+@[^\s@<>]+", self.support_email):
            raise _refuse("brand.support_email", "this is not an email address", "Give one, or leave it out.")


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An endpoint that events are posted to."""

    url: str
    """https; a private host must be named in `NetworkConfig.allow_private_hosts`."""
    secrets: Sequence[Secret | str]
    """`whsec_…`, newest first; every one signs, so that a receiver can change over in its own time."""
    events: frozenset[str] = DEFAULT_EVENTS
    name: str = ""
    """Names the endpoint in the database; empty: made from the URL. Keep it when the URL moves."""
    providers: frozenset[str] | None = None
    """The connectors whose events it gets; None: all, and what belongs to no connector too."""
    headers: Mapping[str, Secret] = field(default_factory=dict)
    """Header fields that are sent along, such as one that your gateway asks for."""

    def __post_init__(self) -> None:
        _split_web_address("webhook.url", self.url, insecure_dev=True)
        if self.providers is not None:
            object.__setattr__(self, "providers", _names("webhook.providers", self.providers))
        for name, value in self.headers.items():
            problem = header_problem(name, value)
            if problem is not None:
                raise _refuse("webhook.headers", f"{name!r} {problem}", "Change it, or leave it out.")
        object.__setattr__(self, "events", _names("webhook.events", self.events))
        object.__setattr__(self, "secrets", _secrets("webhook.secrets", self.secrets))
        if not self.secrets:
            raise _refuse("webhook.secrets", "there is none", "Make one with `connect-hub webhooks secret`.")
        for secret in self.signing_secrets:
            secret_key(secret)
        unknown = sorted(set(self.events) - EVENT_NAMES)
        if unknown:
            raise _refuse(
                "webhook.events",
                f"{unknown[0]!r} is not an event",
                f"Choose from {', '.join(sorted(EVENT_NAMES))}.",
            )
        if not self.name:
            object.__setattr__(self, "name", hashlib.sha256(self.url.encode()).hexdigest()[:12])
        if not _NAME.fullmatch(self.name):
            raise _refuse(
                "webhook.name", f"{self.name!r} is not a name", "Use letters, digits, '.', '_', '-'."
            )

    @property
    def signing_secrets(self) -> tuple[Secret, ...]:
        """`secrets`, each as a Secret."""
        return _secrets("webhook.secrets", self.secrets)


@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A tenant of the hub."""

    api_keys: Sequence[Secret | str] = ()
    """Keys kept in configuration instead of the database: any text of 32 characters or more, no comma."""
    connectors: frozenset[str] | None = None
    """The enabled ones of the hub's connectors; None: all."""
    webhooks: Sequence[Webhook] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "api_keys", _secrets("project.api_keys", self.api_keys))
        if self.connectors is not None:
            object.__setattr__(self, "connectors", _names("project.connectors", self.connectors))
        for key in self.secret_api_keys:
            text = key.reveal()
            if len(text) < MIN_API_KEY_LENGTH or "," in text:
                raise _refuse(
                    "project.api_keys",
                    "a key is shorter than 32 characters or has a comma",
                    "Make one with `connect-hub api-keys create`.",
                )
        names = [webhook.name for webhook in self.webhooks]
        if len(set(names)) != len(names):
            raise _refuse("project.webhooks", "two endpoints have the same name", "Give each its own name.")

    @property
    def secret_api_keys(self) -> tuple[Secret, ...]:
        """`api_keys`, each as a Secret."""
        return _secrets("project.api_keys", self.api_keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkConfig:
    """How auth links look, whom they admit, and how long things live."""

    style: Literal["fragment", "query"] = "fragment"
    """`fragment` keeps the token out of every log; `query` works without JavaScript."""
    binding: Binding = Binding.CONFIRM
    """The weakest binding a session may have."""
    return_urls: frozenset[str] = frozenset()
    """Where a session's `return_url` may point; compared exactly by scheme, host, port and path."""
    session_lifetime: timedelta = timedelta(minutes=30)
    """Of sessions made over HTTP and with `hub.sessions.create`."""
    link_lifetime: timedelta = timedelta(days=5)
    """Of links made with `hub.links.create` and the command line."""
    max_lifetime: timedelta = timedelta(days=7)
    """No token is accepted that was made to live longer; 30 days at most."""
    visit_idle: timedelta = timedelta(minutes=30)
    visit_absolute: timedelta = timedelta(minutes=60)
    oauth_state_lifetime: timedelta = timedelta(minutes=20)

    def __post_init__(self) -> None:
        object.__setattr__(self, "return_urls", _names("links.return_urls", self.return_urls))
        if self.binding not in set(Binding):
            raise _refuse(
                "links.binding", f"{self.binding!r} is unknown", "Choose 'confirm' or 'host_identity'."
            )
        object.__setattr__(self, "binding", Binding(self.binding))
        if self.style not in {"fragment", "query"}:
            raise _refuse("links.style", f"{self.style!r} is unknown", "Choose 'fragment' or 'query'.")
        if not timedelta(minutes=1) <= self.max_lifetime <= 30 * _DAY:
            raise _refuse("links.max_lifetime", "it is not within 1 minute and 30 days", "Lower it.")
        for name in ("session_lifetime", "link_lifetime"):
            if not timedelta(minutes=1) <= getattr(self, name) <= self.max_lifetime:
                raise _refuse(
                    f"links.{name}", "it is not within 1 minute and links.max_lifetime", "Change one of them."
                )
        for name in ("visit_idle", "visit_absolute", "oauth_state_lifetime"):
            if not timedelta(minutes=1) <= getattr(self, name) <= _DAY:
                raise _refuse(f"links.{name}", "it is not within 1 minute and 1 day", "Change it.")


@dataclass(frozen=True, slots=True)
class Rate:
    """How often something may happen: `per_second` in the long run, `burst` at once."""

    per_second: float
    burst: int

    def __post_init__(self) -> None:
        if not (self.per_second > 0 and self.burst >= 1):
            raise _refuse("rate", "per_second and burst must be positive", "Raise them.")


@dataclass(frozen=True, slots=True, kw_only=True)
class RateConfig:
    """Rate limits, counted in each process by itself. None: no limit."""

    per_api_key: Rate | None = Rate(200.0, 2000)
    per_visit: Rate | None = Rate(2.0, 60)
    per_client: Rate | None = Rate(20.0, 200)
    """For pages that need no cookie, by the client's address."""
    failed_api_keys: Rate | None = Rate(0.5, 20)
    """For requests whose API key was refused, by the client's address."""
    sign_ins: Rate | None = Rate(1 / 30, 10)
    """For sign-ins to the dashboard by token, by the client's address."""
    openings: Rate | None = Rate(1 / 60, 20)
    """For visits that are made from one link, from wherever. A browser that has one makes no other."""
    renewals: Rate | None = Rate(1 / 3600, 2)
    """For `link.renewal_requested`, by link. Past it the host is not told again, and the person sees no
    difference."""
    triggers: Rate | None = Rate(5.0, 100)
    """For what a provider sends to one account's trigger."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConfig:
    """What surrounds the hub."""

    trusted_proxies: int = 0
    """How many proxies in front of the hub append to X-Forwarded-For; their entries name the client."""
    allow_private_hosts: frozenset[str] = frozenset()
    """`host` or `host:port` that outbound calls may reach although they are private."""
    embed_origins: frozenset[str] = frozenset()
    """Where the host's pages may embed the hub or call it from a script: exact origins, such as
    `https://app.example.com`. Empty: nowhere; scripts on the hub's own origin may call it all the same."""
    insecure_dev: bool = False
    """Allow plain http on loopback; for development only."""
    rates: RateConfig = field(default_factory=RateConfig)

    def __post_init__(self) -> None:
        named = _names("network.allow_private_hosts", self.allow_private_hosts)
        object.__setattr__(self, "allow_private_hosts", named)
        object.__setattr__(self, "embed_origins", _names("network.embed_origins", self.embed_origins))
        for origin in self.embed_origins:
            parts = _split_web_address("network.embed_origins", origin, insecure_dev=self.insecure_dev)
            if origin != f"{parts.scheme}://{parts.netloc}" or not _HOST_AND_PORT.fullmatch(parts.netloc):
                raise _refuse(
                    "network.embed_origins",
                    f"{origin!r} is not an exact origin",
                    "Write scheme and host, in lower case, such as https://app.example.com, without a path "
                    "or a star.",
                )
        if isinstance(self.trusted_proxies, bool) or not 0 <= self.trusted_proxies <= 10:
            raise _refuse("network.trusted_proxies", "it is a number from 0 to 10", "Count your proxies.")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageConfig:
    """What the host brings to the pages."""

    templates: Sequence[str | PathLike[str]] = ()
    """Folders that are looked up before the hub's own templates."""
    translations: Sequence[str | PathLike[str]] = ()
    """Folders of catalogues, `<language>/LC_MESSAGES/connect_hub.mo`, looked up before the hub's own."""
    identity: Identity | None = None
    """Who is signed in at the host; needed for `Binding.HOST_IDENTITY`."""

    def __post_init__(self) -> None:
        for name in ("templates", "translations"):
            folders = getattr(self, name)
            if isinstance(folders, str | PathLike):
                raise _refuse(f"pages.{name}", "this is one folder, not a list", f"Write [{str(folders)!r}].")
            for folder in folders:
                if not Path(folder).is_dir():
                    raise _refuse(
                        f"pages.{name}",
                        f"there is no folder {str(folder)!r}",
                        "Create it, or give its path from the application's own file: "
                        "Path(__file__).parent / 'templates'.",
                    )


@dataclass(frozen=True, slots=True, kw_only=True)
class HubConfig:
    """Everything that is optional."""

    projects: Mapping[str, Project] = field(default_factory=lambda: {"default": Project()})
    organization_id: int = 1
    """A number on the wire; the hub itself makes no use of it."""
    links: LinkConfig = field(default_factory=LinkConfig)
    network: NetworkConfig = field(default_factory=NetworkConfig)
    pages: PageConfig = field(default_factory=PageConfig)
    dashboard: DashboardConfig | None = None
    """For operators, at `/dashboard`; None: there is none."""
    dispatch: bool = True
    """Deliver events in this process; False where `connect-hub worker` does it."""
    clock: Clock = field(default_factory=SystemClock)
    transport: "Transport | None" = None
    """Sends the hub's own requests instead of the guarded client; for tests."""

    def __post_init__(self) -> None:
        if not self.projects:
            raise _refuse("projects", "there is none", "Leave it out for the project 'default'.")
        for name in self.projects:
            if not _NAME.fullmatch(name):
                raise _refuse(
                    "projects", f"{name!r} is not a project id", "Use letters, digits, '.', '_', '-'."
                )
        if isinstance(self.organization_id, bool) or not isinstance(self.organization_id, int):
            raise _refuse("organization_id", "it is a whole number on the wire", "Give a number, such as 1.")
        for address in self.links.return_urls:
            _split_web_address("links.return_urls", address, insecure_dev=self.network.insecure_dev)
        if self.links.binding is Binding.HOST_IDENTITY and self.pages.identity is None:
            raise _refuse(
                "pages.identity",
                "binding 'host_identity' needs to know who is signed in",
                "Pass PageConfig(identity=…).",
            )
        private = self.network.allow_private_hosts
        for project in self.projects.values():
            for webhook in project.webhooks:
                parts = urlsplit(webhook.url)
                named = {parts.hostname, f"{parts.hostname}:{parts.port}"} & private
                if parts.scheme == "http" and not (self.network.insecure_dev and named):
                    raise _refuse(
                        "webhook.url",
                        "plain http is refused",
                        "Use https, or on your own machine NetworkConfig(insecure_dev=True, "
                        f"allow_private_hosts={{{parts.netloc!r}}}); for connect-hub serve, "
                        "CONNECT_HUB_INSECURE_DEV and CONNECT_HUB_ALLOW_PRIVATE_HOSTS.",
                    )

    def with_project(self, name: str, project: Project) -> "HubConfig":
        """A copy with `project` under `name`."""
        return replace(self, projects={**self.projects, name: project})
