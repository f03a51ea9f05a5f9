"""Of a linked account and its credentials."""

from connect_hub.errors.root import ConnectHubError

__all__ = [
    "AccountInactive",
    "AccountSuspended",
    "CredentialsExpired",
    "CredentialsUnreadable",
    "IdentityChanged",
    "RefreshFailed",
]


class IdentityChanged(ConnectHubError):
    """This is a different account at the provider than before."""

    code = "identity_changed"

    def __init__(self, before: str, after: str) -> None:
        self.before = before
        """The name of the account that was connected."""
        self.after = after
        """The name of the account that was signed in to now."""
        super().__init__()


class AccountInactive(ConnectHubError):
    """This account's connector is disabled; enable it to use the account."""

    code = "account_inactive"


class AccountSuspended(ConnectHubError):
    """This account is suspended; resume it to use it."""

    code = "account_suspended"


class CredentialsExpired(ConnectHubError):
    """These credentials ran out or were withdrawn. Ask the customer to connect again."""

    code = "credentials_expired"


class CredentialsUnreadable(ConnectHubError):
    """Stored credentials could not be opened: the key is missing, or the row was changed."""

    code = "credentials_unreadable"


class RefreshFailed(ConnectHubError):
    """The access token could not be refreshed right now. Try again in a moment."""

    code = "refresh_failed"
