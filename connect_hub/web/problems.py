"""Dead ends: what a person reads when something did not work, and the way out."""

import secrets

from starlette.responses import HTMLResponse, Response

from connect_hub.errors import ConnectHubError
from connect_hub.web.contexts import Form, Problem
from connect_hub.web.errors import error_headers, status_of
from connect_hub.web.site import Site

__all__ = ["problem_response"]

_TITLES = {
    "account_not_found": "This account is gone",
    "attempt_not_found": "We could not find this page",
    "binding_refused": "This link is not for you",
    "connector_inactive": "This integration is not available",
    "connector_not_found": "This integration is not available",
    "cookie_missing": "Your browser did not send our cookie",
    "cross_site_request": "This form came from somewhere else",
    "form_expired": "This page was open for too long",
    "link_expired": "This link has expired",
    "link_not_found": "This link does not work",
    "link_refused": "This account could not be linked",
    "link_revoked": "This link was withdrawn",
    "link_used": "This link has been used",
    "method_not_allowed": "We could not find this page",
    "not_found": "We could not find this page",
    "payload_too_large": "This is too much to send at once",
    "rate_limited": "Too many tries",
    "state_invalid": "This sign-in cannot be finished",
    "storage_unavailable": "We are having trouble right now",
    "unsupported_media_type": "This form could not be read",
    "validation_error": "This form could not be read",
    "visit_expired": "You were away for a while",
}
_ADVICE = {
    "account_not_found": "Ask whoever sent you the link for a new one.",
    "attempt_not_found": "Open the link again from the original message.",
    "connector_inactive": "Ask whoever sent you the link.",
    "connector_not_found": "Ask whoever sent you the link.",
    "method_not_allowed": "Open the link again from the original message.",
    "not_found": "Open the link again from the original message.",
    "rate_limited": "Wait a minute, then try again.",
}
_INTERNAL = "Something went wrong on our side. Nothing was saved that you did not see confirmed."


def problem_response(
    site: Site,
    error: ConnectHubError,
    *,
    reference: str | None = None,
    renew: Form | None = None,
    retry_url: str | None = None,
) -> Response:
    """The page of an error, with the error's status."""
    status = status_of(error)
    ours = status >= 500 and status != 503
    context = Problem(
        title=_TITLES.get(error.code, "This did not work"),
        text=_INTERNAL if ours else _text(error, status),
        advice=_ADVICE.get(error.code, ""),
        code="internal_error" if ours else error.code,
        reference=reference or secrets.token_hex(4),
        renew=renew,
        retry_url=retry_url,
    )
    return HTMLResponse(site.templating.render(context), status_code=status, headers=error_headers(error))


def _text(error: ConnectHubError, status: int) -> str:
    """What to tell a customer; texts about tables and keys are for the host's log."""
    if status == 503:
        return "Please try again in a moment. Nothing was saved."
    if error.code in {"not_found", "method_not_allowed"}:
        return "There is nothing at this address."
    if error.code == "account_not_found":
        return "The account that this link was made for is not there any more."
    if error.code in {"connector_not_found", "connector_inactive"}:
        return "It is not offered through this link."
    if error.code == "attempt_not_found":
        return "This page belongs to another visit, or is not kept any more."
    return error.message
