"""The brand as a stylesheet: CSS custom properties, with colours that stay readable (WCAG 2.2).

It is served as a file (`Assets`), never put into a page: the content security policy has no inline style.
"""

import colorsys
import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from xml.sax.saxutils import escape

from connect_hub.web.contexts.brand import BrandView

__all__ = ["DARK", "LIGHT", "brand_files", "contrast", "monogram_svg", "palette", "readable", "theme_css"]

STYLESHEET = Path(__file__).parent.parent / "static" / "hub.css"
"""The rules, which read the properties that are made here."""

LIGHT: Mapping[str, str] = {
    "canvas": "#f6f7f9",
    "surface": "#ffffff",
    "sunken": "#f6f7f9",
    "hover": "#f1f2f5",
    "text": "#16181d",
    "muted": "#5c6370",
    "line": "#e5e7ec",
    "line-control": "#878e9c",
    "danger": "#b42318",
    "danger-surface": "#fef4f3",
    "danger-line": "#f3c9c4",
    "warning": "#8a5300",
    "warning-surface": "#fff8eb",
    "warning-line": "#f1dcb0",
    "success": "#17693b",
    "success-surface": "#edf8f1",
    "success-line": "#c3e6d0",
}
DARK: Mapping[str, str] = {
    "canvas": "#0f1013",
    "surface": "#17181c",
    "sunken": "#1d1f24",
    "hover": "#22242a",
    "text": "#eceef2",
    "muted": "#a0a6b3",
    "line": "#2a2d34",
    "line-control": "#6f7684",
    "danger": "#ff9b91",
    "danger-surface": "#2b1816",
    "danger-line": "#5c2a25",
    "warning": "#f2bf66",
    "warning-surface": "#2a2113",
    "warning-line": "#57431c",
    "success": "#7ed9a0",
    "success-surface": "#13251a",
    "success-line": "#245236",
}
_SHADOWS = {
    "light": "--chub-shadow:0 1px 2px rgb(16 24 40/4%),0 8px 24px -8px rgb(16 24 40/8%);"
    "--chub-shadow-control:0 1px 2px rgb(16 24 40/5%)",
    "dark": "--chub-shadow:0 1px 2px rgb(0 0 0/40%),0 12px 32px -12px rgb(0 0 0/50%);"
    "--chub-shadow-control:0 1px 2px rgb(0 0 0/30%)",
}

_TEXT_CONTRAST = 4.5
"""WCAG 2.2, 1.4.3: text against what is behind it."""

_SHAPE_CONTRAST = 3.0
"""WCAG 2.2, 1.4.11: the edge of a control against what is around it."""

_MIDDLE = 0.18
"""The luminance at which black and white are about as readable."""

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
    step = -0.01 if _luminance(surface) > _MIDDLE else 0.01
    for _ in range(101):
        if contrast(colour, surface) >= wanted:
            break
        light = min(1.0, max(0.0, light + step))
        colour = "#" + "".join(f"{round(c * 255):02x}" for c in colorsys.hls_to_rgb(hue, light, saturation))
    return colour


def _mixed(colour: str, other: str, share: float) -> str:
    """`colour` with a `share` of `other` in it, 0 to 1."""
    pairs = zip(_rgb(colour), _rgb(other), strict=True)
    return "#" + "".join(f"{round((one + (two - one) * share) * 255):02x}" for one, two in pairs)


def palette(surface: str | None, usual: Mapping[str, str]) -> Mapping[str, str]:
    """The colours around a host's own `surface`: what is written on any of them has a contrast of 4.5.

    None: the `usual` ones. `surface` is far from a middle grey, as `connect_hub.config.Theme` sees to.
    """
    if surface is None:
        return usual
    kind = LIGHT if _luminance(surface) > _MIDDLE else DARK
    ink = kind["text"]
    made = {
        "surface": surface,
        "canvas": _mixed(surface, ink, 0.035),
        "sunken": _mixed(surface, ink, 0.035),
        "hover": _mixed(surface, ink, 0.06),
        "line": _mixed(surface, ink, 0.11),
    }
    hover = made["hover"]
    made["text"] = readable(ink, hover, 7.0)
    made["muted"] = readable(_mixed(ink, surface, 0.35), hover)
    made["line-control"] = readable(_mixed(surface, ink, 0.45), hover, _SHAPE_CONTRAST)
    for name in ("danger", "warning", "success"):
        made[f"{name}-surface"] = _mixed(surface, kind[name], 0.06)
        made[f"{name}-line"] = _mixed(surface, kind[name], 0.25)
        # On its own surface it must be readable, and on the one under the pointer.
        made[name] = readable(readable(kind[name], made[f"{name}-surface"]), hover)
    return made


def _filled(colour: str, around: str) -> tuple[str, str, str]:
    """A button's colour, what is written on it, and what it is mixed with under the pointer: away from what
    is written on it."""
    fill = readable(colour, around, _SHAPE_CONTRAST)
    ink, shade = _INKS if contrast(_INKS[0], fill) >= _TEXT_CONTRAST else _INKS[::-1]
    return fill, ink, shade


def _properties(accent: str, colours: Mapping[str, str], shadows: str) -> str:
    fill, ink, shade = _filled(accent, colours["hover"])
    danger, on_danger, danger_shade = _filled(LIGHT["danger"], colours["hover"])
    all_colours = {
        **colours,
        "accent": fill,
        "on-accent": ink,
        "accent-shade": shade,
        "accent-text": readable(accent, colours["hover"]),
        "danger-fill": danger,
        "on-danger": on_danger,
        "danger-shade": danger_shade,
    }
    return ";".join(f"--chub-{name}:{value}" for name, value in all_colours.items()) + ";" + shadows


def theme_css(brand: BrandView) -> str:
    """The custom properties that hub.css reads, for the light scheme, the dark one, or both."""
    light = _properties(brand.accent, palette(brand.surface, LIGHT), _SHADOWS["light"])
    dark = _properties(brand.accent, palette(brand.surface_dark, DARK), _SHADOWS["dark"])
    shape = "".join(
        f"--chub-{name}:{value};"
        for name, value in (("radius", brand.radius), ("font", brand.font))
        if value is not None
    )
    if brand.scheme == "auto":
        rules = f":root{{{shape}{light}}}@media (prefers-color-scheme:dark){{:root{{{dark}}}}}"
    else:
        chosen = light if brand.scheme == "light" else dark
        rules = f":root{{color-scheme:{brand.scheme};{shape}{chosen}}}"
    return f"@layer tokens{{{rules}}}\n"


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
    """The files that are made from the brand, for `Assets(generated=…)`: pages.css, which is hub.css with the
    theme in one request, and brand.svg."""
    return {
        "pages.css": lambda: STYLESHEET.read_bytes() + theme_css(brand).encode(),
        "brand.svg": lambda: monogram_svg(brand.name, brand.accent).encode(),
    }
