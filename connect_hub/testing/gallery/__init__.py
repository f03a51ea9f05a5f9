"""A gallery of every page in every state: to look at, and for tests."""

from connect_hub.testing.gallery.app import Gallery
from connect_hub.testing.gallery.overrides import TemplateFinding
from connect_hub.testing.gallery.product import BRAND
from connect_hub.testing.gallery.samples import samples

__all__ = ["BRAND", "Gallery", "TemplateFinding", "samples"]
