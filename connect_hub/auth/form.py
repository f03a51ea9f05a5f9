"""`api_key`, `basic` and `custom`: the credentials are what the person typed."""

from dataclasses import dataclass

from connect_hub.auth.sign_in import SignIn
from connect_hub.connectors.values import FieldValues
from connect_hub.credentials import Credentials
from connect_hub.errors import RefreshFailed
from connect_hub.models import ProviderIdentity

__all__ = ["FormEngine"]


@dataclass(frozen=True, slots=True)
class FormEngine:
    """Keeps the values of a form; the definition's templates say where they go."""

    sign_in: SignIn

    async def obtain(self, values: FieldValues) -> Credentials:
        """The values as credentials; nothing is called. Raises ValidationFailed for values with errors."""
        values = values.checked()
        return Credentials(
            method=self.sign_in.method.name, secrets=dict(values.secrets), variables=dict(values.variables)
        )

    def base_url(self, credentials: Credentials) -> str:
        return self.sign_in.base_url(credentials)

    def request_headers(self, credentials: Credentials) -> dict[str, str]:
        return self.sign_in.request_headers(credentials)

    async def probe(self, credentials: Credentials) -> ProviderIdentity | None:
        return await self.sign_in.probe(credentials)

    def can_refresh(self, credentials: Credentials) -> bool:
        """Never: they do not run out by themselves."""
        return False

    async def refresh(self, credentials: Credentials) -> Credentials:
        """Raises RefreshFailed: only the customer can give new ones."""
        raise RefreshFailed("Credentials of this kind are not renewed; the customer can enter new ones.")

    async def revoke(self, credentials: Credentials) -> bool:
        return await self.sign_in.revoke(credentials)
