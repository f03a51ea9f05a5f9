"""The made-up product that the sample pages are of: its brand, its tools, and what renders its pages."""

from collections.abc import Sequence
from pathlib import Path

from jinja2 import BaseLoader

from connect_hub.web.contexts import BrandView, ProviderView
from connect_hub.web.static import Assets
from connect_hub.web.templating import Templating
from connect_hub.web.theme import brand_files

__all__ = ["BRAND", "LABELS", "TOOLS", "assets", "provider", "templating"]

BRAND = BrandView(
    name="Acme HR",
    host="app.acme-hr.example",
    support_email="help@acme-hr.example",
    privacy_url="https://acme-hr.example/privacy",
    terms_url="https://acme-hr.example/terms",
)

TOOLS = {
    "bamboohr": ("BambooHR", "hris", ("bamboo",)),
    "github": ("GitHub", "ticketing", ()),
    "google-workspace": ("Google Workspace", "iam", ("gmail", "google")),
    "greenhouse": ("Greenhouse", "ats", ()),
    "hubspot": ("HubSpot", "crm", ()),
    "personio": ("Personio", "hris", ()),
    "salesforce": ("Salesforce", "crm", ("sfdc",)),
    "slack": ("Slack", "messaging", ()),
    "zendesk": ("Zendesk", "ticketing", ()),
    "societe": ("Société Générale Paie", "hris", ()),
}
LABELS = {
    "hris": "HR",
    "ats": "Recruiting",
    "crm": "CRM",
    "iam": "Identity",
    "messaging": "Messaging",
    "ticketing": "Ticketing",
}


def assets(brand: BrandView = BRAND) -> Assets:
    """Static files for the sample pages."""
    return Assets(
        prefix="/static",
        generated=brand_files(brand),
        logo_name=lambda key: TOOLS[key][0] if key in TOOLS else None,
    )


def templating(overrides: Sequence[str | Path | BaseLoader] = (), *, brand: BrandView = BRAND) -> Templating:
    """Templating as the hub builds it, over the host's `overrides`."""
    return Templating(brand=brand, static_url=assets(brand).url, overrides=overrides)


def provider(key: str) -> ProviderView:
    return ProviderView(key, TOOLS[key][0], assets().logo_url(key))
