"""Of a provider, and of calls to other servers."""

from connect_hub.errors.root import ConnectHubError

__all__ = [
    "AnswerTooLarge",
    "ClientRejected",
    "CouldNotCheck",
    "MissingPermission",
    "OutboundFailed",
    "OutboundRefused",
    "ProviderError",
    "ProviderRefused",
    "ProviderUnavailable",
    "RejectedCredentials",
    "WrongAddress",
]


class ProviderError(ConnectHubError):
    """The provider did not accept this connection."""

    code = "provider_error"

    def __init__(
        self, message: str | None = None, *, field: str | None = None, provider_message: str | None = None
    ) -> None:
        self.field = field
        """The form field to look at, where one is to blame."""
        self.provider_message = provider_message
        """What the provider said; untrusted text, to be shown escaped and cut short."""
        super().__init__(message)


class RejectedCredentials(ProviderError):
    """The provider did not accept these credentials. Check that you copied all of them."""

    code = "rejected_credentials"


class MissingPermission(ProviderError):
    """These credentials are valid, but lack a permission that is needed."""

    code = "missing_permission"


class WrongAddress(ProviderError):
    """There is no such account address at the provider."""

    code = "wrong_address"


class ProviderUnavailable(ProviderError):
    """The provider is not answering right now. Nothing was saved; try again in a moment."""

    code = "provider_unavailable"


class CouldNotCheck(ProviderError):
    """The provider gave an answer that could not be understood. Nothing was saved."""

    code = "could_not_check"


class ProviderRefused(ProviderError):
    """The sign-in at the provider was not completed."""

    code = "provider_refused"


class ClientRejected(ProviderError):
    """The provider does not accept this site's own OAuth client. Ask the operator of this site to check its \
client id, client secret, scopes and redirect URI."""

    code = "client_rejected"


class OutboundRefused(ConnectHubError):
    """The hub does not call this address."""

    code = "outbound_refused"


class OutboundFailed(ConnectHubError):
    """The remote server could not be reached."""

    code = "outbound_failed"

    def __init__(self, reason: str, message: str | None = None) -> None:
        self.reason = reason
        """`timeout`, `connect`, `tls`, `dns` or `protocol`."""
        super().__init__(message)


class AnswerTooLarge(ConnectHubError):
    """The remote server's answer was larger than allowed."""

    code = "answer_too_large"
