"""Of an auth link and the person who opens it."""

from connect_hub.errors.root import ConnectHubError

__all__ = [
    "BindingRefused",
    "CookieMissing",
    "CrossSiteRequest",
    "FormExpired",
    "LinkExpired",
    "LinkNotFound",
    "LinkRefused",
    "LinkRevoked",
    "LinkUsed",
    "OriginRefused",
    "SessionEnded",
    "StateInvalid",
    "VisitExpired",
]


class LinkNotFound(ConnectHubError):
    """This link is not complete or not known. Open it again from the original message, or ask for a new \
one."""

    code = "link_not_found"


class LinkExpired(ConnectHubError):
    """This link has expired. Ask for a new one."""

    code = "link_expired"

    def __init__(
        self, message: str | None = None, *, session_id: int | None = None, jti: str | None = None
    ) -> None:
        self.session_id = session_id
        """The session that the link named, where its signature verified."""
        self.jti = jti
        super().__init__(message)


class LinkUsed(ConnectHubError):
    """This link has been used. Ask for a new one to connect more."""

    code = "link_used"


class LinkRevoked(ConnectHubError):
    """This link was withdrawn. Ask for a new one."""

    code = "link_revoked"


class LinkRefused(ConnectHubError):
    """This account could not be linked."""

    code = "link_refused"


class BindingRefused(ConnectHubError):
    """This link was made for somebody else. Sign in as the person it was sent to, or ask for one of your \
own."""

    code = "binding_refused"


class SessionEnded(ConnectHubError):
    """This session cannot be used here, or not any more. Close this and begin again."""

    code = "session_ended"

    def __init__(self, reason: str = "") -> None:
        self.reason = reason
        """Why, for the log: callers are told the same, whatever it is."""
        super().__init__()


class OriginRefused(ConnectHubError):
    """This page may not use the hub: its origin is not one that the hub is configured with."""

    code = "origin_refused"


class CookieMissing(ConnectHubError):
    """Your browser did not send this page's cookie. Allow cookies for this site, then open the link again."""

    code = "cookie_missing"


class VisitExpired(ConnectHubError):
    """You were away for a while. Open the link again to go on."""

    code = "visit_expired"


class CrossSiteRequest(ConnectHubError):
    """This form was not sent from this site. Open the link again and use its own buttons."""

    code = "cross_site_request"


class FormExpired(ConnectHubError):
    """This page was open for too long. Go back and try once more."""

    code = "form_expired"


class StateInvalid(ConnectHubError):
    """This sign-in was not started here, or was finished already. Start it again from the list."""

    code = "state_invalid"
