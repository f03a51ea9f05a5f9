"""How the pages look."""

import re
from dataclasses import dataclass, field
from typing import Literal

from connect_hub.config.checks import refuse, require, split_web_address

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


_LENGTH = re.compile(r"(?:0|[0-9]{1,2}(?:\.[0-9]{1,3})?)(?:px|rem)")


_FONTS = re.compile(r"""(?:"[\w -]+"|[\w-][\w -]*)(?:, ?(?:"[\w -]+"|[\w-][\w -]*))*""")


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
            raise refuse("theme.scheme", f"{self.scheme!r} is none", "Choose auto, light or dark.")
        for name in ("surface", "surface_dark"):
            colour = getattr(self, name)
            if colour is None:
                continue
            if not _COLOUR.fullmatch(colour):
                raise refuse(f"theme.{name}", f"{colour!r} is not a colour", "Write it as #rrggbb.")
            if not _is_far_from_grey(colour):
                raise refuse(
                    f"theme.{name}",
                    f"on {colour} neither dark nor light text is easy to read",
                    "Choose a lighter or a darker one.",
                )
        if self.radius is not None and not _LENGTH.fullmatch(self.radius):
            raise refuse("theme.radius", f"{self.radius!r} is not a length", "Write it as 8px or 0.5rem.")
        if self.font is not None and not _FONTS.fullmatch(self.font):
            fix = 'Write them as "Inter", sans-serif.'
            if _FONTS.fullmatch(self.font.replace("'", '"')):
                raise refuse("theme.font", f"single quotes in {self.font!r}", f"Write double ones. {fix}")
            raise refuse("theme.font", f"{self.font!r} is no list of font families", fix)


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
        require("brand.theme", self.theme, Theme)
        if self.name is not None and not 0 < len(self.name.strip()) <= 80:
            raise refuse("brand.name", "it must have 1 to 80 characters", "Give your product's name.")
        if self.accent is not None and not _COLOUR.fullmatch(self.accent):
            raise refuse("brand.accent", f"{self.accent!r} is not a colour", "Write it as #rrggbb.")
        if self.logo_url is not None and not re.fullmatch(r"/(?!/)[^\s\\\"<>]*", self.logo_url):
            raise refuse(
                "brand.logo_url",
                "it is not a path on this site",
                "Serve the logo from your own app and give its path, such as /static/logo.svg.",
            )
        for name in ("support_url", "privacy_url", "terms_url"):
            address = getattr(self, name)
            if address is not None:
                example = f"https://www.example.com/{name.removesuffix('_url')}"
                split_web_address(f"brand.{name}", address, insecure_dev=True, example=example)
        if self.support_email is not None and not re.fullmatch(r"[^\s@<>]+@[^\s@<>]+", self.support_email):
            raise refuse("brand.support_email", "this is not an email address", "Give one, or leave it out.")
