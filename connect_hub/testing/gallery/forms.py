"""The forms of a host's connectors, as samples."""

from connect_hub.connectors.registry import ConnectorRegistry
from connect_hub.flows.choosing import ConnectForm
from connect_hub.web.contexts import Page, ProviderView
from connect_hub.web.languages import Language
from connect_hub.web.pages.connect_form import connect_page
from connect_hub.web.static import Assets

__all__ = ["forms"]


def forms(connectors: ConnectorRegistry, language: Language, assets: Assets) -> dict[str, Page]:
    """The form of each way to sign in to each connector, by the sample's name."""
    found: dict[str, Page] = {}
    for connector in connectors.all():
        several = len(connector.methods) > 1
        for method in connector.methods:
            name = f"form-{connector.key}-{method.name}" if several else f"form-{connector.key}"
            found[name] = connect_page(
                ProviderView(connector.key, connector.name, assets.logo_url(connector.key)),
                ConnectForm(connector, method, attempt_id="0", nonce="0", variables={}, account=None),
                language,
                action=f"/c/v/{connector.key}",
                back_url="/c/v/providers",
                exit_url="/c/v/exit",
            )
    return found
