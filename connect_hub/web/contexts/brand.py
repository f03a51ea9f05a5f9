"""`BrandView`: the host's product as every page shows it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

if TYPE_CHECKING:
    from connect_hub.config import Brand

__all__ = ["BrandView"]

_ACCENT = "#4f46e5"


@dataclass(frozen=True, slots=True, kw_only=True)
class BrandView:
    """The global `brand` of every template; `config.Brand` and `config.Theme` checked its values."""

    name: str
    """The product's name, as its customers know it."""
    host: str
    """The host name of `public_url`."""
    logo_url: str | None = None
    """Address of the logo on this host; None: a monogram made from the name."""
    accent: str = _ACCENT
    """The colour of buttons and links, as `#rrggbb`; what needs more contrast is computed from it."""
    scheme: Literal["auto", "light", "dark"] = "auto"
    """The colours of the pages; auto: as the reader's system asks."""
    surface: str | None = None
    """What stands behind texts in the light scheme, as `#rrggbb`; other colours are computed around it."""
    surface_dark: str | None = None
    """The same for the dark scheme."""
    radius: str | None = None
    """How round corners are, such as `8px`."""
    font: str | None = None
    """Font families as in CSS; fonts of the reader's system, or of a stylesheet of yours."""
    support_url: str | None = None
    """Where a customer gets help."""
    support_email: str | None = None
    """Whom a customer can write to."""
    privacy_url: str | None = None
    """The privacy policy."""
    terms_url: str | None = None
    """The terms of service."""

    @classmethod
    def of(cls, brand: "Brand", host: str) -> Self:
        """What pages show of the configured `brand`; `host` is `PublicUrl.host`, and the name if there is
        no other."""
        return cls(
            name=host if brand.name is None else brand.name,
            host=host,
            logo_url=brand.logo_url,
            accent=_ACCENT if brand.accent is None else brand.accent,
            scheme=brand.theme.scheme,
            surface=brand.theme.surface,
            surface_dark=brand.theme.surface_dark,
            radius=brand.theme.radius,
            font=brand.theme.font,
            support_url=brand.support_url,
            support_email=brand.support_email,
            privacy_url=brand.privacy_url,
            terms_url=brand.terms_url,
        )
