"""Client secrets that operators set, as they are sealed with the settings of a connector."""

from dataclasses import replace

from connect_hub.errors import CredentialsUnreadable
from connect_hub.secret import Secret
from connect_hub.storage.protocol import ConnectorSettings
from connect_hub.vault import Vault

__all__ = ["open_secret", "sealed_secret"]

_FIELD = "client_secret"


def open_secret(vault: Vault, settings: ConnectorSettings) -> Secret | None:
    """The client secret; None: there is none. Raises LookupError if the key that sealed it is gone, or it is
    not as it was written."""
    if settings.sealed is None:
        return None
    try:
        opened = vault.open(
            settings.sealed,
            project_id=settings.project_id,
            account_id=settings.provider,
            field=_FIELD,
            generation=settings.generation,
        )
    except CredentialsUnreadable as error:
        raise LookupError(error.message) from None
    return Secret(opened.decode())


def sealed_secret(vault: Vault, settings: ConnectorSettings, secret: Secret | None) -> ConnectorSettings:
    """The settings with `secret` in the place of what was sealed."""
    generation = settings.generation + 1
    if secret is None:
        return replace(settings, generation=generation, sealed=None, key_id=None)
    sealed = vault.seal(
        secret.reveal().encode(),
        project_id=settings.project_id,
        account_id=settings.provider,
        field=_FIELD,
        generation=generation,
    )
    return replace(settings, generation=generation, sealed=sealed, key_id=vault.key_id(sealed))
