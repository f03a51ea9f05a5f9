"""The hub that settings.CONNECT_HUB names."""

from connect_hub import ConnectHub, HubConfig, KeyRing
from connect_hub.hosts.django.storage import DjangoStorage
from connect_hub.keys import new_key_text

hub = ConnectHub(
    public_url="https://hub.test/connect",
    keys=KeyRing.from_text(new_key_text()),
    storage=DjangoStorage(),
    connectors=["bamboohr"],
    config=HubConfig(dispatch=False),
)
