"""What all pages share: `Page`, the forms they post, and the provider they speak of."""

import re
from dataclasses import dataclass, field
from typing import ClassVar, Literal

__all__ = ["Embedding", "Form", "LanguageSwitch", "Page", "ProviderView", "web_address"]

_WEB_ADDRESS = re.compile(r'(https?://[^\s"<>\\]+|/(?![/\\])[^\s"<>\\]*)', re.IGNORECASE)


def web_address(address: str, what: str) -> str:
    """`address` if a link may point to it: http, https, or a path on this host.

    Raises ValueError, naming `what`, for anything else (`javascript:`, `//host`, white space), so that
    no configured text becomes a script by standing in an href.
    """
    if _WEB_ADDRESS.fullmatch(address) is None:
        raise ValueError(
            f"{what}: {address!r} is not a web address. Use https://… or a path that starts with /"
        )
    return address


@dataclass(frozen=True, slots=True)
class Form:
    """Where a form posts to, and what it carries unseen."""

    action: str
    """The address; the method is always POST."""
    hidden: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """Hidden fields as (name, value): nonces and tokens stand here, so it is not in the repr."""


@dataclass(frozen=True, slots=True)
class ProviderView:
    """A provider as pages show it."""

    key: str
    """The connector's key."""
    name: str
    """The full product name."""
    logo_url: str
    """Address of the logo, on this host: `Assets.logo_url(key)`."""


@dataclass(frozen=True, slots=True)
class Embedding:
    """The page stands in a frame of the host's page, which embed.js speaks with."""

    origins: tuple[str, ...]
    """Where that page may be from: the configured origins."""


@dataclass(frozen=True, slots=True)
class LanguageSwitch:
    """The choice of a language; each is a button called `lang` of one form."""

    form: Form
    """Where the choice is posted; it leads back to the page."""
    languages: tuple[tuple[str, str], ...]
    """Tag and own name of each, such as ('de', 'Deutsch')."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """What every page is given."""

    template: ClassVar[str] = "layout.html"
    """The template that `Templating.render` uses for this page."""

    lang: str = "en"
    """The page's language, a BCP 47 tag."""
    dir: Literal["ltr", "rtl"] = "ltr"
    """The direction of its text."""
    switch: LanguageSwitch | None = None
    """The choice of a language; None: the session decides, or the page is gone too soon."""
    exit_url: str | None = None
    """Address of the `Exit` page; None: the page shows no way to stop."""
    embedding: Embedding | None = None
    """The page is embedded; None: it is a page by itself."""
