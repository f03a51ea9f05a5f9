"""What a host configures: frozen, grouped, and checked when it is built.

Each message names the field, what is wrong with it, and the fix.
"""

from connect_hub.config.brand import Brand, Theme
from connect_hub.config.hub import HubConfig
from connect_hub.config.links import LinkConfig
from connect_hub.config.network import NetworkConfig, Rate, RateConfig, configured_policy, entered_policy
from connect_hub.config.pages import PageConfig
from connect_hub.config.projects import MIN_API_KEY_LENGTH, Project, Webhook
from connect_hub.config.public_url import PublicUrl

__all__ = [
    "MIN_API_KEY_LENGTH",
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
    "configured_policy",
    "entered_policy",
]
