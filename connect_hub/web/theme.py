"""The brand as a stylesheet: CSS custom properties, with colours that stay readable (WCAG 2.2).

It is served as a file (`Assets`), never put into a page: the content security policy has no inline style.
"""

import colorsys
import hashlib
from collections.abc import Callable, Mapping
from xml.sax.saxutils import escape

from connect_hub.web.contexts.brand import BrandView

__all__ = ["brand_files", "contrast", "monogram_svg", "readable", "theme_css"]

_LIGHT, _DARK = "#f1f2f5", "#22242a"
"""The surfaces of hub.css that leave the least contrast, light and dark (`--chub-hover`)."""

_TEXT_CONTRAST = 4.5
"""WCAG 2.2, 1.4.3: text against what is behind it."""

_SHAPE_CONTRAST = 3.0
"""WCAG 2.2, 1.4.11: the edge of a control against what is around it."""

_INKS = ("#ffffff", "#000000")
"""What may be written on an accent; the first that is readable. On any colour one of the two is."""

_MONOGRAM_COLOURS = (
    "#3f51b5", "#0b7285", "#2b6a3f", "#8a4b08", "#a61e4d",
    "#6741d9", "#1864ab", "#5c5f0a", "#862e9c", "#495057",
)  # fmt: skip
"""Backgrounds on which white text has a contrast of 4.5 or more."""


def _rgb(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def _luminance(colour: str) -> float:
    """Relative luminance as WCAG 2.2 defines it."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in _rgb(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two `#rrggbb` colours, 1 to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def readable(colour: str, surface: str, wanted: float = _TEXT_CONTRAST) -> str:
    """`colour`, made darker or lighter step by step until its contrast with `surface` is as `wanted`."""
    hue, light, saturation = colorsys.rgb_to_hls(*_rgb(colour))
    step = -0.01 if _luminance(surface) > 0.18 else 0.01
    for _ in range(101):
        if contrast(colour, surface) >= wanted:
            break
        light = min(1.0, max(0.0, light + step))
        colour = "#" + "".join(f"{round(c * 255):02x}" for c in colorsys.hls_to_rgb(hue, light, saturation))
    return colour


def theme_css(accent: str) -> str:
    """The custom properties that hub.css reads, for the light and the dark scheme.

    `accent` is `#rrggbb`, as checked by BrandView.
    """

    def properties(surface: str) -> str:
        fill = readable(accent, surface, _SHAPE_CONTRAST)
        ink = next(i for i in _INKS if contrast(i, fill) >= _TEXT_CONTRAST)
        return f"--chub-accent:{fill};--chub-on-accent:{ink};--chub-accent-text:{readable(accent, surface)}"

    return (
        f":root{{{properties(_LIGHT)}}}\n@media (prefers-color-scheme:dark){{:root{{{properties(_DARK)}}}}}\n"
    )


def monogram_svg(name: str, colour: str | None = None) -> str:
    """A square SVG with the first letter of `name`, for who has no logo.

    The colour follows from the name, unless one is given; nothing in it needs a style or a script.
    """
    letter = next((char for char in name if char.isalnum()), "?").upper()[:1]
    if colour is None:
        colour = _MONOGRAM_COLOURS[hashlib.sha256(name.encode()).digest()[0] % len(_MONOGRAM_COLOURS)]
    ink = next(i for i in _INKS if contrast(i, colour) >= _TEXT_CONTRAST)
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 40 40" role="img">'
        f'<rect width="40" height="40" rx="9" fill="{colour}"/>'
        f'<text x="20" y="20.5" fill="{ink}" font-family="ui-sans-serif,system-ui,sans-serif" font-size="20" '
        f'font-weight="600" text-anchor="middle" dominant-baseline="central">{escape(letter)}</text></svg>\n'
    )


def brand_files(brand: BrandView) -> Mapping[str, Callable[[], bytes]]:
    """The files that are made from the brand, for `Assets(generated=…)`: theme.css and brand.svg."""
    return {
        "theme.css": lambda: theme_css(brand.accent).encode(),
        "brand.svg": lambda: monogram_svg(brand.name, brand.accent).encode(),
    }
